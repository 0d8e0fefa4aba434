/*
 * How WebSockets end: by what the peer breaks, by its wish, by ours, and when
 * the connection does.
 */
#include "net/websocket_rig.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_breaches),
        cmocka_unit_test(test_oversize_by_fragments),
        cmocka_unit_test(test_new_message_inside_another),
        cmocka_unit_test(test_masked_frame_to_a_client),
        cmocka_unit_test(test_close_without_code),
        cmocka_unit_test(test_connection_ends_without_close),
        cmocka_unit_test(test_close_under_on_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
