/*
 * Frames of a WebSocket against their decoder alone, flush against a guard
 * page: whole, and in pieces of every size.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "net/websocket_code.h"
#include "net/websocket_frame.h"

enum { MESSAGE_MAX = 70000, FIN = 0x80 };

static uint8_t room[MESSAGE_MAX];

/* What a decoder says, in words: the opcode and how long the payload is, with
 * its first bytes; the code of a breach is the last. */
static void tell(struct buf *out, struct websocket_decoder *decoder, struct span bytes)
{
    struct span payload;
    int got;
    struct guard g = guard_new(bytes.data, bytes.len);
    websocket_decoder_feed(decoder, g.bytes);
    while ((got = websocket_decoder_next(decoder, room, &payload)) > 0)
        buf_append_format(out, "%d:%zu %.*s,", got, payload.len,
                          payload.len < 8 ? (int)payload.len : 8, (const char *)payload.data);
    if (got < 0)
        buf_append_format(out, "%d.", got);
    guard_free(&g);
}

/* The same of bytes that come in pieces of so many. */
static void expect(struct span bytes, size_t piece, bool is_client, const char *words)
{
    struct websocket_decoder decoder;
    struct buf said;
    buf_init(&said, 1 << 20);
    websocket_decoder_init(&decoder, is_client, MESSAGE_MAX);
    for (size_t at = 0; at < bytes.len; at += piece) {
        size_t left = bytes.len - at;
        tell(&said, &decoder, span_of(bytes.data + at, left < piece ? left : piece));
        if (said.len > 0 && said.data[said.head + said.len - 1] == '.')
            break;
    }
    websocket_decoder_deinit(&decoder);
    assert_int_equal(said.len, strlen(words));
    assert_memory_equal(buf_bytes(&said).data, words, said.len);
    buf_deinit(&said);
}

static void put(struct buf *out, int first_byte, bool is_masked, struct span payload)
{
    static const uint8_t mask[WEBSOCKET_MASK_LEN] = {0x12, 0x34, 0x56, 0x78};
    uint8_t head[WEBSOCKET_HEAD_MAX];
    size_t len = websocket_head_encode(head, WEBSOCKET_TEXT, payload.len, is_masked ? mask : NULL);
    head[0] = (uint8_t)first_byte;
    buf_append(out, span_of(head, len));
    uint8_t *end = buf_reserve(out, payload.len);
    for (size_t i = 0; i < payload.len; i++)
        end[i] = is_masked ? payload.data[i] ^ mask[i % 4] : payload.data[i];
    buf_commit(out, payload.len);
}

static void frames_come_in_pieces(void **state)
{
    (void)state;
    static char big[MESSAGE_MAX];
    memset(big, 'b', sizeof big);
    for (int is_client = 0; is_client < 2; is_client++) {
        struct buf wire;
        buf_init(&wire, 1 << 20);
        put(&wire, FIN | WEBSOCKET_TEXT, !is_client, SPAN_LITERAL("hello"));
        put(&wire, FIN | WEBSOCKET_TEXT, !is_client, SPAN_LITERAL(""));
        put(&wire, WEBSOCKET_TEXT, !is_client, SPAN_LITERAL("a"));
        put(&wire, FIN | WEBSOCKET_PING, !is_client, SPAN_LITERAL("p"));
        put(&wire, WEBSOCKET_CONTINUATION, !is_client, SPAN_LITERAL(""));
        put(&wire, FIN | WEBSOCKET_CONTINUATION, !is_client, SPAN_LITERAL("b"));
        put(&wire, FIN | WEBSOCKET_TEXT, !is_client, span_of(big, 126));
        put(&wire, FIN | WEBSOCKET_PONG, !is_client, SPAN_LITERAL(""));
        size_t small = wire.len;
        put(&wire, FIN | WEBSOCKET_TEXT, !is_client, span_of(big, MESSAGE_MAX));
        put(&wire, FIN | WEBSOCKET_CLOSE, !is_client, SPAN_LITERAL("\3\xe8"));
        struct span bytes = buf_bytes(&wire);
        static const char words[] = "1:5 hello,1:0 ,9:1 p,1:2 ab,1:126 bbbbbbbb,10:0 ,";
        for (size_t piece = 1; piece <= small; piece++)
            expect(span_of(bytes.data, small), piece, is_client, words);
        expect(bytes, SIZE_MAX, is_client,
               "1:5 hello,1:0 ,9:1 p,1:2 ab,1:126 bbbbbbbb,10:0 ,1:70000 bbbbbbbb,8:2 \3\xe8,");
        expect(bytes, 4099, is_client,
               "1:5 hello,1:0 ,9:1 p,1:2 ab,1:126 bbbbbbbb,10:0 ,1:70000 bbbbbbbb,8:2 \3\xe8,");
        buf_deinit(&wire);
    }
}

