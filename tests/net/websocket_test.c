/*
 * WebSockets: messages, fragments and control frames, whole and in pieces. How
 * they end: websocket_end_test.c.
 */
#include "net/websocket_rig.h"

static void test_accept_key(void **state)
{
    (void)state;
    char accept[WEBSOCKET_ACCEPT_LEN + 1];
    websocket_accept_key(SPAN_LITERAL("dGhlIHNhbXBsZSBub25jZQ=="), accept); /* section 1.3 */
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    char a[WEBSOCKET_KEY_LEN + 1];
    char b[WEBSOCKET_KEY_LEN + 1];
    websocket_make_key(a);
    websocket_make_key(b);
    assert_int_equal(strlen(a), WEBSOCKET_KEY_LEN);
    assert_string_not_equal(a, b);
}

static void test_messages_both_ways(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, WEBSOCKET_SERVER);
    send_frame(&rig, FIN | TEXT, SPAN_LITERAL("hello"));
    run_until(rig.loop, &rig.socket.has_messages);
    assert_true(span_is_string(buf_bytes(&rig.socket.messages), "hello\n"));
    assert_true(rig.socket.alive_count > 0);
    websocket_send(rig.socket.ws, SPAN_LITERAL("yes"));
    expect_bytes(&rig, "\x81\x03yes", 5);
    websocket_ping(rig.socket.ws, SPAN_LITERAL("hi"));
    expect_bytes(&rig, "\x89\x02hi", 4);
    websocket_close(rig.socket.ws, WEBSOCKET_GOING_AWAY, "bye");
    rig.socket.ws = NULL;
    expect_bytes(&rig,
                 "\x88\x05\x03\xe9"
                 "bye",
                 7);
    run_until(rig.loop, &rig.peer.has_ended);
    rig_deinit(&rig);
}

static void test_two_of_ours(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, WEBSOCKET_SERVER);
    struct socket client;
    socket_init(&client);
    client.ws = websocket_new(rig.loop, rig.peer.conn, WEBSOCKET_CLIENT, MESSAGE_MAX,
                              (struct span){0}, &socket_handlers, &client);
    rig.peer.conn = NULL;
    const size_t lens[] = {0, 1, 125, 126, 127, 65535, 65536, MESSAGE_MAX};
    static char text[MESSAGE_MAX];
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        struct socket *ends[2] = {&client, &rig.socket};
        for (int from = 0; from < 2; from++) {
            struct socket *to = ends[1 - from];
            buf_clear(&to->messages);
            to->wanted_messages = to->message_count + 1;
            to->has_messages = false;
            websocket_send(ends[from]->ws, span_of(text, lens[i]));
            run_until(rig.loop, &to->has_messages);
            assert_int_equal(to->messages.len, lens[i] + 1);
            assert_int_equal(to->messages.data[to->messages.head + lens[i]], '\n');
        }
    }
    rig.socket.is_alive = false;
    websocket_ping(rig.socket.ws, SPAN_LITERAL("12345678")); /* the pong shows as life */
    run_until(rig.loop, &rig.socket.has_pong);
    assert_true(rig.socket.is_alive);
    websocket_close(client.ws, WEBSOCKET_NORMAL, "done");
    client.ws = NULL;
    expect_close(&rig, WEBSOCKET_NORMAL);
    assert_string_equal(rig.socket.reason, "done");
    websocket_send(rig.socket.ws, SPAN_LITERAL("dropped"));
    socket_deinit(&client);
    rig_deinit(&rig);
}

/* A session of fragments, control frames between them, and a close, fed in
 * pieces of every size that matters. */
