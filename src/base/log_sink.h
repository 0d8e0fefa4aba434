/*
 * Where log lines go: a descriptor that is never waited for. A terminal that
 * was stopped (Ctrl-S), or a pipe that nobody reads, must not stop the process
 * that writes its log there.
 */
#ifndef BASE_LOG_SINK_H
#define BASE_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>

/* A whole line, at most: what a pipe of Linux takes in one piece or not at
 * all. */
enum { LOG_LINE_MAX = 4096 };

struct log_sink {
    int fd;
    bool is_shared; /* the open file, so it may block */
    bool is_socket;
    bool is_terminal;
    size_t unsent_len;         /* of the last line: a terminal takes parts */
    char unsent[LOG_LINE_MAX]; /* the part that it did not take */
};

/* Writes to what fd is open on. fd itself stays the caller's, and blocking for
 * who else has it. */
void log_sink_init(struct log_sink *sink, int fd);
void log_sink_deinit(struct log_sink *sink);

/* Writes a line of at most LOG_LINE_MAX bytes, behind what is left of the one
 * before. False: there is no room now (nobody reads, the disk is full), and
 * nothing of it was written. When nobody is there any more, the line counts as
 * written. */
bool log_sink_write(struct log_sink *sink, const char *line, size_t len);

#endif
