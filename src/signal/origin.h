/*
 * Where sockets come from: an IPv4 address, an IPv6 /64 (which one customer
 * commands) and the /48 around it (which one site does). Each has only so many
 * sockets and joins, or one machine could take all places, or try room names
 * by the thousand.
 */
#ifndef SIGNAL_ORIGIN_H
#define SIGNAL_ORIGIN_H

#include "base/bucket.h"
#include "base/list.h"
#include "net/resolve.h"
#include "signal/table.h"

enum {
    /* A /48 may have so many times as much as an address or a /64. */
    ORIGIN_SITE_FACTOR = 4,

    /* Joins at once, for each socket that may be open: when the server was
     * restarted, all come back, and some twice. */
    ORIGIN_JOINS_PER_SOCKET = 2
};

struct origin;

struct origins {
    struct table table;
    struct list idle; /* without a socket, but their buckets are not full yet */
    size_t sockets_max;
    size_t joins_per_s;
};

/* sockets_max 0: no limits at all, as behind a reverse proxy. */
void origins_init(struct origins *origins, size_t sockets_max, size_t joins_per_s);

/* Every socket must have gone. */
void origins_deinit(struct origins *origins);

/* Whether an address may have one more socket. */
bool origins_has_room(const struct origins *origins, const struct address *address);

/* Counts a socket; the origin lives at least until it is dropped. */
struct origin *origins_add_socket(struct origins *origins, const struct address *address,
                                  uint64_t now_us);
void origins_drop_socket(struct origins *origins, struct origin *origin, uint64_t now_us);

/* Takes a token for a join of one of the origin's sockets. False: no more of
 * them for now. */
bool origins_take_join(const struct origins *origins, struct origin *origin, uint64_t now_us);

#endif
