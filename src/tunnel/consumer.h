/*
 * The consumers of a provider: who each is, and what it has of what all of them
 * share. One is a partner of the keeper, with one session or, while one takes
 * over from another, two.
 */
#ifndef TUNNEL_CONSUMER_H
#define TUNNEL_CONSUMER_H

#include <stdint.h>

#include "base/budget.h"
#include "base/list.h"
#include "tunnel/places.h"

enum {
    CONSUMER_STREAMS = 256,       /* of one at once, where nobody says else */
    CONSUMER_STREAMS_MAX = 2048,  /* and the most that one can say */
    CONSUMERS_STREAMS_MAX = 4096, /* of all; the last ones go to nobody: base/budget.h */
    /* What readers that were fast are granted beyond the least, and may hold
     * when they stop: by one, and by all. */
    CONSUMER_WINDOWS_MAX = 64 << 20,
    CONSUMERS_WINDOWS_MAX = 256 << 20
};

struct consumers {
    struct list all;
    size_t streams_each;
    struct budget streams;
    struct budget windows;
};

struct consumer {
    struct list link;
    uint32_t number;
    unsigned users;
    struct budget_share streams;
    struct budget_share windows;
    struct places_user places;
};

/* streams_each: at once, of one consumer. All consumers must have gone before
 * the struct does. */
void consumers_init(struct consumers *consumers, size_t streams_each);

/* NULL where there is none of that number. */
struct consumer *consumers_find(const struct consumers *consumers, uint32_t number);

/* A new one, with one user: who calls this. */
struct consumer *consumer_new(struct consumers *consumers, uint32_t number);

/* 0 for none. */
static inline uint32_t consumer_number(const struct consumer *consumer)
{
    return consumer ? consumer->number : 0;
}

/* It is gone with its last user, and has given back what it had by then. */
void consumer_use(struct consumer *consumer);
void consumer_leave(struct consumer *consumer); /* NULL is allowed */

#endif
