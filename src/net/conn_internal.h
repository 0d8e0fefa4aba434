/*
 * What listener.c needs of conn.c.
 */
#ifndef NET_CONN_INTERNAL_H
#define NET_CONN_INTERNAL_H

#include "net/conn.h"

/* An open connection without handlers; the descriptor (non-blocking) is the
 * conn's. */
struct conn *conn_new_accepted(struct loop *loop, int fd);
bool conn_has_handlers(const struct conn *conn);
bool conn_is_detached(const struct conn *conn);

#endif
