/*
 *    0               1               2
 *   +-+-+-+-+-------+-+-------------+-------------------+-----------+---------
 *   |F|R|R|R|opcode |M| length,     | longer length:    | mask, if  | payload
 *   |I|S|S|S|       |A| 126 or 127  | 2 bytes for 126,  | MASK: 4   |
 *   |N|V|V|V|       |S|             | 8 for 127         | bytes     |
 *   +-+-+-+-+-------+-+-------------+-------------------+-----------+---------
 *
 * Most frames are a message of their own and come whole: one is parsed where it
 * lies, and unmasked to a room that is the caller's. What of a frame comes
 * without its end is kept as it came until the end is there, and what of a
 * message comes without its end is kept unmasked: both together are never more
 * than one message, since a head is refused that promises more.
 */
#include "net/websocket_frame.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "net/websocket_code.h"

enum { FIN = 0x80, RSV = 0x70, OPCODE = 0x0f, CONTROL = 0x08, MASK = 0x80, LENGTH = 0x7f };

struct websocket_unfinished {
    struct buf frame;   /* as it came, head and all */
    struct buf message; /* of its fragments so far */
    uint8_t opcode;     /* of that message; 0: there is none */
    bool has_frame;     /* whole, until the next is looked for; */
    bool has_ended;     /* so is the message */
};

struct frame_head {
    uint8_t opcode;
    bool is_final;
    size_t len;          /* of the head; what the rest says is known behind it */
    uint64_t frame_len;  /* with its payload; of a head that is not whole, its own */
    const uint8_t *mask; /* or NULL */
};

void websocket_decoder_init(struct websocket_decoder *decoder, bool is_client, uint32_t message_max)
{
    *decoder = (struct websocket_decoder){.is_client = is_client, .message_max = message_max};
}

static void drop_unfinished(struct websocket_decoder *decoder)
{
    if (!decoder->unfinished)
        return;
    buf_deinit(&decoder->unfinished->frame);
    buf_deinit(&decoder->unfinished->message);
    free(decoder->unfinished);
    decoder->unfinished = NULL;
}

void websocket_decoder_deinit(struct websocket_decoder *decoder)
{
    drop_unfinished(decoder);
}

void websocket_decoder_feed(struct websocket_decoder *decoder, struct span bytes)
{
    decoder->in = bytes;
}

static struct websocket_unfinished *make_unfinished(struct websocket_decoder *decoder)
{
    if (decoder->unfinished)
        return decoder->unfinished;
    size_t message_max = decoder->message_max;
    size_t payload_max = message_max > WEBSOCKET_CONTROL_MAX ? message_max : WEBSOCKET_CONTROL_MAX;
    struct websocket_unfinished *u = xcalloc(1, sizeof *u);
    buf_init(&u->frame, WEBSOCKET_HEAD_MAX + payload_max);
    buf_init(&u->message, message_max);
    decoder->unfinished = u;
    return u;
}

/* ---- heads ---- */

/* Of the first two bytes: 0, or the code to close with. */
static int check_kind(const struct websocket_decoder *decoder, const uint8_t *at)
{
    bool is_in_message = decoder->unfinished && decoder->unfinished->opcode != 0;
    bool is_masked = at[1] & MASK;
    if ((at[0] & RSV) || is_masked == decoder->is_client)
        return WEBSOCKET_PROTOCOL_ERROR;
    switch (at[0] & OPCODE) {
    case WEBSOCKET_CLOSE:
    case WEBSOCKET_PING:
    case WEBSOCKET_PONG:
        return (at[0] & FIN) && (at[1] & LENGTH) <= WEBSOCKET_CONTROL_MAX
                   ? 0
                   : WEBSOCKET_PROTOCOL_ERROR;
    case WEBSOCKET_CONTINUATION:
        return is_in_message ? 0 : WEBSOCKET_PROTOCOL_ERROR;
    case WEBSOCKET_TEXT:
        return is_in_message ? WEBSOCKET_PROTOCOL_ERROR : 0;
    case WEBSOCKET_BINARY:
        if (is_in_message)
            return WEBSOCKET_PROTOCOL_ERROR;
        return decoder->takes_binary ? 0 : WEBSOCKET_UNSUPPORTED;
    default:
        return WEBSOCKET_PROTOCOL_ERROR;
    }
}

/* Of the whole head. The length is to be as short as it can be said. */
static int check_length(const struct websocket_decoder *decoder, const struct frame_head *head,
                        uint64_t payload_len, uint64_t least)
{
    const struct websocket_unfinished *u = decoder->unfinished;
    if (payload_len < least || payload_len > INT64_MAX)
        return WEBSOCKET_PROTOCOL_ERROR;
    if (head->opcode & CONTROL)
        return 0;
    size_t before = u && u->opcode != 0 ? u->message.len : 0;
    return payload_len > decoder->message_max - before ? WEBSOCKET_TOO_BIG : 0;
}

/* As far as these bytes tell. 0, or the code to close with. */
static int parse_head(const struct websocket_decoder *decoder, struct span bytes,
                      struct frame_head *out)
{
    const uint8_t *at = bytes.data;
    *out = (struct frame_head){.len = 2, .frame_len = 2};
    if (bytes.len < 2)
        return 0;
    assert(at);
    int code = check_kind(decoder, at);
    if (code != 0)
        return code;
    uint64_t payload_len = at[1] & LENGTH, least = 0;
    size_t longer = payload_len == 126 ? 2 : payload_len == 127 ? 8 : 0;
    out->opcode = at[0] & OPCODE;
    out->is_final = at[0] & FIN;
    out->len += longer + (at[1] & MASK ? WEBSOCKET_MASK_LEN : 0);
    out->frame_len = out->len;
    if (bytes.len < out->len)
        return 0;
    if (longer == 2)
        payload_len = get_u16be(at + 2), least = 126;
    else if (longer == 8)
        payload_len = get_u64be(at + 2), least = UINT16_MAX + 1;
    if (at[1] & MASK)
        out->mask = at + 2 + longer;
    out->frame_len += payload_len;
    return check_length(decoder, out, payload_len, least);
}

