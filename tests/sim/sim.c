/*
 * A heap of events by time: packets that arrive and calls. Packets that reach
 * one association in the same microsecond are one batch. A link is a
 * transmitter that serves its drop-tail queue at the rate, then the delay.
 */
#include "sim/sim.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"

enum {
    ARENA_LEN = 1 << 18,
    HEADROOM = 16,
    TAILROOM = 32,
    PACKET_MAX = 1 << 16,
    STUCK_CALLS = 100000,
    BURST_MOST_US = 1000000
};

struct event {
    uint64_t at_us;
    uint64_t order;
    struct sim_end *end; /* packet for it */
    void (*call)(struct sim *sim, void *arg);
    void *arg;
    struct sim_link *leaves; /* bookkeeping: a packet leaves this queue */
    uint8_t *data;
    size_t len;
};

struct sim {
    uint64_t now_us;
    uint64_t random;
    uint64_t order;
    struct event *heap;
    size_t count;
    size_t cap;
    struct sim_end **ends;
    uint64_t *due_us; /* of each end, as note_due() has seen it */
    size_t end_count;
    struct sctp_arena arena;
};

struct sim *sim_new(uint64_t seed)
{
    struct sim *sim = xcalloc(1, sizeof *sim);
    /* Not the generator's own step, or seeds would share one sequence. */
    sim->random = (seed + 1) * UINT64_C(0xD1342543DE82EF95);
    sim->random ^= sim->random >> 29;
    sim->now_us = US_PER_S;
    sim->arena = (struct sctp_arena){.data = xcalloc(ARENA_LEN, 1),
                                     .len = ARENA_LEN,
                                     .headroom = HEADROOM,
                                     .tailroom = TAILROOM};
    return sim;
}

void sim_free(struct sim *sim)
{
    for (size_t i = 0; i < sim->count; i++)
        free(sim->heap[i].data);
    for (size_t i = 0; i < sim->end_count; i++) {
        sctp_assoc_free(sim->ends[i]->assoc);
        free(sim->ends[i]);
    }
    free(sim->ends);
    free(sim->due_us);
    free(sim->heap);
    free(sim->arena.data);
    free(sim);
}

uint64_t sim_now_us(const struct sim *sim)
{
    return sim->now_us;
}

/* splitmix64 */
static uint64_t next_random(struct sim *sim)
{
    uint64_t z = sim->random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

uint32_t sim_random(struct sim *sim, uint32_t below)
{
    return (uint32_t)((next_random(sim) >> 32) * below >> 32);
}

bool sim_chance(struct sim *sim, uint32_t ppm)
{
    return ppm > 0 && sim_random(sim, 1000000) < ppm;
}

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void push(struct sim *sim, struct event e)
{
    if (sim->count == sim->cap) {
        sim->cap = sim->cap ? sim->cap * 2 : 256;
        sim->heap = xreallocarray(sim->heap, sim->cap, sizeof *sim->heap);
    }
    e.order = sim->order++;
    size_t i = sim->count++;
    for (; i > 0 && is_before(&e, &sim->heap[(i - 1) / 2]); i = (i - 1) / 2)
        sim->heap[i] = sim->heap[(i - 1) / 2];
    sim->heap[i] = e;
}

static struct event pop(struct sim *sim)
{
    struct event top = sim->heap[0];
    struct event last = sim->heap[--sim->count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= sim->count)
            break;
        if (child + 1 < sim->count && is_before(&sim->heap[child + 1], &sim->heap[child]))
            child++;
        if (!is_before(&sim->heap[child], &last))
            break;
        sim->heap[i] = sim->heap[child];
        i = child;
    }
    if (sim->count > 0)
        sim->heap[i] = last;
    return top;
}

void sim_at(struct sim *sim, uint64_t at_us, void (*call)(struct sim *sim, void *arg), void *arg)
{
    push(sim, (struct event){.at_us = at_us, .call = call, .arg = arg});
}

