/*
 * A short visit to a signal server, to hear what it tells its members: the STUN
 * and TURN servers that it names. It is in a room of a random name, alone.
 */
#ifndef TUNNEL_INQUIRY_H
#define TUNNEL_INQUIRY_H

#include "signal/line.h"
#include "signal/message.h"

struct inquiry;

struct inquiry_handlers {
    /* Valid during the call. */
    void (*on_server)(const struct signal_ice_server *server, void *arg);
    /* Once, in a later turn: there is nothing more to come. */
    void (*on_done)(void *arg);
};

/* *handlers, and what way points to but its URL, outlive it. */
struct inquiry *inquiry_new(struct loop *loop, const struct signal_way *way,
                            const struct inquiry_handlers *handlers, void *arg);
void inquiry_free(struct inquiry *inquiry); /* NULL is allowed */

#endif
