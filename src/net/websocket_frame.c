/*
 * Whether a boundary between frames is reached, wslay does not say. But every
 * frame tells its length, and a frame's head is as short as its length allows
 * (wslay refuses others): the bytes that went in are accounted for, or not.
 */
#include "net/websocket_frame.h"

#include <assert.h>
#include <stdlib.h>
#include <wslay/wslay.h>

#include "base/alloc.h"
#include "base/random.h"
#include "net/conn.h"
#include "net/websocket_code.h"

struct websocket_codec {
    wslay_frame_context_ptr wslay;
    bool is_client;
    bool takes_binary;
    struct span in;      /* not parsed yet */
    uint64_t fed;        /* bytes that wslay took */
    uint64_t framed;     /* bytes of the frames that began */
    uint64_t frame_left; /* payload to come of the frame under way */
    bool is_in_frame;
    bool is_in_message; /* a continuation frame is to follow */
    bool is_whole;      /* the message was handed out */
    uint8_t opcode;     /* of the message */
    uint8_t control_len;
    uint8_t control[WEBSOCKET_CONTROL_MAX];
    struct buf message; /* content so far */
    struct buf out;     /* frames that leave in one write */
};

static ssize_t on_wslay_recv(uint8_t *out, size_t len, int flags, void *arg)
{
    (void)flags;
    struct websocket_codec *codec = arg;
    if (codec->in.len == 0)
        return -1; /* wslay then wants to read */
    if (len > codec->in.len)
        len = codec->in.len;
    memcpy(out, codec->in.data, len);
    codec->in = span_skip(codec->in, len);
    codec->fed += len;
    return (ssize_t)len;
}

static ssize_t on_wslay_send(const uint8_t *data, size_t len, int flags, void *arg)
{
    (void)flags;
    struct websocket_codec *codec = arg;
    return buf_append(&codec->out, span_of(data, len)) == 0 ? (ssize_t)len : -1;
}

static int on_wslay_genmask(uint8_t *out, size_t len, void *arg)
{
    (void)arg;
    random_bytes(out, len);
    return 0;
}

struct websocket_codec *websocket_codec_new(bool is_client, size_t message_max)
{
    static const struct wslay_frame_callbacks callbacks = {on_wslay_send, on_wslay_recv,
                                                           on_wslay_genmask};
    struct websocket_codec *codec = xcalloc(1, sizeof *codec);
    codec->is_client = is_client;
    buf_init(&codec->message, message_max);
    buf_init(&codec->out, CONN_QUEUE_MAX);
    if (wslay_frame_context_init(&codec->wslay, &callbacks, codec) != 0)
        abort(); /* out of memory */
    return codec;
}

void websocket_codec_free(struct websocket_codec *codec)
{
    if (!codec)
        return;
    wslay_frame_context_free(codec->wslay);
    buf_deinit(&codec->message);
    buf_deinit(&codec->out);
    free(codec);
}

void websocket_codec_accept_binary(struct websocket_codec *codec)
{
    codec->takes_binary = true;
}

bool websocket_codec_is_at_rest(const struct websocket_codec *codec)
{
    return codec->fed == codec->framed && !codec->is_in_message;
}

void websocket_codec_feed(struct websocket_codec *codec, struct span bytes)
{
    codec->in = bytes;
}

/* wslay reads ahead. */
struct span websocket_codec_rest(const struct websocket_codec *codec)
{
    size_t ahead = (size_t)(codec->fed - codec->framed);
    return span_of(codec->in.data - ahead, codec->in.len + ahead);
}

/* --- what comes ----------------------------------------------------------- */

static uint64_t frame_len(uint64_t payload_len, bool is_masked)
{
    uint64_t len = 2 + payload_len;
    if (payload_len > UINT16_MAX)
        len += 8;
    else if (payload_len >= 126)
        len += 2;
    return is_masked ? len + 4 : len;
}