static bool is_lost(struct sim *sim, struct sim_link *l, const struct sctp_packet *p)
{
    if (l->mtu > 0 && p->len > l->mtu && !p->may_fragment)
        return true;
    if (l->is_bad ? sim_chance(sim, l->burst_exit_ppm) : sim_chance(sim, l->burst_ppm)) {
        l->is_bad = !l->is_bad;
        l->bad_until_us = sim->now_us + BURST_MOST_US;
    }
    if (sim->now_us > l->bad_until_us)
        l->is_bad = false; /* few packets are sent when nothing gets through */
    return l->is_bad || sim_chance(sim, l->loss_ppm);
}

static void deliver(struct sim *sim, struct sim_end *to, const struct sctp_packet *p,
                    uint64_t at_us, bool corrupt)
{
    struct event e = {.at_us = at_us, .end = to, .len = p->len, .data = xcalloc(p->len, 1)};
    memcpy(e.data, p->data, p->len);
    if (corrupt)
        e.data[sim_random(sim, (uint32_t)p->len)] ^= (uint8_t)(1 + sim_random(sim, 255));
    push(sim, e);
}

static void transmit(struct sim_end *from, const struct sctp_packet *p)
{
    struct sim *sim = from->sim;
    struct sim_link *l = from->link;
    uint64_t now_ns = sim->now_us * 1000;
    uint64_t wire = p->len + l->overhead;
    uint64_t sent_ns = now_ns;
    if (l->rate > 0) {
        uint64_t busy_ns = l->free_at_ns > now_ns ? l->free_at_ns - now_ns : 0;
        bool full = l->queue_bytes > 0 && busy_ns * l->rate / 1000000000 + wire > l->queue_bytes;
        full = full || (l->queue_packets > 0 && l->queued_packets >= l->queue_packets);
        if (full) {
            l->dropped_queue++;
            return;
        }
        l->free_at_ns = now_ns + busy_ns + wire * 1000000000 / l->rate;
        sent_ns = l->free_at_ns;
        if (l->queue_packets > 0) {
            l->queued_packets++;
            push(sim, (struct event){.at_us = sent_ns / 1000, .leaves = l});
        }
    }
    if (is_lost(sim, l, p)) {
        l->dropped_random++;
        return;
    }
    l->carried_bytes += wire;
    l->carried++;
    uint64_t at_us = sent_ns / 1000 + l->delay_us;
    if (l->jitter_us > 0)
        at_us += sim_random(sim, (uint32_t)l->jitter_us);
    if (sim_chance(sim, l->stall_ppm))
        at_us += sim_random(sim, (uint32_t)l->stall_us);
    if (at_us < l->last_at_us)
        at_us = l->last_at_us;
    l->last_at_us = at_us;
    if (sim_chance(sim, l->reorder_ppm))
        at_us += 1 + sim_random(sim, (uint32_t)l->reorder_us);
    deliver(sim, from->peer, p, at_us, sim_chance(sim, l->corrupt_ppm));
    if (sim_chance(sim, l->duplicate_ppm))
        deliver(sim, from->peer, p, at_us + sim_random(sim, 1000), false);
}

static void on_packets(void *arg, const struct sctp_packet *packets, size_t count)
{
    struct sim_end *end = arg;
    static uint8_t whole[PACKET_MAX];
    for (size_t i = 0; i < count; i++) {
        const struct sctp_packet *p = &packets[i];
        size_t len = p->len + p->body.len;
        assert(len <= sizeof whole && (p->body.len == 0 || end->config.gathers));
        memcpy(whole, p->data, p->len);
        if (p->body.len > 0)
            memcpy(whole + p->len, p->body.data, p->body.len);
        struct sctp_packet sent = {.data = whole, .len = len, .may_fragment = p->may_fragment};
        transmit(end, &sent);
    }
}