/* ---- payloads ---- */

void websocket_mask(uint8_t *out, const uint8_t *in, size_t len,
                    const uint8_t mask[WEBSOCKET_MASK_LEN])
{
    uint64_t word, mask_word;
    size_t at = 0;
    memcpy(&mask_word, mask, WEBSOCKET_MASK_LEN);
    memcpy((uint8_t *)&mask_word + WEBSOCKET_MASK_LEN, mask, WEBSOCKET_MASK_LEN);
    for (; len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, in + at, sizeof word);
        word ^= mask_word;
        memcpy(out + at, &word, sizeof word);
    }
    for (; at < len; at++)
        out[at] = in[at] ^ mask[at % WEBSOCKET_MASK_LEN];
}

/* As websocket_decoder_next(), of a message that comes in several frames. */
static int take_fragment(struct websocket_decoder *decoder, const struct frame_head *head,
                         struct span *payload)
{
    struct websocket_unfinished *u = make_unfinished(decoder);
    uint8_t *end = buf_reserve(&u->message, payload->len); /* there is room: check_length() */
    if (head->mask)
        websocket_mask(end, payload->data, payload->len, head->mask);
    else if (payload->len > 0)
        memcpy(end, payload->data, payload->len);
    buf_commit(&u->message, payload->len);
    if (head->opcode != WEBSOCKET_CONTINUATION)
        u->opcode = head->opcode;
    u->has_ended = head->is_final;
    *payload = buf_bytes(&u->message);
    return head->is_final ? u->opcode : 0;
}

/* The same of any frame. */
static int take_frame(struct websocket_decoder *decoder, const struct frame_head *head,
                      uint8_t *room, struct span *payload)
{
    if (!head->is_final || head->opcode == WEBSOCKET_CONTINUATION)
        return take_fragment(decoder, head, payload);
    if (head->mask) {
        websocket_mask(room, payload->data, payload->len, head->mask);
        *payload = span_of(room, payload->len);
    }
    return head->opcode;
}

/* ---- frames ---- */

/* Keeps what came until the frame is so long, as far as it came. */
static void keep(struct websocket_decoder *decoder, uint64_t frame_len)
{
    struct buf *frame = &make_unfinished(decoder)->frame;
    size_t len = (size_t)(frame_len - frame->len);
    if (len > decoder->in.len)
        len = decoder->in.len;
    int error = buf_append(frame, span_of(decoder->in.data, len));
    assert(error == 0); /* the head was checked */
    (void)error;
    decoder->in = span_skip(decoder->in, len);
}

/* 1: a frame is whole; 0: more bytes are needed; negative: as
 * websocket_decoder_next(). */
static int find_frame(struct websocket_decoder *decoder, struct frame_head *head,
                      struct span *payload)
{
    for (;;) {
        struct websocket_unfinished *u = decoder->unfinished;
        bool is_kept = u && u->frame.len > 0;
        struct span bytes = is_kept ? buf_bytes(&u->frame) : decoder->in;
        int code = parse_head(decoder, bytes, head);
        if (code != 0)
            return -code;
        if (bytes.len >= head->frame_len) {
            *payload = span_of(bytes.data + head->len, (size_t)head->frame_len - head->len);
            if (is_kept)
                u->has_frame = true;
            else
                decoder->in = span_skip(bytes, (size_t)head->frame_len);
            return 1;
        }
        if (decoder->in.len == 0)
            return 0;
        keep(decoder, head->frame_len);
    }
}

/* What had been kept for the last frame, and the last message. */
static void forget(struct websocket_decoder *decoder)
{
    struct websocket_unfinished *u = decoder->unfinished;
    if (!u)
        return;
    if (u->has_frame)
        buf_clear(&u->frame);
    if (u->has_ended) {
        buf_clear(&u->message);
        u->opcode = 0;
    }
    u->has_frame = u->has_ended = false;
    if (u->frame.len == 0 && u->opcode == 0)
        drop_unfinished(decoder);
}

int websocket_decoder_next(struct websocket_decoder *decoder, uint8_t *room, struct span *payload)
{
    struct frame_head head;
    for (;;) {
        forget(decoder);
        int found = find_frame(decoder, &head, payload);
        if (found <= 0)
            return found;
        int whole = take_frame(decoder, &head, room, payload);
        if (whole > 0)
            return whole;
    }
}

/* ---- what goes ---- */

size_t websocket_head_encode(uint8_t out[WEBSOCKET_HEAD_MAX], enum websocket_opcode opcode,
                             size_t payload_len, const uint8_t *mask)
{
    size_t len = 2;
    out[0] = (uint8_t)(FIN | opcode);
    if (payload_len < 126) {
        out[1] = (uint8_t)payload_len;
    } else if (payload_len <= UINT16_MAX) {
        out[1] = 126;
        put_u16be(out + 2, (uint16_t)payload_len);
        len += 2;
    } else {
        out[1] = 127;
        put_u64be(out + 2, payload_len);
        len += 8;
    }
    if (!mask)
        return len;
    out[1] |= MASK;
    memcpy(out + len, mask, WEBSOCKET_MASK_LEN);
    return len + WEBSOCKET_MASK_LEN;
}
