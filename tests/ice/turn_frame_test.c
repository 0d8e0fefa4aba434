/*
 * ChannelData and the stream of frames between a client and its TURN server.
 */
#include "testing.h"

#include <errno.h>

#include "base/buf.h"
#include "ice/stun.h"
#include "ice/turn_frame.h"

static size_t make_channel(uint8_t *out, uint16_t channel, uint16_t len, bool is_stream)
{
    turn_channel_encode(channel, len, out);
    memset(out + 4, 'x', len);
    size_t padding = is_stream ? turn_channel_padding(len) : 0;
    memset(out + 4 + len, 0, padding);
    return 4 + len + padding;
}

static void test_channel(void **state)
{
    (void)state;
    for (uint16_t len = 0; len < 9; len++) {
        uint8_t bytes[32];
        uint16_t channel;
        struct span data;
        size_t total = make_channel(bytes, 0x4123, len, false);
        for (size_t cut = 0; cut < total; cut++) {
            struct guard g = guard_new(bytes, cut);
            assert_int_equal(turn_channel_decode(g.bytes, &channel, &data), 0);
            guard_free(&g);
        }
        struct guard g = guard_new(bytes, total);
        assert_int_equal(turn_channel_decode(g.bytes, &channel, &data), (int)total);
        assert_int_equal(channel, 0x4123);
        assert_int_equal(data.len, len);
        guard_free(&g);
    }
    uint16_t channel;
    struct span data;
    assert_int_equal(turn_channel_decode(SPAN_LITERAL("\x50\0\0\0"), &channel, &data), -EINVAL);
    assert_int_equal(turn_channel_decode(SPAN_LITERAL("\0"), &channel, &data), -EINVAL);
}

/* A row of frames of both kinds gives the same frames in pieces of any size. */
static void test_stream(void **state)
{
    (void)state;
    uint8_t bytes[512];
    uint8_t id[STUN_ID_LEN] = {0};
    size_t len = 0;
    size_t want[5];
    for (uint16_t i = 0; i < 4; i++) {
        len += make_channel(bytes + len, (uint16_t)(0x4000 + i), (uint16_t)(5 + i), true);
        want[i] = 4 + 5u + i;
    }
    struct stun_writer w;
    stun_begin(&w, bytes + len, 100, STUN_INDICATION, STUN_DATA, id);
    stun_put(&w, STUN_DATA_VALUE, SPAN_LITERAL("hello"));
    want[4] = w.len;
    len += w.len;
    for (size_t piece = 1; piece <= len; piece++) {
        struct buf b;
        int frames = 0;
        buf_init(&b, sizeof bytes);
        for (size_t at = 0; at < len; at += piece) {
            size_t take = piece < len - at ? piece : len - at;
            assert_int_equal(buf_append(&b, span_of(bytes + at, take)), 0);
            struct span frame;
            struct guard g = guard_new(buf_bytes(&b).data, b.len);
            size_t done = 0;
            int used;
            while ((used = turn_stream_decode(span_skip(g.bytes, done), &frame)) > 0) {
                assert_true(frames < 5);
                assert_int_equal(frame.len, want[frames]);
                frames++;
                done += (size_t)used;
            }
            assert_int_equal(used, 0);
            buf_consume(&b, done);
            guard_free(&g);
        }
        assert_int_equal(frames, 5);
        assert_int_equal(b.len, 0);
        buf_deinit(&b);
    }
}

static void test_nonsense(void **state)
{
    (void)state;
    struct span frame;
    assert_int_equal(turn_stream_decode(SPAN_LITERAL("HTTP/1.1 400 Bad Request\r\n"), &frame),
                     0); /* 'H' is a channel of the reserved range, awaiting 0x5450 bytes */
    assert_int_equal(turn_stream_decode(SPAN_LITERAL("\x16\x03\x01\x02"), &frame), -EINVAL);
    assert_int_equal(turn_stream_decode(SPAN_LITERAL("\0\1\0\0wrong cookie 1234567"), &frame),
                     -EINVAL);
    assert_int_equal(turn_stream_decode(SPAN_LITERAL("\0\1\0\1\x21\x12\xa4\x42"
                                                     "123456789012"),
                                        &frame),
                     -EINVAL);
}

static void test_classes(void **state)
{
    (void)state;
    for (int b = 0; b < 256; b++) {
        uint8_t byte = (uint8_t)b;
        enum ice_packet want = b <= 3               ? ICE_PACKET_STUN
                               : b >= 20 && b <= 63 ? ICE_PACKET_DTLS
                               : b >= 64 && b <= 79 ? ICE_PACKET_CHANNEL
                                                    : ICE_PACKET_OTHER;
        assert_int_equal(ice_packet_class(span_of(&byte, 1)), want);
    }
    assert_int_equal(ice_packet_class((struct span){0}), ICE_PACKET_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channel),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
