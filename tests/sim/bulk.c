/*
 * Whenever the engine can take more it gets more, so that the congestion
 * control is what limits the flow. A small message carries the time at which
 * it was sent.
 */
#include "sim/bulk.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"

enum { MESSAGE = 64 << 10, STREAM = 1, PING_STREAM = 3, PPID_BINARY = 53 };

static uint8_t body[MESSAGE];

static void send_bulk(struct bulk *b)
{
    struct sctp_outgoing out = {.stream = STREAM, .ppid = PPID_BINARY, .body = {body, sizeof body}};
    while (sctp_assoc_send(b->ends[0]->assoc, &out, sim_now_us(b->sim)) == 0)
        continue;
}

static void on_message(void *arg, const struct sctp_message_info *info, struct span m)
{
    struct sim_end *end = arg;
    struct bulk *b = end->user;
    b->received += m.len;
    if (info->stream == PING_STREAM && b->delay_count < BULK_PINGS)
        b->delays_us[b->delay_count++] = sim_now_us(b->sim) - get_u64be(m.data);
}

static void on_connected(void *arg)
{
    struct sim_end *end = arg;
    struct bulk *b = end->user;
    if (end == b->ends[0])
        send_bulk(b);
}

static void on_writable(void *arg)
{
    struct sim_end *end = arg;
    struct bulk *b = end->user;
    if (end == b->ends[0])
        send_bulk(b);
}

static void on_stream_reset(void *arg, uint16_t stream, enum sctp_reset_side side)
{
    (void)arg;
    (void)stream;
    (void)side;
}

static void on_closed(void *arg, enum sctp_close_reason reason)
{
    (void)arg;
    fprintf(stderr, "closed: %s\n", sctp_close_reason_name(reason));
    abort();
}

struct bulk *bulk_new(struct sim *sim, struct sim_link *links[2], enum sctp_cc cc)
{
    static const struct sctp_assoc_handlers handlers = {
        .on_message = on_message,
        .on_connected = on_connected,
        .on_writable = on_writable,
        .on_stream_reset = on_stream_reset,
        .on_closed = on_closed,
    };
    struct bulk *b = xcalloc(1, sizeof *b);
    struct sctp_assoc_config configs[2];
    for (int i = 0; i < 2; i++) {
        sctp_assoc_config_init(&configs[i]);
        configs[i].cc = cc;
    }
    b->sim = sim;
    sim_pair(sim, configs, &handlers, links, b->ends);
    b->ends[0]->user = b->ends[1]->user = b;
    return b;
}

void bulk_free(struct bulk *b)
{
    free(b);
}

void bulk_start(struct bulk *b)
{
    sctp_assoc_connect(b->ends[0]->assoc, sim_now_us(b->sim));
}

static void ping(struct sim *sim, void *arg)
{
    struct bulk *b = arg;
    struct sctp_assoc *a = b->ends[0]->assoc;
    uint8_t stamp[8];
    put_u64be(stamp, sim_now_us(sim));
    struct sctp_outgoing out = {.stream = PING_STREAM,
                                .ppid = PPID_BINARY,
                                .body = {stamp, sizeof stamp}};
    sctp_assoc_send(a, &out, sim_now_us(sim));
    sctp_assoc_flush(a, sim_now_us(sim));
    sim_at(sim, sim_now_us(sim) + b->ping_every_us, ping, b);
}

void bulk_ping(struct bulk *b, uint64_t every_us)
{
    b->ping_every_us = every_us;
    sim_at(b->sim, sim_now_us(b->sim), ping, b);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

uint64_t bulk_ping_delay_us(struct bulk *b, unsigned percent)
{
    qsort(b->delays_us, b->delay_count, sizeof b->delays_us[0], compare_u64);
    return b->delays_us[b->delay_count * percent / 100];
}

double bulk_share_of_first(uint64_t seed, struct sim_link there, const enum sctp_cc kinds[2],
                           unsigned seconds)
{
    struct sim *sim = sim_new(seed);
    struct sim_link back = there;
    back.queue_bytes = 0;
    struct sim_link *links[2] = {&there, &back};
    struct bulk *flows[2] = {bulk_new(sim, links, kinds[0]), bulk_new(sim, links, kinds[1])};
    bulk_start(flows[0]);
    sim_run(sim, sim_now_us(sim) + 2 * US_PER_S, NULL, NULL);
    bulk_start(flows[1]);
    sim_run(sim, sim_now_us(sim) + 8 * US_PER_S, NULL, NULL);
    uint64_t before[2] = {flows[0]->received, flows[1]->received};
    sim_run(sim, sim_now_us(sim) + seconds * US_PER_S, NULL, NULL);
    double first = (double)(flows[0]->received - before[0]);
    double second = (double)(flows[1]->received - before[1]);
    for (int i = 0; i < 2; i++)
        bulk_free(flows[i]);
    sim_free(sim);
    return first / (first + second);
}
