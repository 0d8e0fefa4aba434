/*
 * WebSockets: one end ours, the other a bare connection that the test writes
 * frames to by hand, or ours too.
 */
#include "net/net_testing.h"

#include <stdio.h>

#include "base/bytes.h"
#include "net/websocket.h"

enum { FIN = 0x80, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10, MESSAGE_MAX = 70000 };

struct socket {
    struct websocket *ws;
    struct buf messages; /* each with a newline */
    int message_count;
    int wanted_messages;
    bool has_messages;
    int alive_count;
    bool is_alive;
    bool has_pong;
    bool is_closed;
    enum websocket_ender by;
    int code;
    char reason[128];
    bool closes_at_message;
};

static void socket_on_message(struct span text, void *arg)
{
    struct socket *s = arg;
    buf_append(&s->messages, text);
    buf_append_string(&s->messages, "\n");
    s->message_count++;
    s->has_messages = s->message_count >= s->wanted_messages;
    if (s->closes_at_message) {
        websocket_close(s->ws, WEBSOCKET_NORMAL, "enough");
        s->ws = NULL;
    }
}

static void socket_on_alive(void *arg)
{
    struct socket *s = arg;
    s->alive_count++;
    s->is_alive = true;
}

static void socket_on_close(const struct websocket_end *end, void *arg)
{
    struct socket *s = arg;
    assert_false(s->is_closed);
    s->is_closed = true;
    s->by = end->by;
    s->code = end->code;
    snprintf(s->reason, sizeof s->reason, "%s", end->reason);
}

static void socket_on_pong(struct span payload, void *arg)
{
    struct socket *s = arg;
    s->has_pong = span_is_string(payload, "12345678");
}

static const struct websocket_handlers socket_handlers = {
    .on_message = socket_on_message,
    .on_alive = socket_on_alive,
    .on_close = socket_on_close,
    .on_pong = socket_on_pong,
};

static void socket_init(struct socket *s)
{
    *s = (struct socket){.wanted_messages = 1};
    buf_init(&s->messages, 1 << 20);
}

static void socket_deinit(struct socket *s)
{
    if (s->ws)
        websocket_close(s->ws, WEBSOCKET_GOING_AWAY, "");
    buf_deinit(&s->messages);
}

struct rig {
    struct loop *loop;
    struct listener *listener;
    struct conn *accepted;
    bool has_accepted;
    struct end peer;
    struct socket socket;
};

static void rig_on_accept(struct conn *conn, void *arg)
{
    static const struct conn_handlers none = {.on_open = NULL};
    struct rig *rig = arg;
    conn_set_handlers(conn, &none, NULL);
    rig->accepted = conn;
    rig->has_accepted = true;
}

static void rig_connect(struct rig *rig)
{
    *rig = (struct rig){.loop = loop_new()};
    end_init(&rig->peer, rig->loop);
    socket_init(&rig->socket);
    assert_int_equal(listener_new(rig->loop, "127.0.0.1", 0, rig_on_accept, rig, &rig->listener),
                     0);
    rig->peer.conn = conn_connect(rig->loop, "127.0.0.1", listener_port(rig->listener), NULL,
                                  TEST_PATIENCE_US, &end_handlers, &rig->peer);
    run_until(rig->loop, &rig->peer.is_open);
    run_until(rig->loop, &rig->has_accepted);
}

static void rig_init(struct rig *rig, enum websocket_role role)
{
    rig_connect(rig);
    rig->socket.ws = websocket_new(rig->loop, rig->accepted, role, MESSAGE_MAX, (struct span){0},
                                   &socket_handlers, &rig->socket);
}

static void rig_deinit(struct rig *rig)
{
    socket_deinit(&rig->socket);
    end_deinit(&rig->peer);
    listener_close(rig->listener);
    loop_free(rig->loop);
}