/* 0, or the code to close with. */
static int begin_frame(struct websocket_codec *codec, const struct wslay_frame_iocb *frame)
{
    codec->framed += frame_len(frame->payload_length, frame->mask);
    codec->frame_left = frame->payload_length;
    codec->is_in_frame = true;
    if (frame->rsv != 0 || frame->mask == codec->is_client)
        return WEBSOCKET_PROTOCOL_ERROR;
    switch (frame->opcode) {
    case WEBSOCKET_CLOSE:
    case WEBSOCKET_PING:
    case WEBSOCKET_PONG: /* wslay has seen to it that they are short and whole */
        codec->control_len = 0;
        return 0;
    case WEBSOCKET_CONTINUATION:
        if (!codec->is_in_message)
            return WEBSOCKET_PROTOCOL_ERROR;
        break;
    case WEBSOCKET_TEXT:
    case WEBSOCKET_BINARY:
        if (codec->is_in_message)
            return WEBSOCKET_PROTOCOL_ERROR;
        if (frame->opcode == WEBSOCKET_BINARY && !codec->takes_binary)
            return WEBSOCKET_UNSUPPORTED;
        codec->opcode = frame->opcode;
        break;
    default:
        return WEBSOCKET_PROTOCOL_ERROR;
    }
    return frame->payload_length > buf_room(&codec->message) ? WEBSOCKET_TOO_BIG : 0;
}

static void take_payload(struct websocket_codec *codec, const struct wslay_frame_iocb *frame)
{
    struct span bytes = span_of(frame->data, frame->data_length);
    codec->frame_left -= bytes.len;
    if (!wslay_is_ctrl_frame(frame->opcode)) {
        int error = buf_append(&codec->message, bytes);
        assert(error == 0); /* the frame's length was checked */
        (void)error;
    } else if (bytes.len > 0) {
        memcpy(codec->control + codec->control_len, bytes.data, bytes.len);
        codec->control_len = (uint8_t)(codec->control_len + bytes.len);
    }
}

/* As websocket_codec_next(), of a frame that is whole; 0 for a fragment. */
static int end_frame(struct websocket_codec *codec, const struct wslay_frame_iocb *frame,
                     struct span *payload)
{
    codec->is_in_frame = false;
    *payload = span_of(codec->control, codec->control_len);
    if (wslay_is_ctrl_frame(frame->opcode))
        return frame->opcode;
    codec->is_in_message = !frame->fin;
    codec->is_whole = frame->fin;
    *payload = buf_bytes(&codec->message);
    return frame->fin ? codec->opcode : 0;
}

int websocket_codec_next(struct websocket_codec *codec, struct span *payload)
{
    if (codec->is_whole)
        buf_clear(&codec->message);
    codec->is_whole = false;
    for (;;) {
        struct wslay_frame_iocb frame = {0};
        ssize_t len = wslay_frame_recv(codec->wslay, &frame);
        if (len == WSLAY_ERR_WANT_READ)
            return 0;
        int code = len < 0 ? WEBSOCKET_PROTOCOL_ERROR : 0;
        if (code == 0 && !codec->is_in_frame)
            code = begin_frame(codec, &frame);
        if (code != 0)
            return -code;
        take_payload(codec, &frame);
        int whole = codec->frame_left == 0 ? end_frame(codec, &frame, payload) : 0;
        if (whole > 0)
            return whole;
    }
}

/* --- what goes ------------------------------------------------------------ */

void websocket_codec_put(struct websocket_codec *codec, enum websocket_opcode opcode,
                         struct span payload)
{
    struct wslay_frame_iocb frame = {.fin = 1,
                                     .opcode = (uint8_t)opcode,
                                     .mask = codec->is_client,
                                     .payload_length = payload.len,
                                     .data = payload.data,
                                     .data_length = payload.len};
    ssize_t sent = wslay_frame_send(codec->wslay, &frame);
    /* The queue has room for far more than anybody may send at once. */
    assert(sent >= 0 && (size_t)sent == payload.len);
    (void)sent;
}

struct buf *websocket_codec_out(struct websocket_codec *codec)
{
    return &codec->out;
}
