/*
 * The prefix of the network's NAT64, sought as RFC 7050 has it: by a look-up of
 * ipv4only.arpa, a name without an address of IPv6, to which only a DNS64 gives
 * one.
 */
#ifndef RTC_NAT64_SEARCH_H
#define RTC_NAT64_SEARCH_H

#include <stdbool.h>

#include "ice/nat64.h"
#include "net/loop.h"
#include "net/resolve.h"

/* Embedded in its owner. */
struct nat64_search {
    struct loop *loop;
    struct resolution *resolution; /* NULL: none is under way */
    bool is_wanted;                /* what it finds */
    struct ice_nat64 prefix;       /* as far as is known */
    void (*on_end)(void *arg);     /* of a look-up, good or bad */
    void *arg;
};

void nat64_search_init(struct nat64_search *s, struct loop *loop, void (*on_end)(void *arg),
                       void *arg);

/* Looks, unless that is being done; what was found before counts until then. */
void nat64_search_start(struct nat64_search *s);

/* There is none here any more; a look-up under way still ends. */
void nat64_search_forget(struct nat64_search *s);

/* on_end does not come. */
void nat64_search_deinit(struct nat64_search *s);

static inline bool nat64_search_is_pending(const struct nat64_search *s)
{
    return s->resolution != NULL;
}

#endif
