/*
 * A connection at rest: a minute behind the handshake only our own records are
 * left. Data and the end still go both ways; what is repeated of the handshake
 * is answered before, and is for nobody after that.
 */
#include "testing.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "rtc/cert.h"
#include "rtc/dtls.h"

enum { DATAGRAMS_MAX = 32 };

struct datagram {
    size_t len;
    uint8_t data[DTLS_MTU];
};

struct end {
    struct cert *cert;
    struct dtls *dtls;
    struct datagram out[DATAGRAMS_MAX];
    int sent;
    int fed; /* of the other's */
    char last[16];
    bool is_connected;
    bool is_closed;
    int error;
};

struct pair {
    struct end ends[2];
    uint64_t now_us;
};

static void on_datagram(struct span datagram, void *arg)
{
    struct end *end = arg;
    assert_true(end->sent < DATAGRAMS_MAX && datagram.len <= DTLS_MTU);
    struct datagram *d = &end->out[end->sent++];
    d->len = datagram.len;
    memcpy(d->data, datagram.data, datagram.len);
}

static void on_connected(void *arg)
{
    ((struct end *)arg)->is_connected = true;
}

static void on_data(struct span plaintext, uint64_t now_us, void *arg)
{
    struct end *end = arg;
    (void)now_us;
    assert_true(plaintext.len < sizeof end->last);
    memset(end->last, 0, sizeof end->last);
    memcpy(end->last, plaintext.data, plaintext.len);
}

static void on_closed(int error, const char *text, void *arg)
{
    struct end *end = arg;
    (void)text;
    end->is_closed = true;
    end->error = error;
}

/* Until neither has anything to say. */
static void exchange(struct pair *pair)
{
    for (int i = 0;
         pair->ends[0].fed < pair->ends[1].sent || pair->ends[1].fed < pair->ends[0].sent;
         i = 1 - i) {
        struct end *from = &pair->ends[1 - i];
        struct end *to = &pair->ends[i];
        while (to->fed < from->sent) {
            const struct datagram *d = &from->out[to->fed++];
            dtls_feed(to->dtls, span_of(d->data, d->len), pair->now_us);
        }
    }
}

static int setup(void **state)
{
    static const struct dtls_handlers handlers = {
        .on_datagram = on_datagram,
        .on_connected = on_connected,
        .on_data = on_data,
        .on_closed = on_closed,
    };
    struct pair *pair = xcalloc(1, sizeof *pair);
    pair->now_us = US_PER_S;
    for (int i = 0; i < 2; i++)
        pair->ends[i].cert = cert_new();
    for (int i = 0; i < 2; i++)
        pair->ends[i].dtls =
            dtls_new(pair->ends[i].cert, i == 0 ? DTLS_CLIENT : DTLS_SERVER,
                     cert_fingerprint(pair->ends[1 - i].cert), &handlers, &pair->ends[i]);
    dtls_start(pair->ends[0].dtls, pair->now_us);
    exchange(pair);
    assert_true(pair->ends[0].is_connected && pair->ends[1].is_connected);
    *state = pair;
    return 0;
}

static int teardown(void **state)
{
    struct pair *pair = *state;
    for (int i = 0; i < 2; i++) {
        dtls_free(pair->ends[i].dtls);
        cert_free(pair->ends[i].cert);
    }
    free(pair);
    return 0;
}

static void rest(struct pair *pair)
{
    pair->now_us += DTLS_REPEAT_US;
    for (int i = 0; i < 2; i++) {
        assert_true(dtls_deadline_us(pair->ends[i].dtls) <= pair->now_us);
        dtls_on_deadline(pair->ends[i].dtls, pair->now_us);
        assert_true(dtls_deadline_us(pair->ends[i].dtls) == TIME_NEVER);
    }
}

/* The client's last datagram once more, as if the server's answer were lost. */
static void repeat_handshake(struct pair *pair, int client_sent)
{
    const struct datagram *d = &pair->ends[0].out[client_sent - 1];
    dtls_feed(pair->ends[1].dtls, span_of(d->data, d->len), pair->now_us);
}

static void test_repeated_handshake(void **state)
{
    struct pair *pair = *state;
    int client_sent = pair->ends[0].sent;
    int server_sent = pair->ends[1].sent;
    rest(pair);
    repeat_handshake(pair, client_sent);
    assert_int_equal(pair->ends[1].sent, server_sent);
    assert_false(pair->ends[1].is_closed);
}

/* Whoever has answered our data has heard us: that is earlier. */
static void test_end_of_repeats(void **state)
{
    struct pair *pair = *state;
    int client_sent = pair->ends[0].sent;
    int server_sent = pair->ends[1].sent;
    struct dtls *server = pair->ends[1].dtls;
    assert_true(dtls_end_repeats(server));
    assert_false(dtls_end_repeats(server));
    assert_true(dtls_deadline_us(server) == TIME_NEVER);
    repeat_handshake(pair, client_sent);
    assert_int_equal(pair->ends[1].sent, server_sent);
    assert_int_equal(dtls_send(server, SPAN_LITERAL("on")), 0);
    exchange(pair);
    assert_string_equal(pair->ends[0].last, "on");
}

static void test_data_goes_on(void **state)
{
    struct pair *pair = *state;
    rest(pair);
    for (int i = 0; i < 2; i++)
        assert_int_equal(dtls_send(pair->ends[i].dtls, SPAN_LITERAL("late")), 0);
    exchange(pair);
    for (int i = 0; i < 2; i++)
        assert_string_equal(pair->ends[i].last, "late");
}

static void test_end_is_told(void **state)
{
    for (int rests = 0; rests < 2; rests++) {
        void *fresh;
        setup(&fresh);
        struct pair *pair = fresh;
        if (rests)
            rest(pair);
        dtls_send_close(pair->ends[1].dtls);
        exchange(pair);
        assert_true(pair->ends[0].is_closed);
        assert_int_equal(pair->ends[0].error, 0);
        assert_false(pair->ends[1].is_closed);
        teardown(&fresh);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_repeated_handshake, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end_of_repeats, setup, teardown),
        cmocka_unit_test_setup_teardown(test_data_goes_on, setup, teardown),
        cmocka_unit_test(test_end_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
