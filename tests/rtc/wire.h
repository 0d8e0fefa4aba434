/*
 * One direction of a path between two engines under a fake clock: packets in
 * flight, with a delay and with loss that is the same in every run.
 */
#ifndef TESTS_RTC_WIRE_H
#define TESTS_RTC_WIRE_H

#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/span.h"

struct wire_packet {
    struct list link;
    uint64_t arrival_us;
    size_t len;
    uint8_t data[];
};

struct wire {
    struct list flight;
    uint64_t delay_us;
    uint32_t loss_per_mille;
    uint32_t seed;
    unsigned drop_mask; /* bit n: drop the packet number n, of the first 32 */
    unsigned sent;      /* packets, with the dropped ones */
    size_t largest;     /* bytes of a packet */
    size_t mtu;         /* larger packets are lost; 0: none are */
};

static inline void wire_init(struct wire *wire, uint64_t delay_us)
{
    *wire = (struct wire){.delay_us = delay_us, .seed = 1};
    list_init(&wire->flight);
}

static inline bool wire_loses(struct wire *wire)
{
    unsigned number = wire->sent++;
    if (number < 32 && (wire->drop_mask >> number & 1))
        return true;
    wire->seed = wire->seed * 1664525u + 1013904223u;
    return (wire->seed >> 8) % 1000 < wire->loss_per_mille;
}

static inline void wire_push(struct wire *wire, struct span packet, uint64_t now_us)
{
    if (packet.len > wire->largest)
        wire->largest = packet.len;
    if (wire_loses(wire) || (wire->mtu > 0 && packet.len > wire->mtu))
        return;
    struct wire_packet *p = xcalloc(1, sizeof *p + packet.len);
    p->arrival_us = now_us + wire->delay_us;
    p->len = packet.len;
    memcpy(p->data, packet.data, packet.len);
    list_append(&wire->flight, &p->link);
}

/* The time of the next arrival; TIME_NEVER when nothing is in flight. */
static inline uint64_t wire_next_us(const struct wire *wire)
{
    struct list *first = list_first(&wire->flight);
    return first ? LIST_ENTRY(first, struct wire_packet, link)->arrival_us : TIME_NEVER;
}

/* The next packet that has arrived, to be freed; else NULL. */
static inline struct wire_packet *wire_pop(struct wire *wire, uint64_t now_us)
{
    struct list *first = list_first(&wire->flight);
    if (!first)
        return NULL;
    struct wire_packet *p = LIST_ENTRY(first, struct wire_packet, link);
    if (p->arrival_us > now_us)
        return NULL;
    list_remove(first);
    return p;
}

static inline void wire_deinit(struct wire *wire)
{
    struct wire_packet *p;
    while ((p = wire_pop(wire, TIME_NEVER)) != NULL)
        free(p);
}

#endif
