/*
 * Bundles: written, and read flush against a guard page.
 */
#include "testing.h"

#include "tunnel/bundle.h"

static void assert_message(const struct bundle *bundle, const void *expected, size_t len)
{
    struct span message = bundle_message(bundle);
    assert_int_equal(message.len, len);
    assert_memory_equal(message.data, expected, len);
}

/* Those of docs/PROTOCOL.md. */
static void test_a_second_frame_makes_a_bundle(void **state)
{
    (void)state;
    static const uint8_t body[] = "\x15\0\0\0\1hi";
    static const uint8_t both[] = "\5\0\0\0\0\0\7\x15\0\0\0\1hi\0\5\x16\0\0\0\1";
    struct bundle bundle = {0};
    bundle_add(&bundle, span_of(body, 5), SPAN_LITERAL("hi"));
    assert_message(&bundle, body, sizeof body - 1);
    bundle_add(&bundle, SPAN_LITERAL("\x16\0\0\0\1"), (struct span){0});
    assert_message(&bundle, both, sizeof both - 1);
    struct span frames = bundle_frames(&bundle);
    struct frame frame;
    assert_true(bundle_next(&frames, &frame));
    assert_int_equal(frame.type, FRAME_RES_BODY);
    assert_true(bundle_next(&frames, &frame));
    assert_int_equal(frame.type, FRAME_RES_END);
    assert_false(bundle_next(&frames, &frame));
    bundle_clear(&bundle);
    assert_int_equal(bundle.count, 0);
    bundle_add(&bundle, span_of(body, 5), SPAN_LITERAL("hi"));
    assert_message(&bundle, body, sizeof body - 1);
    bundle_deinit(&bundle);
}

static void test_room(void **state)
{
    (void)state;
    static const uint8_t bytes[BUNDLE_FRAME_MAX];
    struct bundle bundle = {0};
    assert_true(bundle_has_room(&bundle, BUNDLE_FRAME_MAX));
    assert_false(bundle_has_room(&bundle, BUNDLE_FRAME_MAX + 1));
    bundle_add(&bundle, span_of(bytes, 10), span_of(bytes, 90));
    size_t rest = BUNDLE_FRAME_MAX - 100 - BUNDLE_LENGTH_LEN;
    assert_true(bundle_has_room(&bundle, rest));
    assert_false(bundle_has_room(&bundle, rest + 1));
    bundle_add(&bundle, span_of(bytes, rest), (struct span){0});
    assert_int_equal(bundle_message(&bundle).len, BUNDLE_MAX);
    assert_false(bundle_has_room(&bundle, 0));
    bundle_deinit(&bundle);
}

static void test_read(void **state)
{
    (void)state;
    static const uint8_t payload[] = "\0\7\x15\0\0\0\1hi\0\5\x16\0\0\0\2";
    struct guard g = guard_new(payload, sizeof payload - 1);
    struct span rest = g.bytes;
    struct frame frame;
    assert_true(bundle_is_valid(rest));
    assert_true(bundle_next(&rest, &frame));
    assert_int_equal(frame.type, FRAME_RES_BODY);
    assert_int_equal(frame.stream_id, 1);
    assert_true(span_is_string(frame.payload, "hi"));
    assert_true(bundle_next(&rest, &frame));
    assert_int_equal(frame.type, FRAME_RES_END);
    assert_int_equal(frame.stream_id, 2);
    assert_int_equal(frame.payload.len, 0);
    assert_false(bundle_next(&rest, &frame));
    guard_free(&g);
}

static void test_malformed(void **state)
{
    (void)state;
    static const struct span payloads[] = {
        SPAN_LITERAL(""),                                 /* no frame */
        SPAN_LITERAL("\0"),                               /* half a length */
        SPAN_LITERAL("\0\5\x16\0\0\0"),                   /* a frame that is cut off */
        SPAN_LITERAL("\0\4\x16\0\0\0"),                   /* shorter than a header */
        SPAN_LITERAL("\0\0"),                             /* empty */
        SPAN_LITERAL("\0\5\x16\0\0\0\1\0"),               /* something behind */
        SPAN_LITERAL("\0\5\x16\0\0\0\1\xff\xff\x16"),     /* the second is cut off */
        SPAN_LITERAL("\0\x0c\5\0\0\0\0\0\5\x16\0\0\0\1"), /* a bundle in a bundle */
    };
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        struct guard g = guard_new(payloads[i].data, payloads[i].len);
        assert_false(bundle_is_valid(g.bytes));
        guard_free(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_second_frame_makes_a_bundle),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
