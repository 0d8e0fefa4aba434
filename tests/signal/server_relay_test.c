/*
 * Datagrams between members: who may send them to whom, what the others see of
 * it, and the rate that the server keeps.
 */
#include "signal/server_fixture.h"

#include "signal/client.h"
#include "signal/message.h"
#include "signal/relay_frame.h"

static const uint8_t tag[RELAY_TAG_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};

struct member {
    struct visitor *visitor;
    uint8_t uuid[UUID_LEN];
    uint64_t rate; /* as the server has told it */
};

static void join_as(struct fixture *f, struct member *m, struct visitor *visitor, const char *room,
                    const struct signal_message *how)
{
    struct signal_message join = *how;
    struct signal_message joined;
    join.type = SIGNAL_JOIN;
    join.room = (char *)(uintptr_t)room;
    m->visitor = visitor;
    visitor_open(visitor, f->loop, f->port);
    char *text = signal_message_encode(&join);
    visitor_send(visitor, text);
    free(text);
    assert_int_equal(signal_message_decode(span_from_string(visitor_receive(visitor)), &joined), 0);
    assert_int_equal(joined.type, SIGNAL_JOINED);
    assert_true(uuid_parse(joined.peer_id, m->uuid));
    m->rate = joined.relay_rate;
    if (m->rate > 0)
        visitor_accept_binary(visitor);
    signal_message_deinit(&joined);
}

static void join(struct fixture *f, struct member *m, struct visitor *visitor, const char *room,
                 enum signal_job job)
{
    join_as(f, m, visitor, room, &(struct signal_message){.job = job, .takes_relay = true});
}

static void pass(const struct member *from, const struct member *to, struct span datagram)
{
    uint8_t bytes[RELAY_FRAME_MAX];
    const struct relay_frame frame = {to->uuid, tag, datagram};
    visitor_send_binary(from->visitor, relay_frame_encode(&frame, bytes));
}

static void expect(const struct member *to, const struct member *from, const char *datagram)
{
    struct relay_frame frame = {0};
    run_until(to->visitor->loop, &to->visitor->has_datagram);
    assert_true(relay_frame_decode(buf_bytes(&to->visitor->datagrams), &frame));
    assert_memory_equal(frame.member, from->uuid, UUID_LEN);
    assert_memory_equal(frame.tag, tag, RELAY_TAG_LEN);
    assert_true(span_is_string(frame.datagram, datagram));
    buf_clear(&to->visitor->datagrams);
    to->visitor->has_datagram = false;
}

/* Those that are shown to each other, both ways. */
static void test_both_ways(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct member a, b;
    start(f);
    join(f, &a, &f->a, "r", SIGNAL_JOB_PROVIDER);
    join(f, &b, &f->b, "r", SIGNAL_JOB_CONSUMER);
    assert_int_equal(a.rate, 20000000);
    assert_int_equal(b.rate, 20000000);
    pass(&a, &b, SPAN_LITERAL("ping"));
    expect(&b, &a, "ping");
    pass(&b, &a, SPAN_LITERAL("pong"));
    expect(&a, &b, "pong");
    visitor_expect(&f->a, "peer-joined");
    check_works(&f->b, &f->a);
    fixture_free(f);
}

