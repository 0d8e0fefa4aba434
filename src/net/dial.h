/*
 * A TCP connection to a host: its name looked up, its addresses tried in
 * turn. Used by conn.c only.
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include <stdint.h>

#include "net/loop.h"

struct dial;

/* on_done comes once, in a later turn: a connected descriptor that is the
 * callee's from then on, or -1 and the error of resolve() or of the last
 * connect(2). The dial is gone when it comes. */
struct dial *dial_new(struct loop *loop, const char *host, uint16_t port,
                      void (*on_done)(int fd, int error, void *arg), void *arg);

/* on_done will not come. NULL is allowed. */
void dial_free(struct dial *dial);

/* For a fresh TCP socket, connected or accepted: small writes leave at once. */
void socket_set_nodelay(int fd);

#endif
