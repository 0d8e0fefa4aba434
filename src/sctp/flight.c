/*
 * Lists are linked by TSN rather than by pointer, so that the ring can be
 * moved when it grows. A record is in at most one of the two lists, which its
 * state says: in flight in by_time, lost in lost.
 */
#include "sctp/flight.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void flight_init(struct flight *f, uint64_t first_tsn)
{
    *f = (struct flight){.first = first_tsn, .next = first_tsn};
}

void flight_deinit(struct flight *f)
{
    free(f->ring);
    free(f->acked);
    flight_init(f, f->next);
}

size_t flight_memory(const struct flight *f)
{
    return f->cap * (sizeof *f->ring + 1);
}

static void grow(struct flight *f)
{
    struct flight wider = *f;
    wider.cap = f->cap ? f->cap * 2 : FLIGHT_FIRST_CHUNKS;
    wider.ring = xcalloc(wider.cap, sizeof *wider.ring);
    wider.acked = xcalloc(flight_acked_mask(&wider) + 1, sizeof *wider.acked);
    for (uint64_t tsn = f->first; tsn < f->next; tsn++) {
        *flight_at(&wider, tsn) = *flight_at(f, tsn);
        if (flight_at(f, tsn)->state == CHUNK_ACKED)
            *flight_acked_word(&wider, tsn) |= UINT64_C(1) << (tsn & 63);
    }
    free(f->ring);
    free(f->acked);
    *f = wider;
}

static void keeper_newest(struct flight *f, struct chunk_list *l, uint64_t tsn)
{
    struct sent_chunk *c = flight_at(f, tsn);
    c->newer = 0;
    c->older = l->newest;
    if (l->newest)
        flight_at(f, l->newest)->newer = tsn;
    else
        l->oldest = tsn;
    l->newest = tsn;
}

static void unlink_from(struct flight *f, struct chunk_list *l, uint64_t tsn)
{
    struct sent_chunk *c = flight_at(f, tsn);
    if (c->newer)
        flight_at(f, c->newer)->older = c->older;
    else
        l->newest = c->older;
    if (c->older)
        flight_at(f, c->older)->newer = c->newer;
    else
        l->oldest = c->newer;
    c->newer = 0;
    c->older = 0;
}

struct sent_chunk *flight_push(struct flight *f, uint64_t *tsn)
{
    assert(!flight_is_full(f));
    if (f->next - f->first >= f->cap)
        grow(f);
    *tsn = f->next++;
    struct sent_chunk *c = flight_at(f, *tsn);
    *c = (struct sent_chunk){.state = CHUNK_LOST};
    keeper_newest(f, &f->lost, *tsn);
    return c;
}

static void leave(struct flight *f, uint64_t tsn)
{
    struct sent_chunk *c = flight_at(f, tsn);
    if (c->state == CHUNK_LOST) {
        unlink_from(f, &f->lost, tsn);
    } else if (c->state == CHUNK_IN_FLIGHT) {
        unlink_from(f, &f->by_time, tsn);
        f->bytes -= c->wire;
        f->payload -= c->len;
    } else if (c->state == CHUNK_ACKED) {
        *flight_acked_word(f, tsn) &= ~(UINT64_C(1) << (tsn & 63));
    }
}

static void enter(struct flight *f, uint64_t tsn, enum chunk_state state)
{
    struct sent_chunk *c = flight_at(f, tsn);
    leave(f, tsn);
    c->state = (uint8_t)state;
    if (state == CHUNK_LOST) {
        keeper_newest(f, &f->lost, tsn);
    } else if (state == CHUNK_IN_FLIGHT) {
        keeper_newest(f, &f->by_time, tsn);
        f->bytes += c->wire;
        f->payload += c->len;
    } else if (state == CHUNK_ACKED) {
        *flight_acked_word(f, tsn) |= UINT64_C(1) << (tsn & 63);
    }
}

void flight_sent(struct flight *f, uint64_t tsn, uint64_t now_us)
{
    struct sent_chunk *c = flight_at(f, tsn);
    enter(f, tsn, CHUNK_IN_FLIGHT);
    c->sent_us = now_us;
    if (c->transmissions < UINT16_MAX)
        c->transmissions++;
}

void flight_lose(struct flight *f, uint64_t tsn)
{
    enter(f, tsn, CHUNK_LOST);
}

void flight_ack(struct flight *f, uint64_t tsn)
{
    enter(f, tsn, CHUNK_ACKED);
}

void flight_unack(struct flight *f, uint64_t tsn)
{
    enter(f, tsn, CHUNK_LOST);
}

void flight_abandon(struct flight *f, uint64_t tsn)
{
    enter(f, tsn, CHUNK_ABANDONED);
}

void flight_trim(struct flight *f)
{
    if (f->first == f->next)
        flight_deinit(f);
}

void flight_pop(struct flight *f)
{
    assert(f->first < f->next);
    leave(f, f->first);
    f->first++;
}
