/*
 * What STUN servers say of this machine (RFC 8489), once: one UDP socket of
 * each family asks all of them, so that a NAT that maps each destination to a
 * port of its own shows (RFC 4787 section 4.1). A server that names another
 * address of its own is asked there, too (RFC 5780 section 4.3).
 */
#ifndef RTC_NAT_PROBE_H
#define RTC_NAT_PROBE_H

#include "rtc/ice_servers.h"

enum { NAT_ANSWERS_MAX = ICE_ADDRESSES_MAX + 1 /* that a server has named */ };

/* One address of a server. */
struct nat_answer {
    struct address server;
    struct address mapped; /* our socket, as it sees it; len 0: it has not answered */
    bool is_ours;          /* the socket itself: nothing on the way changes addresses */
    uint64_t us;           /* after so long, of the question that it has answered */
};

struct nat_probe_handlers {
    /* The first answer of all has come. May be NULL. */
    void (*on_first)(const struct nat_answer *answer, void *arg);
    /* Once, in a later turn: all look-ups are through, and all have answered.
     * Where that does not happen it does not come; who loses patience takes
     * what there is. */
    void (*on_done)(void *arg);
};

struct nat_probe;

/* servers, of which those of TURN are left out, and *handlers outlive it. */
struct nat_probe *nat_probe_new(struct loop *loop, struct ice_servers *servers,
                                const struct nat_probe_handlers *handlers, void *arg);
void nat_probe_free(struct nat_probe *probe); /* NULL is allowed */

/* All that were asked so far. */
size_t nat_probe_get(const struct nat_probe *probe, struct nat_answer out[NAT_ANSWERS_MAX]);

#endif
