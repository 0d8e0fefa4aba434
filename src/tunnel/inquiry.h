/*
 * A short visit to a signal server, to hear what it tells its members: the STUN
 * and TURN servers that it names. With a link it is in the room of that, as a
 * consumer, and asks the provider how that is connected (docs/PROTOCOL.md,
 * "report"); else in one of a random name, alone.
 */
#ifndef TUNNEL_INQUIRY_H
#define TUNNEL_INQUIRY_H

#include "signal/line.h"
#include "signal/message.h"
#include "tunnel/link.h"
#include "tunnel/report.h"

struct inquiry;

struct inquiry_handlers {
    /* Valid during the call. */
    void (*on_server)(const struct signal_ice_server *server, void *arg);
    /* Once it is in the room: what the server relays, in bit/s; 0: nothing. */
    void (*on_relay)(uint64_t rate, void *arg);
    /* Somebody is in the room whom the link could lead to. */
    void (*on_other)(void *arg);
    /* The provider's, once. */
    void (*on_report)(const struct report *report, void *arg);
    /* Once, in a later turn: there is nothing more to come. It does not where
     * somebody is there and does not answer, as older builds do. */
    void (*on_done)(void *arg);
};

/* *handlers, link, and what way points to but its URL, outlive it. link: NULL
 * for none. */
struct inquiry *inquiry_new(struct loop *loop, const struct signal_way *way,
                            const struct link *link, const struct inquiry_handlers *handlers,
                            void *arg);
void inquiry_free(struct inquiry *inquiry); /* NULL is allowed */

#endif
