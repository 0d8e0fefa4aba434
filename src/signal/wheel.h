/*
 * A timing wheel (Varghese and Lauck, 1987): what is due at some time, for very
 * many of which each waits a while, in O(1). Times are rounded up to moments
 * that all share, so a crowd wakes its owner together. Sans-I/O.
 */
#ifndef SIGNAL_WHEEL_H
#define SIGNAL_WHEEL_H

#include <stdint.h>

#include "base/list.h"

enum { WHEEL_SLOTS = 32 };

struct wheel {
    struct list slots[WHEEL_SLOTS]; /* of the moment whose number has that remainder */
    uint64_t moment_us;             /* from one moment to the next */
    uint64_t next_us;               /* nothing is due before; TIME_NEVER: there is nothing */
};

/* Embedded; leaves by list_remove(). */
struct wheel_node {
    struct list link;
    uint64_t at_us;
};

static inline void wheel_node_init(struct wheel_node *node)
{
    list_init(&node->link);
}

void wheel_init(struct wheel *wheel, uint64_t moment_us);

/* It is due then, at most WHEEL_SLOTS - 2 moments ahead, and not otherwise. */
void wheel_put(struct wheel *wheel, struct wheel_node *node, uint64_t at_us);

/* One that is due, which has left; or NULL. What is put meanwhile must not be
 * due. */
struct wheel_node *wheel_take(struct wheel *wheel, uint64_t now_us);

#endif
