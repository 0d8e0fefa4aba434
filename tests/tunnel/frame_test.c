/*
 * Frames: whole, at every length, flush against a guard page.
 */
#include "testing.h"

#include <errno.h>
#include <stdlib.h>

#include "tunnel/frame.h"

static void test_decode_whole(void **state)
{
    (void)state;
    static const uint8_t wire[] = {21, 0x01, 0x02, 0x03, 0x04, 'h', 'i'};
    struct guard g = guard_new(wire, sizeof wire);
    struct frame frame;
    assert_int_equal(frame_decode(g.bytes, &frame), 0);
    assert_int_equal(frame.type, FRAME_RES_BODY);
    assert_int_equal(frame.stream_id, 0x01020304);
    assert_true(span_is_string(frame.payload, "hi"));
    guard_free(&g);
}

static void test_decode_every_length(void **state)
{
    (void)state;
    static const uint8_t wire[] = {1, 0, 0, 0, 0, '{', '}'};
    for (size_t len = 0; len <= sizeof wire; len++) {
        struct guard g = guard_new(wire, len);
        struct frame frame;
        int expected = len < FRAME_HEADER_LEN ? -EINVAL : 0;
        assert_int_equal(frame_decode(g.bytes, &frame), expected);
        if (expected == 0)
            assert_int_equal(frame.payload.len, len - FRAME_HEADER_LEN);
        guard_free(&g);
    }
}

static void test_decode_largest(void **state)
{
    (void)state;
    uint8_t *wire = calloc(FRAME_MAX + 1, 1);
    struct frame frame;
    assert_int_equal(frame_decode(span_of(wire, FRAME_MAX), &frame), 0);
    assert_int_equal(frame.payload.len, FRAME_PAYLOAD_MAX);
    assert_int_equal(frame_decode(span_of(wire, FRAME_MAX + 1), &frame), -EINVAL);
    free(wire);
}

static void test_encode(void **state)
{
    (void)state;
    static const uint8_t expected[] = {99, 0xff, 0xfe, 0xfd, 0xfc};
    uint8_t header[FRAME_HEADER_LEN];
    frame_encode_header(FRAME_ERROR, 0xfffefdfc, header);
    assert_memory_equal(header, expected, sizeof expected);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(frame_type_name(FRAME_REQ_HEADERS), "REQ_HEADERS");
    assert_string_equal(frame_type_name(77), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_whole),   cmocka_unit_test(test_decode_every_length),
        cmocka_unit_test(test_decode_largest), cmocka_unit_test(test_encode),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
