/*
 * Calls that are to be made later, in the order in which they were asked for.
 * What holds them is kept from turn to turn: a call costs no allocation.
 */
#ifndef NET_DEFERRED_H
#define NET_DEFERRED_H

#include <stddef.h>

struct deferred_call {
    void (*fn)(void *arg);
    void *arg;
};

/* Begins as zeros. */
struct deferred {
    struct deferred_call *at;
    size_t count;
    size_t room;
};

void deferred_deinit(struct deferred *deferred);

void deferred_add(struct deferred *deferred, void (*fn)(void *arg), void *arg);

/* Makes the calls that are here now; what these add stays for the next time. */
void deferred_run(struct deferred *deferred);

#endif