void sim_pair(struct sim *sim, const struct sctp_assoc_config configs[2],
              const struct sctp_assoc_handlers *handlers, struct sim_link *links[2],
              struct sim_end *ends[2])
{
    struct sctp_assoc_handlers own = *handlers;
    own.on_packets = on_packets;
    for (int i = 0; i < 2; i++) {
        ends[i] = xcalloc(1, sizeof *ends[i]);
        struct sctp_assoc_config *config = &ends[i]->config;
        *config = configs[i];
        config->arena = &sim->arena;
        config->gathers = i == 0; /* the other one copies */
        put_u64be(config->seed, next_random(sim));
        put_u64be(config->seed + 8, next_random(sim));
        ends[i]->sim = sim;
        ends[i]->link = links[i];
        ends[i]->assoc = sctp_assoc_new(config, &own, ends[i]);
        ends[i]->index = sim->end_count;
        sim->ends = xreallocarray(sim->ends, sim->end_count + 1, sizeof(struct sim_end *));
        sim->due_us = xreallocarray(sim->due_us, sim->end_count + 1, sizeof(uint64_t));
        sim->ends[sim->end_count++] = ends[i];
    }
    ends[0]->peer = ends[1];
    ends[1]->peer = ends[0];
}

static void run_packets(struct sim *sim, struct event e)
{
    struct sim_end *end = e.end;
    for (;;) {
        sctp_assoc_feed(end->assoc, span_of(e.data, e.len), sim->now_us);
        free(e.data);
        if (sim->count == 0 || sim->heap[0].end != end || sim->heap[0].at_us != sim->now_us)
            break;
        e = pop(sim);
    }
    sctp_assoc_flush(end->assoc, sim->now_us);
}

/* What was done with the end may have changed when it wants to be called, and
 * its peer's, which its handlers may call. */
static void note_due(struct sim *sim, const struct sim_end *end)
{
    sim->due_us[end->index] = sctp_assoc_deadline(end->assoc);
    sim->due_us[end->peer->index] = sctp_assoc_deadline(end->peer->assoc);
}

static void note_all_due(struct sim *sim)
{
    for (size_t i = 0; i < sim->end_count; i++)
        sim->due_us[i] = sctp_assoc_deadline(sim->ends[i]->assoc);
}

static struct sim_end *first_due(const struct sim *sim, uint64_t *at_us)
{
    struct sim_end *first = NULL;
    *at_us = TIME_NEVER;
    for (size_t i = 0; i < sim->end_count; i++) {
        if (sim->due_us[i] < *at_us) {
            *at_us = sim->due_us[i];
            first = sim->ends[i];
        }
    }
    return first;
}

static void run_event(struct sim *sim, struct event e)
{
    if (e.leaves) {
        e.leaves->queued_packets--;
    } else if (e.call) {
        e.call(sim, e.arg);
        note_all_due(sim);
    } else {
        run_packets(sim, e);
        note_due(sim, e.end);
    }
}

bool sim_run(struct sim *sim, uint64_t until_us, bool (*done)(void *arg), void *arg)
{
    unsigned same_time = 0;
    note_all_due(sim);
    while (!done || !done(arg)) {
        uint64_t due_us;
        struct sim_end *due = first_due(sim, &due_us);
        uint64_t event_us = sim->count > 0 ? sim->heap[0].at_us : TIME_NEVER;
        uint64_t next_us = due_us < event_us ? due_us : event_us;
        if (next_us > until_us) {
            sim->now_us = until_us;
            return false;
        }
        same_time = next_us > sim->now_us ? 0 : same_time + 1;
        assert(same_time < STUCK_CALLS); /* an engine that wants to be called forever */
        if (next_us > sim->now_us)
            sim->now_us = next_us;
        if (event_us <= due_us) {
            run_event(sim, pop(sim));
        } else {
            sctp_assoc_on_deadline(due->assoc, sim->now_us);
            note_due(sim, due);
        }
    }
    return true;
}
