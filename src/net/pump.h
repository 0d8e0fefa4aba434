/*
 * Stands between a connection that cannot leave this process (its TLS is here)
 * and another process: what the one end says goes to the other, and an end of
 * either is the end of both. Neither may make us hold much.
 */
#ifndef NET_PUMP_H
#define NET_PUMP_H

#include "base/list.h"
#include "net/conn.h"

/* Takes over an open conn, with bytes of it that were read already, and
 * belongs to the list until it has ended by itself. The descriptor
 * (non-blocking) of what the other process is to have; or a negative errno of
 * socketpair(2), and the conn is reset. */
int pump_new(struct loop *loop, struct conn *conn, struct span early, struct list *pumps);

/* Ends all of them; what is queued still goes out, as of conn_close(). */
void pumps_close(struct list *pumps);

#endif