/* Each breaks it with its last byte, and not before. */
static void heads_that_break_a_rule(void **state)
{
    (void)state;
    static const struct {
        struct span bytes;
        const char *words;
    } rows[] = {
#define ROW(literal, words) {{(const uint8_t *)(literal), sizeof(literal) - 1}, words}
        ROW("\x81\x00", "-1002."),                             /* not masked */
        ROW("\xc1\x80", "-1002."),                             /* a reserved bit, */
        ROW("\x83\x80", "-1002."),                             /* or opcode */
        ROW("\x8b\x80", "-1002."),                             /* of a control frame */
        ROW("\x82\x80", "-1003."),                             /* binary */
        ROW("\x80\x80", "-1002."),                             /* continues nothing */
        ROW("\x09\x80", "-1002."),                             /* a control frame in part, */
        ROW("\x89\xfe", "-1002."),                             /* or too long */
        ROW("\x81\xfe\x00\x7d\0\0\0\0", "-1002."),             /* its length could be shorter */
        ROW("\x81\xff\0\0\0\0\0\0\xff\xff\0\0\0\0", "-1002."), /* as well */
        ROW("\x81\xff\x80\0\0\0\0\0\0\0\0\0\0\0", "-1002."),   /* the highest bit */
        ROW("\x81\xff\0\0\0\0\0\1\x11\x71\0\0\0\0", "-1009."), /* 70001 */
        ROW("\x01\x80\0\0\0\0\x81\x80", "-1002."),             /* one inside another */
        ROW("\x01\x81\0\0\0\0x\x80\xff\0\0\0\0\0\1\x11\x70\0\0\0\0", "-1009."), /* 1 + 70000 */
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect(rows[i].bytes, SIZE_MAX, false, rows[i].words);
        expect(rows[i].bytes, 1, false, rows[i].words);
        expect(span_of(rows[i].bytes.data, rows[i].bytes.len - 1), SIZE_MAX, false, "");
    }
    expect(SPAN_LITERAL("\x81\x80"), SIZE_MAX, true, "-1002."); /* masked, to a client */
}

static void masks_any_length_at_any_place(void **state)
{
    (void)state;
    static const uint8_t mask[WEBSOCKET_MASK_LEN] = {0x01, 0x80, 0x7f, 0xfe};
    uint8_t in[80], out[80];
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 7);
    for (size_t at = 0; at < 8; at++) {
        for (size_t len = 0; len + at <= 72; len++) {
            memset(out, 0xaa, sizeof out);
            websocket_mask(out + at, in + 7 - at, len, mask);
            for (size_t i = 0; i < len; i++)
                assert_int_equal(out[at + i], in[7 - at + i] ^ mask[i % 4]);
            assert_int_equal(out[at + len], 0xaa);
            websocket_mask(out + at, out + at, len, mask);
            assert_memory_equal(out + at, in + 7 - at, len);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_in_pieces),
        cmocka_unit_test(heads_that_break_a_rule),
        cmocka_unit_test(masks_any_length_at_any_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