static void put_frame(struct buf *out, int first_byte, bool is_masked, struct span payload)
{
    uint8_t head[14] = {(uint8_t)first_byte};
    size_t len = 2;
    uint8_t mask_bit = is_masked ? 0x80 : 0;
    if (payload.len < 126) {
        head[1] = (uint8_t)(mask_bit | payload.len);
    } else if (payload.len <= UINT16_MAX) {
        head[1] = mask_bit | 126;
        put_u16be(head + 2, (uint16_t)payload.len);
        len = 4;
    } else {
        head[1] = mask_bit | 127;
        put_u64be(head + 2, payload.len);
        len = 10;
    }
    static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    if (is_masked) {
        memcpy(head + len, mask, 4);
        len += 4;
    }
    assert_int_equal(buf_append(out, span_of(head, len)), 0);
    uint8_t *room = buf_reserve(out, payload.len);
    for (size_t i = 0; i < payload.len; i++)
        room[i] = is_masked ? payload.data[i] ^ mask[i % 4] : payload.data[i];
    buf_commit(out, payload.len);
}

static void send_frame(struct rig *rig, int first_byte, struct span payload)
{
    struct buf frame;
    buf_init(&frame, 1 << 20);
    put_frame(&frame, first_byte, true, payload);
    conn_write(rig->peer.conn, buf_bytes(&frame));
    buf_deinit(&frame);
}

/* Waits until the peer has received exactly this. */
static void expect_bytes(struct rig *rig, const void *bytes, size_t len)
{
    rig->peer.wanted = len;
    rig->peer.has_data = rig->peer.received >= len;
    run_until(rig->loop, &rig->peer.has_data);
    assert_int_equal(rig->peer.in.len, len);
    assert_memory_equal(rig->peer.in.data + rig->peer.in.head, bytes, len);
    buf_clear(&rig->peer.in);
    rig->peer.received = 0;
}

static void expect_close(struct rig *rig, int code)
{
    run_until(rig->loop, &rig->socket.is_closed);
    assert_int_equal(rig->socket.code, code);
}

/* The close frame that the peer got. */
static void expect_close_frame(struct rig *rig, int code)
{
    rig->peer.wanted = 4;
    rig->peer.has_data = rig->peer.received >= 4;
    run_until(rig->loop, &rig->peer.has_data);
    const uint8_t *at = rig->peer.in.data + rig->peer.in.head;
    assert_int_equal(at[0], FIN | CLOSE);
    assert_int_equal(at[1] + 2U, rig->peer.in.len);
    assert_int_equal(get_u16be(at + 2), code);
}

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

static void check_breach(int first_byte, bool is_masked, struct span payload, int code)
{
    struct rig rig;
    rig_init(&rig, WEBSOCKET_SERVER);
    struct buf frame;
    buf_init(&frame, 1 << 20);
    put_frame(&frame, first_byte, is_masked, payload);
    conn_write(rig.peer.conn, buf_bytes(&frame));
    buf_deinit(&frame);
    expect_close(&rig, code);
    assert_int_equal(rig.socket.by, WEBSOCKET_BY_US);
    expect_close_frame(&rig, code);
    assert_int_equal(rig.socket.message_count, 0);
    rig_deinit(&rig);
}

static void test_breaches(void **state)
{
    (void)state;
    static char big[MESSAGE_MAX + 1];
    memset(big, 'b', sizeof big);
    check_breach(FIN | TEXT, false, SPAN_LITERAL("not masked"), 1002);
    check_breach(FIN | BINARY, true, SPAN_LITERAL("x"), 1003);
    check_breach(FIN | TEXT, true, SPAN_LITERAL("\xff\xfe"), 1007);
    check_breach(FIN | TEXT, true, SPAN_LITERAL("cut \xc3"), 1007);
    check_breach(FIN | TEXT, true, SPAN_LITERAL("\xed\xa0\x80"), 1007);
    check_breach(FIN | TEXT, true, span_of(big, sizeof big), 1009);
    check_breach(FIN | 0, true, SPAN_LITERAL("continues nothing"), 1002);
    check_breach(FIN | 3, true, SPAN_LITERAL("unknown"), 1002);
    check_breach(FIN | 0x0b, true, SPAN_LITERAL("unknown"), 1002);
    check_breach(FIN | 0x40 | TEXT, true, SPAN_LITERAL("rsv"), 1002);
    check_breach(PING, true, SPAN_LITERAL("fragmented"), 1002);
    check_breach(FIN | PING, true, span_of(big, 126), 1002);
    check_breach(FIN | CLOSE, true, SPAN_LITERAL("\x03"), 1002);
    check_breach(FIN | CLOSE, true, SPAN_LITERAL("\x03\xed"), 1002); /* 1005 */
    check_breach(FIN | CLOSE, true, SPAN_LITERAL("\x03\xe8\xff"), 1007);
}

