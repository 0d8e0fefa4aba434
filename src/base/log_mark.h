/*
 * How a line looks to a person on a terminal, whether a part of the program
 * logs it or what it does is told: a short time, and a mark that has a colour.
 *
 *   13:04:05 ok connected directly
 *   13:04:06 !! the invites stay as they were
 */
#ifndef BASE_LOG_MARK_H
#define BASE_LOG_MARK_H

#include <stdbool.h>
#include <stddef.h>

enum log_mark { LOG_MARK_STEP, LOG_MARK_GOOD, LOG_MARK_BAD, LOG_MARK_DETAIL };

/* Up to the text; returns its length, without the NUL. */
size_t log_mark_begin(enum log_mark mark, const char *clock, char *out, size_t size);

/* It can move its cursor, and has colours. */
bool log_mark_has_cursor(void);

#endif