static void test_fragments_in_pieces(void **state)
{
    (void)state;
    struct buf wire;
    buf_init(&wire, 1 << 20);
    put_frame(&wire, TEXT, true, SPAN_LITERAL("one "));
    put_frame(&wire, FIN | PING, true, SPAN_LITERAL("p"));
    put_frame(&wire, 0, true, SPAN_LITERAL(""));
    put_frame(&wire, 0, true, SPAN_LITERAL("t\xc3")); /* a character cut in two */
    put_frame(&wire, FIN | PONG, true, SPAN_LITERAL(""));
    put_frame(&wire, FIN | 0, true, SPAN_LITERAL("\xa4"));
    put_frame(&wire, FIN | TEXT, true, SPAN_LITERAL(""));
    static char big[300];
    memset(big, 'b', sizeof big);
    put_frame(&wire, FIN | TEXT, true, span_of(big, sizeof big));
    put_frame(&wire, FIN | CLOSE, true, SPAN_LITERAL("\x03\xe8ok"));
    for (size_t piece = 1; piece <= wire.len; piece = piece < 20 ? piece + 1 : piece * 3) {
        struct rig rig;
        rig_init(&rig, WEBSOCKET_SERVER);
        for (size_t at = 0; at < wire.len; at += piece) {
            size_t len = wire.len - at < piece ? wire.len - at : piece;
            int before = rig.socket.alive_count;
            rig.socket.is_alive = false;
            conn_write(rig.peer.conn, span_of(wire.data + wire.head + at, len));
            run_until(rig.loop, &rig.socket.is_alive);
            assert_true(rig.socket.alive_count > before);
        }
        expect_close(&rig, 1000);
        assert_string_equal(rig.socket.reason, "ok");
        assert_int_equal(rig.socket.message_count, 3);
        assert_memory_equal(rig.socket.messages.data, "one t\xc3\xa4\n\nbbb", 11);
        expect_bytes(&rig, "\x8a\x01p\x88\x02\x03\xe8", 7);
        rig_deinit(&rig);
    }
    buf_deinit(&wire);
}

static void test_early_bytes(void **state)
{
    (void)state;
    struct rig rig;
    rig_connect(&rig);
    struct buf wire;
    buf_init(&wire, 1000);
    put_frame(&wire, FIN | TEXT, true, SPAN_LITERAL("early"));
    put_frame(&wire, FIN | TEXT, true, SPAN_LITERAL("split"));
    rig.socket.wanted_messages = 3;
    rig.socket.ws = websocket_new(rig.loop, rig.accepted, WEBSOCKET_SERVER, MESSAGE_MAX,
                                  span_of(wire.data, wire.len - 2), &socket_handlers, &rig.socket);
    assert_int_equal(rig.socket.message_count, 0); /* never under the call */
    conn_write(rig.peer.conn, span_of(wire.data + wire.len - 2, 2));
    send_frame(&rig, FIN | TEXT, SPAN_LITERAL("late"));
    buf_deinit(&wire);
    run_until(rig.loop, &rig.socket.has_messages);
    assert_true(span_is_string(buf_bytes(&rig.socket.messages), "early\nsplit\nlate\n"));
    rig_deinit(&rig);

    rig_connect(&rig); /* closed before the early bytes had their turn */
    rig.socket.ws = websocket_new(rig.loop, rig.accepted, WEBSOCKET_SERVER, MESSAGE_MAX,
                                  SPAN_LITERAL("\x81"), &socket_handlers, &rig.socket);
    rig_deinit(&rig);
}

struct calm {
    struct websocket *ws;
    bool *is_small;
};

static void check_calm(void *arg)
{
    struct calm *calm = arg;
    *calm->is_small = websocket_queued(calm->ws) <= 32 << 10;
}

/* A peer that pings and never reads. */
static void test_ping_flood_does_not_fill_the_queue(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, WEBSOCKET_SERVER);
    conn_set_reading(rig.peer.conn, false);
    char payload[125] = {0};
    struct buf wire;
    buf_init(&wire, 1 << 20);
    for (int i = 0; i < 7000; i++)
        put_frame(&wire, FIN | PING, true, span_of(payload, sizeof payload));
    for (int round = 0; round < 12; round++) {
        conn_write(rig.peer.conn, buf_bytes(&wire));
        while (conn_queued(rig.peer.conn) > 0)
            run_for(rig.loop, 1000);
        assert_true(websocket_queued(rig.socket.ws) <= 256 << 10);
    }
    bool is_small = false;
    struct calm calm = {rig.socket.ws, &is_small};
    struct turn_hook *hook = turn_hook_new(rig.loop, check_calm, NULL, &calm);
    run_until(rig.loop, &is_small);
    turn_hook_free(hook);
    assert_false(rig.socket.is_closed);
    buf_deinit(&wire);
    rig_deinit(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_key),
        cmocka_unit_test(test_messages_both_ways),
        cmocka_unit_test(test_two_of_ours),
        cmocka_unit_test(test_fragments_in_pieces),
        cmocka_unit_test(test_early_bytes),
        cmocka_unit_test(test_ping_flood_does_not_fill_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
