/*
 * A line for each exchange that is over, in a file of its own: by the combined
 * form of web servers with what only a tunnel knows behind it, or as JSON.
 */
#ifndef CLI_ACCESS_LOG_H
#define CLI_ACCESS_LOG_H

#include "tunnel/tunnel.h"

enum access_log_form { ACCESS_LOG_COMBINED, ACCESS_LOG_JSON };

struct access_log;

/* path: "-" for stdout; else a file that is appended to, and made where it is
 * missing, for this user and its group. Outlives it. 0, or an error of
 * open(2). */
int access_log_new(const char *path, enum access_log_form form, struct access_log **out);

/* Nothing waits for who reads it: a line that is not taken is lost, and the log
 * says how many were. */
void access_log_write(struct access_log *log, const struct history_entry *entry);

/* From now on into what has that path now: the file of before was moved. When
 * that cannot be opened, which is logged, the one of before stays. */
void access_log_reopen(struct access_log *log);

/* NULL is allowed. */
void access_log_free(struct access_log *log);

/* The line of the combined form with its end, to be freed; begun_s: of time(2).
 * For tests, too. */
char *access_log_combined(const struct history_entry *entry, int64_t begun_s);

#endif