/* Not to one's like, to another room, to who did not ask for it, to nobody. */
static void test_to_whom(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct member a, b, c, other, plain, nobody = {0};
    struct visitor d = {0}, e = {0};
    start(f);
    join(f, &a, &f->a, "r", SIGNAL_JOB_PROVIDER);
    join(f, &b, &f->b, "r", SIGNAL_JOB_CONSUMER);
    join(f, &c, &f->c, "r", SIGNAL_JOB_CONSUMER);
    join(f, &other, &d, "s", SIGNAL_JOB_PROVIDER);
    join_as(f, &plain, &e, "r", &(struct signal_message){.job = SIGNAL_JOB_PROVIDER});
    assert_int_equal(plain.rate, 0);
    pass(&b, &c, SPAN_LITERAL("one's like"));
    pass(&b, &other, SPAN_LITERAL("elsewhere"));
    pass(&b, &plain, SPAN_LITERAL("version 1"));
    pass(&b, &nobody, SPAN_LITERAL("nobody"));
    pass(&b, &b, SPAN_LITERAL("itself"));
    pass(&b, &a, SPAN_LITERAL("last"));
    expect(&a, &b, "last");
    visitor_send(&f->b, "{\"type\":\"nonsense\"}");
    visitor_expect(&f->b, "peer-joined");
    visitor_expect(&f->b, "unknown type");
    assert_false(f->b.has_datagram || f->c.has_datagram || d.has_datagram || e.is_closed);
    visitor_free(&d);
    visitor_free(&e);
    fixture_free(f);
}

/* To who has not asked, a binary message is what it has always been. */
static void test_not_asked(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    start_pair(f);
    visitor_send_binary(&f->a, SPAN_LITERAL("a message of more than 24 bytes, but binary"));
    visitor_expect_close(&f->a, WEBSOCKET_UNSUPPORTED);
    visitor_expect(&f->b, "peer-left");
    fixture_free(f);
}

static void test_forbidden(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct member a;
    f->config.relay_mbit_per_s = 0;
    start(f);
    join(f, &a, &f->a, "r", SIGNAL_JOB_PROVIDER);
    assert_int_equal(a.rate, 0);
    visitor_send_binary(&f->a, SPAN_LITERAL("a message of more than 24 bytes, but binary"));
    visitor_expect_close(&f->a, WEBSOCKET_UNSUPPORTED);
    fixture_free(f);
}

static void check_no_datagram(size_t len)
{
    static const uint8_t zeros[RELAY_FRAME_MAX + 1];
    struct fixture *f = fixture_new();
    struct member a;
    start(f);
    join(f, &a, &f->a, "r", SIGNAL_JOB_PROVIDER);
    visitor_send_binary(&f->a, span_of(zeros, len));
    visitor_expect_close(&f->a, WEBSOCKET_POLICY);
    assert_string_equal(f->a.reason, "a binary message that is no datagram");
    fixture_free(f);
}

static void test_no_datagram(void **state)
{
    (void)state;
    check_no_datagram(0);
    check_no_datagram(RELAY_HEADER_LEN);
    check_no_datagram(RELAY_FRAME_MAX + 1);
}

/* What is over the rate is dropped, and who sends it is not read from for a
 * while; others are, and nobody is closed. */
static void test_rate(void **state)
{
    (void)state;
    enum { COUNT = 150 }; /* 1.2 s of that rate, 200 ms of which may wait */
    static const uint8_t datagram[1000];
    struct fixture *f = fixture_new();
    struct member a, b, c;
    f->config.relay_mbit_per_s = 1;
    start(f);
    join(f, &a, &f->a, "r", SIGNAL_JOB_PROVIDER);
    join(f, &b, &f->b, "r", SIGNAL_JOB_CONSUMER);
    join(f, &c, &f->c, "r", SIGNAL_JOB_CONSUMER);
    visitor_expect(&f->a, "peer-joined");
    visitor_expect(&f->a, "peer-joined");
    uint64_t begun_us = clock_now_us();
    for (int i = 0; i < COUNT; i++)
        pass(&a, &b, span_of(datagram, sizeof datagram));
    visitor_send(&f->a, "{\"type\":\"nonsense\"}");
    visitor_send(&f->c, "{\"type\":\"nonsense\"}");
    visitor_expect(&f->c, "unknown type");
    assert_false(f->a.has_message);
    visitor_expect(&f->a, "unknown type");
    assert_in_range(clock_now_us() - begun_us, 500 * US_PER_MS, UINT64_MAX);
    size_t got = f->b.datagrams.len / (RELAY_HEADER_LEN + sizeof datagram);
    assert_in_range(got, 1, COUNT - 1);
    assert_false(f->a.is_closed);
    fixture_free(f);
}

