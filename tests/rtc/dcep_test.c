#include "testing.h"

#include <errno.h>

#include "rtc/dcep.h"

static const uint8_t open_bytes[] = {0x03, 0x80, 0x01, 0x02, 0,   0,   0,   9,   0,   6,
                                     0,    2,    't',  'u',  'n', 'n', 'e', 'l', 'h', 't'};

static void assert_decodes(struct span bytes, size_t len)
{
    struct dcep_open open;
    assert_int_equal(dcep_open_decode(bytes, &open), (ssize_t)len);
    assert_int_equal(open.channel_type, 0x80);
    assert_int_equal(open.priority, 0x0102);
    assert_int_equal(open.reliability, 9);
    assert_true(span_is_string(open.label, "tunnel"));
    assert_true(span_is_string(open.protocol, "ht"));
}

static void test_decodes_open(void **state)
{
    (void)state;
    struct guard g = guard_new(open_bytes, sizeof open_bytes);
    assert_true(dcep_is_open(g.bytes));
    assert_false(dcep_is_ack(g.bytes));
    assert_decodes(g.bytes, sizeof open_bytes);
    guard_free(&g);
}

static void test_truncated_at_each_byte(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof open_bytes; len++) {
        struct dcep_open open;
        struct guard g = guard_new(open_bytes, len);
        assert_int_equal(dcep_open_decode(g.bytes, &open), -EINVAL);
        guard_free(&g);
    }
}

static void test_bytes_behind_are_ignored(void **state)
{
    (void)state;
    uint8_t longer[sizeof open_bytes + 3] = {0};
    memcpy(longer, open_bytes, sizeof open_bytes);
    assert_decodes(span_of(longer, sizeof longer), sizeof open_bytes);
}

static void test_greatest_lengths(void **state)
{
    (void)state;
    uint8_t bytes[64] = {0x03};
    struct dcep_open open;
    memset(bytes + 8, 0xff, 4);
    struct guard g = guard_new(bytes, sizeof bytes);
    assert_int_equal(dcep_open_decode(g.bytes, &open), -EINVAL);
    guard_free(&g);
}

static void test_ack(void **state)
{
    (void)state;
    static const uint8_t ack[] = {DCEP_ACK};
    struct dcep_open open;
    struct guard g = guard_new(ack, sizeof ack);
    assert_true(dcep_is_ack(g.bytes));
    assert_false(dcep_is_open(g.bytes));
    assert_int_equal(dcep_open_decode(g.bytes, &open), -EINVAL);
    assert_false(dcep_is_ack(span_of(ack, 0)));
    assert_false(dcep_is_open(span_of(ack, 0)));
    guard_free(&g);
}

static void test_encodes_what_it_decodes(void **state)
{
    (void)state;
    uint8_t out[sizeof open_bytes];
    struct dcep_open open = {
        .channel_type = 0x80,
        .priority = 0x0102,
        .reliability = 9,
        .label = SPAN_LITERAL("tunnel"),
        .protocol = SPAN_LITERAL("ht"),
    };
    for (size_t room = 0; room < sizeof out; room++)
        assert_int_equal(dcep_open_encode(&open, out, room), -ENOBUFS);
    assert_int_equal(dcep_open_encode(&open, out, sizeof out), sizeof out);
    assert_memory_equal(out, open_bytes, sizeof out);
    static uint8_t label[UINT16_MAX + 1];
    open.label = span_of(label, sizeof label);
    assert_int_equal(dcep_open_encode(&open, out, sizeof out), -ENOBUFS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decodes_open),
        cmocka_unit_test(test_truncated_at_each_byte),
        cmocka_unit_test(test_bytes_behind_are_ignored),
        cmocka_unit_test(test_greatest_lengths),
        cmocka_unit_test(test_ack),
        cmocka_unit_test(test_encodes_what_it_decodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
