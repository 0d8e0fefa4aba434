/*
 * Where sockets come from: an IPv4 address, an IPv6 /64 (which one customer
 * commands) and the /48 around it (which one site does). Each has only so many
 * sockets and joins, or one machine could take all places, or try room names
 * by the thousand.
 */
#ifndef SIGNAL_SOURCE_H
#define SIGNAL_SOURCE_H

#include "base/bucket.h"
#include "base/list.h"
#include "net/resolve.h"
#include "signal/table.h"

enum {
    /* A /48 may have so many times as much as an address or a /64. */
    SOURCE_SITE_FACTOR = 4,

    /* Joins at once, for each socket that may be open: when the server was
     * restarted, all come back, and some twice. */
    SOURCE_JOINS_PER_SOCKET = 2
};

struct source;

struct sources {
    struct table table;
    struct list idle; /* without a socket, but their buckets are not full yet */
    size_t sockets_max;
    size_t joins_per_s;
};

/* sockets_max 0: no limits at all, as behind a reverse proxy. */
void sources_init(struct sources *sources, size_t sockets_max, size_t joins_per_s);

/* Every socket must have gone. */
void sources_deinit(struct sources *sources);

/* Whether an address may have one more socket. */
bool sources_has_room(const struct sources *sources, const struct address *address);

/* Counts a socket; the source lives at least until it is dropped. */
struct source *sources_add_socket(struct sources *sources, const struct address *address,
                                  uint64_t now_us);
void sources_drop_socket(struct sources *sources, struct source *source, uint64_t now_us);

/* Takes a token for a join of one of the source's sockets. False: no more of
 * them for now. */
bool sources_take_join(const struct sources *sources, struct source *source, uint64_t now_us);

#endif
