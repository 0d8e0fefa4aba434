/*
 * Log lines on stderr: one line an event, lower case, the object first, then
 * what and why and what next. Engines never log; their owners do.
 *
 *   2025-01-02T13:04:05.123+01:00 info  peer 3f2a: ice checking -> connected
 *   13:04:05 .. peer 3f2a: ...           (on a terminal: base/log_mark.h)
 *   {"time":"2025-01-02T12:04:05.123Z","level":"info","message":"peer …"}
 *
 * No call here ever waits for the reader. A line that it does not take is
 * lost, and the next one says how many were. Of each kind of line above debug
 * (of one format), 10 a second are written, after 100 at once; the next says
 * how many more there were.
 *
 * Secrets, room names and authorization fields are never printed whole: see
 * log_redact().
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log_mark.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/* From "error", "warn", "info" or "debug"; "text" or "json". False when the
 * name is none of them. */
bool log_level_parse(const char *name, enum log_level *out);
bool log_format_parse(const char *name, enum log_format *out);

/* Once, before the first line of a program: finds out what stderr is, and how
 * to write there without waiting. Without it, poll(2) must do. self, a literal:
 * what lines are about that have no other object; on a terminal they do without
 * that name. */
void log_open(const char *self);

/* At the end: tells of lines that no other told of. */
void log_close(void);

/* Process-wide; info and text until set. */
void log_configure(enum log_level level, enum log_format format);
bool log_is_enabled(enum log_level level);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What a program that reads the log wants by name, beside the sentence. A list
 * ends with a name that is NULL. */
struct log_field {
    const char *name;
    const char *text; /* NULL: the number counts */
    double number;
};

/* In JSON with the event's name (a literal, which is also its kind) and the
 * fields, which may be NULL; else as log_write(). */
void log_event(enum log_level level, const char *event, const struct log_field *fields,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A line for who sits at the terminal, as any other line looks there. before:
 * what moves the cursor first, or "". */
void log_show(enum log_mark mark, const char *before, const char *message);

/* A line for a person, as it is: what comes from elsewhere was escaped before,
 * and its end is in it. Lost like any other when the terminal does not take
 * it. */
void log_put(const char *line);
bool log_is_terminal(void);

/* How many lines went out: whoever wants to replace its last one must know
 * that none followed it. */
unsigned log_line_count(void);

/* The text as it stands in a log line: control characters, invalid UTF-8 and
 * (in JSON) quotes are escaped. Cut to size, and NUL-terminated. For tests. */
void log_escape(const char *text, char *out, size_t size);

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)                         \
    do {                                       \
        if (log_is_enabled(LOG_DEBUG))         \
            log_write(LOG_DEBUG, __VA_ARGS__); \
    } while (0)

enum { LOG_REDACTED_LEN = 16 };

/* The first two characters and "…", or "…" alone for a short secret: enough
 * to tell two rooms apart in a log, not enough to join one. */
const char *log_redact(const char *secret, char out[LOG_REDACTED_LEN]);

#endif
