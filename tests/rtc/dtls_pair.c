/*
 * See dtls_pair.h.
 */
#include "dtls_pair.h"

#include <stdio.h>
#include <sys/time.h>

uint64_t fake_now_us = 1000 * US_PER_S;

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    (void)zone;
    tv->tv_sec = (time_t)(fake_now_us / US_PER_S);
    tv->tv_usec = (suseconds_t)(fake_now_us % US_PER_S);
    return 0;
}

static void on_datagram(struct span datagram, void *arg)
{
    struct end *end = arg;
    wire_push(&end->out, datagram, fake_now_us);
}

static void on_early(void *arg)
{
    struct end *end = arg;
    assert_true(end->is_eager && !end->was_early && !end->is_connected);
    end->was_early = true;
    end->greeting_at = end->out.sent;
    assert_true(dtls_can_send(end->dtls));
    assert_false(dtls_is_connected(end->dtls));
    assert_int_equal(dtls_send(end->dtls, end->greeting), 0);
}

static void on_connected(void *arg)
{
    struct end *end = arg;
    assert_false(end->is_connected);
    end->is_connected = true;
    if (end->greeting.len > 0 && !end->is_eager)
        assert_int_equal(dtls_send(end->dtls, end->greeting), 0);
}

static void on_data(struct span plaintext, uint64_t now_us, void *arg)
{
    (void)now_us;
    struct end *end = arg;
    assert_true(end->is_connected);
    assert_true(plaintext.len <= sizeof end->last);
    memcpy(end->last, plaintext.data, plaintext.len);
    end->received++;
    end->received_bytes += plaintext.len;
}

static void on_closed(int error, const char *text, void *arg)
{
    struct end *end = arg;
    assert_false(end->is_closed);
    end->is_closed = true;
    end->error = error;
    snprintf(end->text, sizeof end->text, "%s", text);
}

const struct dtls_handlers pair_handlers = {
    .on_datagram = on_datagram,
    .on_connected = on_connected,
    .on_data = on_data,
    .on_closed = on_closed,
};

int pair_setup(void **state)
{
    struct pair *pair = xcalloc(1, sizeof *pair);
    for (int i = 0; i < 2; i++) {
        pair->ends[i].cert = cert_new();
        wire_init(&pair->ends[i].out, US_PER_MS);
    }
    *state = pair;
    return 0;
}

int pair_teardown(void **state)
{
    struct pair *pair = *state;
    for (int i = 0; i < 2; i++) {
        dtls_free(pair->ends[i].dtls);
        cert_free(pair->ends[i].cert);
        wire_deinit(&pair->ends[i].out);
    }
    free(pair);
    return 0;
}

static void make_engine(struct end *end, const struct end *other, enum dtls_role role)
{
    struct dtls_handlers used = pair_handlers;
    used.on_early = end->is_eager ? on_early : NULL;
    end->dtls = dtls_new(end->cert, role, cert_fingerprint(other->cert), &used, end);
}

void make_engines(struct pair *pair)
{
    make_engine(&pair->ends[0], &pair->ends[1], DTLS_CLIENT);
    make_engine(&pair->ends[1], &pair->ends[0], DTLS_SERVER);
}

void start(struct pair *pair)
{
    make_engines(pair);
    dtls_start(pair->ends[1].dtls, fake_now_us);
    dtls_start(pair->ends[0].dtls, fake_now_us);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

bool step(struct pair *pair)
{
    uint64_t next = TIME_NEVER;
    for (int i = 0; i < 2; i++) {
        next = earlier(next, wire_next_us(&pair->ends[i].out));
        if (!dtls_is_connected(pair->ends[i].dtls))
            next = earlier(next, dtls_deadline_us(pair->ends[i].dtls));
    }
    if (next == TIME_NEVER)
        return false;
    if (next > fake_now_us)
        fake_now_us = next;
    for (int i = 0; i < 2; i++) {
        struct wire_packet *p;
        while ((p = wire_pop(&pair->ends[i].out, fake_now_us)) != NULL) {
            struct guard g = guard_new(p->data, p->len);
            dtls_feed(pair->ends[1 - i].dtls, g.bytes, fake_now_us);
            guard_free(&g);
            free(p);
        }
        if (dtls_deadline_us(pair->ends[i].dtls) <= fake_now_us)
            dtls_on_deadline(pair->ends[i].dtls, fake_now_us);
    }
    return true;
}

void run(struct pair *pair)
{
    int steps = 0;
    while (step(pair))
        assert_true(steps++ < 1000);
}

void assert_connected(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        assert_true(pair->ends[i].is_connected);
        assert_false(pair->ends[i].is_closed);
        assert_true(pair->ends[i].out.largest <= DTLS_MTU);
    }
}