/* Who comes back by its key has its id, and its datagrams. */
static void test_key(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct member a, b, again;
    const struct signal_message how = {.job = SIGNAL_JOB_CONSUMER,
                                       .takes_relay = true,
                                       .key = (char *)(uintptr_t) "k"};
    start(f);
    join(f, &a, &f->a, "r", SIGNAL_JOB_PROVIDER);
    join_as(f, &b, &f->b, "r", &how);
    join_as(f, &again, &f->c, "r", &how);
    assert_memory_equal(again.uuid, b.uuid, UUID_LEN);
    assert_int_equal(again.rate, 20000000);
    pass(&a, &b, SPAN_LITERAL("as before"));
    expect(&again, &a, "as before");
    pass(&b, &a, SPAN_LITERAL("of the one that is outside"));
    pass(&again, &a, SPAN_LITERAL("of the one that is inside"));
    expect(&a, &again, "of the one that is inside");
    fixture_free(f);
}

/* ---- with clients of ours ---- */

struct guest {
    struct signal_client *client;
    char id[UUID_TEXT_LEN + 1];
    bool is_in;
    char got[RELAY_DATAGRAM_MAX + 1];
    bool has_got;
};

static void on_guest_message(const struct signal_message *message, void *arg)
{
    struct guest *guest = arg;
    if (message->type != SIGNAL_JOINED)
        return;
    snprintf(guest->id, sizeof guest->id, "%s", message->peer_id);
    guest->is_in = true;
}

static void on_guest_datagram(const struct relay_frame *frame, void *arg)
{
    struct guest *guest = arg;
    assert_memory_equal(frame->tag, tag, RELAY_TAG_LEN);
    snprintf(guest->got, sizeof guest->got, "%.*s", SPAN_ARG(frame->datagram));
    guest->has_got = true;
}

static void on_guest_close(const char *text, void *arg)
{
    (void)arg;
    fail_msg("%s", text);
}

static void guest_enter(struct guest *guest, struct fixture *f, enum signal_job job)
{
    static const struct signal_client_handlers handlers = {
        .on_message = on_guest_message,
        .on_datagram = on_guest_datagram,
        .on_close = on_guest_close,
    };
    const struct url url = {.host = (char *)(uintptr_t) "127.0.0.1",
                            .port = f->port,
                            .authority = (char *)(uintptr_t) "127.0.0.1",
                            .path = (char *)(uintptr_t) "/"};
    guest->client =
        signal_client_new(f->loop, &(struct signal_way){.url = &url}, "r", &handlers, guest);
    signal_client_set_job(guest->client, job);
    signal_client_set_relay(guest->client, true);
    run_until(f->loop, &guest->is_in);
}

static void test_clients(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct guest a = {0}, b = {0};
    uint8_t uuid[UUID_LEN];
    f->config.relay_mbit_per_s = 3;
    start(f);
    guest_enter(&a, f, SIGNAL_JOB_PROVIDER);
    guest_enter(&b, f, SIGNAL_JOB_CONSUMER);
    assert_int_equal(signal_client_relay_rate(a.client), 3000000);
    assert_true(uuid_parse(b.id, uuid));
    signal_client_send_datagram(a.client, &(struct relay_frame){uuid, tag, SPAN_LITERAL("hello")});
    run_until(f->loop, &b.has_got);
    assert_string_equal(b.got, "hello");
    signal_client_close(a.client);
    signal_client_close(b.client);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),   cmocka_unit_test(test_to_whom),
        cmocka_unit_test(test_not_asked),   cmocka_unit_test(test_forbidden),
        cmocka_unit_test(test_no_datagram), cmocka_unit_test(test_rate),
        cmocka_unit_test(test_key),         cmocka_unit_test(test_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
