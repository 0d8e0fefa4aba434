#include "sim/net.h"

#include <stdlib.h>

#include "testing.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"

static void on_message(void *arg, const struct sctp_message_info *info, struct span m)
{
    struct sim_end *end = arg;
    struct app *a = end->user;
    (void)info;
    a->messages++;
    a->bytes += m.len;
    a->last_at_us = sim_now_us(end->sim);
    if (m.len >= 4)
        a->last_id = get_u32be(m.data);
}

static void on_connected(void *arg)
{
    ((struct app *)((struct sim_end *)arg)->user)->connected = true;
}

static void on_writable(void *arg)
{
    ((struct app *)((struct sim_end *)arg)->user)->writable++;
}

static void on_mtu(void *arg, size_t mtu)
{
    ((struct app *)((struct sim_end *)arg)->user)->told_mtu = mtu;
}

static void on_stream_reset(void *arg, uint16_t stream, enum sctp_reset_side side)
{
    struct app *a = ((struct sim_end *)arg)->user;
    assert_int_not_equal(side, SCTP_RESET_REFUSED);
    *(side == SCTP_RESET_INCOMING ? &a->resets_in : &a->resets_out) |= 1u << (stream % 32);
}

static void on_closed(void *arg, enum sctp_close_reason reason)
{
    struct app *a = ((struct sim_end *)arg)->user;
    assert_false(a->closed);
    a->closed = true;
    a->reason = reason;
}

const struct sctp_assoc_handlers net_handlers = {
    .on_message = on_message,
    .on_mtu = on_mtu,
    .on_connected = on_connected,
    .on_writable = on_writable,
    .on_stream_reset = on_stream_reset,
    .on_closed = on_closed,
};

struct net *net_new(uint64_t rate, uint64_t delay_us)
{
    struct net *n = xcalloc(1, sizeof *n);
    n->sim = sim_new(1);
    for (int i = 0; i < 2; i++) {
        sctp_assoc_config_init(&n->configs[i]);
        n->links[i] = (struct sim_link){.rate = rate, .delay_us = delay_us};
    }
    return n;
}

void net_join(struct net *n)
{
    struct sim_link *links[2] = {&n->links[0], &n->links[1]};
    sim_pair(n->sim, n->configs, &net_handlers, links, n->ends);
    for (int i = 0; i < 2; i++) {
        n->ends[i]->user = &n->apps[i];
        n->apps[i].end = n->ends[i];
    }
}

void net_start(struct net *n)
{
    net_join(n);
    sctp_assoc_connect(n->ends[0]->assoc, sim_now_us(n->sim));
}

void net_run_ms(struct net *n, uint64_t ms)
{
    sim_run(n->sim, sim_now_us(n->sim) + ms * US_PER_MS, NULL, NULL);
}

void net_connect(struct net *n)
{
    net_start(n);
    net_run_ms(n, 2000);
    assert_true(n->apps[0].connected && n->apps[1].connected);
}

void net_free(struct net *n)
{
    sim_free(n->sim);
    free(n);
}

int net_send(struct net *n, int from, uint16_t stream, uint32_t id, size_t len,
             struct sctp_outgoing how)
{
    static uint8_t body[256 << 10];
    put_u32be(body, id);
    how.stream = stream;
    how.ppid = 53;
    how.body = span_of(body, len);
    return sctp_assoc_send(n->ends[from]->assoc, &how, sim_now_us(n->sim));
}
