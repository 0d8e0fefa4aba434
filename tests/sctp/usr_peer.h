/*
 * usrsctp as the other end: the oracle of the tests and the yardstick of the
 * bench. Without threads; the whole process shares its clock, which
 * usr_peer_tick() moves.
 *
 * No type of usrsctp shows here, since its names meet ours.
 */
#ifndef TESTS_SCTP_USR_PEER_H
#define TESTS_SCTP_USR_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct usr_peer;

struct usr_handlers {
    void (*on_packet)(void *arg, struct span packet);
    void (*on_message)(void *arg, uint16_t stream, uint32_t ppid, bool unordered,
                       struct span message);
    void (*on_reset)(void *arg, uint16_t stream, bool incoming);
    void (*on_connected)(void *arg);
    void (*on_closed)(void *arg);
};

struct usr_options {
    bool interleaving;
    size_t buffer; /* of the socket, each way */
    unsigned mtu;  /* SCTP packet */
};

struct usr_peer *usr_peer_new(const struct usr_options *options,
                              const struct usr_handlers *handlers, void *arg);
void usr_peer_free(struct usr_peer *p);

/* Sends INIT; a peer that does not connect must listen. */
void usr_peer_connect(struct usr_peer *p);
void usr_peer_listen(struct usr_peer *p);

void usr_peer_feed(struct usr_peer *p, struct span packet);

/* Reads what has arrived; handlers are called from here. */
void usr_peer_poll(struct usr_peer *p);

/* False when its buffer is full. */
bool usr_peer_send(struct usr_peer *p, uint16_t stream, uint32_t ppid, bool unordered,
                   struct span message);
void usr_peer_reset(struct usr_peer *p, uint16_t stream);
void usr_peer_shutdown(struct usr_peer *p);

void usr_peer_tick(unsigned ms);

#endif
