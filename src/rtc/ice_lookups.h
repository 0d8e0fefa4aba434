/*
 * .local names, behind which browsers hide their addresses: one question to
 * the local network, asked three times (RFC 6762 section 5.1: a one-shot query
 * from a port of our own, answered by unicast). Never by the system's
 * resolver, which may block for seconds.
 */
#ifndef RTC_ICE_LOOKUPS_H
#define RTC_ICE_LOOKUPS_H

#include "base/list.h"
#include "ice/address.h"
#include "net/loop.h"

/* Those under way. Embedded in its owner. */
struct ice_lookups {
    struct loop *loop;
    struct list all;
    /* NULL: the name has no address. In a later turn, once. */
    void (*on_answer)(int id, const struct ice_address *address, void *arg);
    void *arg;
};

void ice_lookups_init(struct ice_lookups *lookups, struct loop *loop,
                      void (*on_answer)(int id, const struct ice_address *address, void *arg),
                      void *arg);

void ice_lookups_start(struct ice_lookups *lookups, int id, const char *name);

/* Those under way are not answered any more. */
void ice_lookups_stop(struct ice_lookups *lookups);

#endif