static void test_oversize_by_fragments(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, WEBSOCKET_SERVER);
    static char half[MESSAGE_MAX / 2 + 1];
    memset(half, 'h', sizeof half);
    send_frame(&rig, TEXT, span_of(half, sizeof half));
    send_frame(&rig, 0, span_of(half, sizeof half));
    expect_close(&rig, 1009);
    expect_close_frame(&rig, 1009);
    rig_deinit(&rig);
}

static void test_new_message_inside_another(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, WEBSOCKET_SERVER);
    send_frame(&rig, TEXT, SPAN_LITERAL("one"));
    send_frame(&rig, FIN | TEXT, SPAN_LITERAL("two"));
    expect_close(&rig, 1002);
    rig_deinit(&rig);
}

static void test_masked_frame_to_a_client(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, WEBSOCKET_CLIENT);
    send_frame(&rig, FIN | TEXT, SPAN_LITERAL("masked"));
    expect_close(&rig, 1002);
    rig_deinit(&rig);
}

static void test_close_without_code(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, WEBSOCKET_SERVER);
    send_frame(&rig, FIN | CLOSE, SPAN_LITERAL(""));
    expect_close(&rig, 1005);
    assert_int_equal(rig.socket.by, WEBSOCKET_BY_PEER);
    expect_bytes(&rig, "\x88\x00", 2);
    rig_deinit(&rig);
}

static void test_connection_ends_without_close(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, WEBSOCKET_SERVER);
    conn_end(rig.peer.conn);
    expect_close(&rig, 1006);
    assert_int_equal(rig.socket.by, WEBSOCKET_BY_NOBODY);
    rig_deinit(&rig);
    rig_init(&rig, WEBSOCKET_SERVER);
    conn_reset(rig.peer.conn);
    rig.peer.conn = NULL;
    expect_close(&rig, 1006);
    assert_string_equal(rig.socket.reason, "connection reset by the other side");
    rig_deinit(&rig);
}

static void test_close_under_on_message(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, WEBSOCKET_SERVER);
    rig.socket.closes_at_message = true;
    struct buf wire;
    buf_init(&wire, 1000);
    put_frame(&wire, FIN | TEXT, true, SPAN_LITERAL("one"));
    put_frame(&wire, FIN | TEXT, true, SPAN_LITERAL("two"));
    conn_write(rig.peer.conn, buf_bytes(&wire));
    buf_deinit(&wire);
    expect_close_frame(&rig, 1000);
    run_until(rig.loop, &rig.peer.has_ended);
    assert_int_equal(rig.socket.message_count, 1);
    assert_false(rig.socket.is_closed);
    rig_deinit(&rig);
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
        cmocka_unit_test(test_breaches),
        cmocka_unit_test(test_oversize_by_fragments),
        cmocka_unit_test(test_new_message_inside_another),
        cmocka_unit_test(test_masked_frame_to_a_client),
        cmocka_unit_test(test_close_without_code),
        cmocka_unit_test(test_connection_ends_without_close),
        cmocka_unit_test(test_close_under_on_message),
        cmocka_unit_test(test_early_bytes),
        cmocka_unit_test(test_ping_flood_does_not_fill_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
