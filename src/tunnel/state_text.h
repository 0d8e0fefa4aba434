/*
 * The form of a file in the state folder: lines of a key and a value, made so
 * that a person can read it and that damage shows. Pure.
 *
 *   httptunnel invites 1           kind and version
 *   invite phone                   KEY VALUE, as many as there are
 *   …
 *   check 3q2+7w…                  over all bytes before this line
 */
#ifndef TUNNEL_STATE_TEXT_H
#define TUNNEL_STATE_TEXT_H

#include <stdint.h>

#include "base/buf.h"

enum { STATE_TEXT_MAX = 1 << 20 }; /* bytes of a file; more is damage */

/* Begin, put lines, end. out has STATE_TEXT_MAX for a maximum. A value must
 * have no line end. False when it does not fit. */
bool state_text_begin(struct buf *out, const char *kind);
bool state_text_put(struct buf *out, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool state_text_end(struct buf *out);

/* 0 with *lines for state_text_next(); -EINVAL for what is damaged or of
 * another kind; -EPROTONOSUPPORT for a newer version. */
int state_text_open(struct span text, const char *kind, struct span *lines);

/* The next line; false behind the last one. */
bool state_text_next(struct span *lines, struct span *key, struct span *value);

/* Bytes with two of their hash behind them, in base32: a value that a person
 * may copy. */
bool state_text_put_bytes(struct buf *out, const char *key, struct span bytes);
/* False for anything but len bytes. */
bool state_text_get_bytes(struct span value, uint8_t *out, size_t len);

/* A number of seconds; false for what is none. */
bool state_text_get_seconds(struct span value, int64_t *out);

#endif
