/*
 * wslay makes and parses the frames; messages, control frames and closing are
 * done here. Its event API would do those too, but answers some breaches with
 * an empty close frame, and keeps a list node for every fragment: a peer that
 * sends single bytes could make 3 MiB of a message of 64 KiB.
 *
 * A frame context takes over 4 KiB, so one exists only while a frame or a
 * fragmented message is under way: it is made when bytes come or go and freed
 * at the next boundary, and thousands of sockets that wait for a peer cost
 * almost nothing. Whether a boundary is reached, wslay does not say. But every
 * frame tells its length, and a frame's head is as short as its length allows
 * (wslay refuses others): the bytes that went in are accounted for, or not.
 */
#include "net/websocket.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <wslay/wslay.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/utf8.h"

enum {
    CONTROL_MAX = 125, /* payload of a control frame, section 5.5 */
    REASON_MAX = CONTROL_MAX - 2,

    /* With so much unsent, pings go unanswered, as section 5.5.3 allows: a
     * peer that pings and does not read must not fill our memory. */
    PONG_QUEUE_MAX = 16 << 10
};

/* What exists only while bytes are under way. */
struct codec {
    wslay_frame_context_ptr wslay;
    struct span in;      /* not parsed yet */
    uint64_t fed;        /* bytes that wslay took */
    uint64_t framed;     /* bytes of the frames that began */
    uint64_t frame_left; /* payload to come of the frame under way */
    bool is_in_frame;
    bool is_in_message; /* a continuation frame is to follow */
    uint8_t control_len;
    uint8_t control[CONTROL_MAX];
    struct buf message; /* content so far */
    struct buf out;     /* frames that leave in one write */
};

struct websocket {
    struct loop *loop;
    struct conn *conn;
    const struct websocket_handlers *handlers;
    void *arg;
    struct codec *codec;
    struct buf *early; /* until the first turn */
    unsigned message_max;
    enum websocket_role role;
    bool has_closed; /* on_close came, or the owner closed */
    bool is_freed;
    bool is_busy; /* parsing: the codec must stay */
};

static ssize_t on_wslay_recv(uint8_t *out, size_t len, int flags, void *arg)
{
    (void)flags;
    struct codec *codec = arg;
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
    struct codec *codec = arg;
    return buf_append(&codec->out, span_of(data, len)) == 0 ? (ssize_t)len : -1;
}

static int on_wslay_genmask(uint8_t *out, size_t len, void *arg)
{
    (void)arg;
    random_bytes(out, len);
    return 0;
}

static void codec_make(struct websocket *ws)
{
    static const struct wslay_frame_callbacks callbacks = {on_wslay_send, on_wslay_recv,
                                                           on_wslay_genmask};
    if (ws->codec)
        return;
    struct codec *codec = xcalloc(1, sizeof *codec);
    buf_init(&codec->message, ws->message_max);
    buf_init(&codec->out, CONN_QUEUE_MAX);
    if (wslay_frame_context_init(&codec->wslay, &callbacks, codec) != 0)
        abort(); /* out of memory */
    ws->codec = codec;
}

static void codec_free(struct websocket *ws)
{
    struct codec *codec = ws->codec;
    if (!codec)
        return;
    wslay_frame_context_free(codec->wslay);
    buf_deinit(&codec->message);
    buf_deinit(&codec->out);
    free(codec);
    ws->codec = NULL;
}

/* Frees the codec when it has no state that matters. */
static void codec_rest(struct websocket *ws)
{
    const struct codec *codec = ws->codec;
    if (codec && !ws->is_busy && codec->fed == codec->framed && !codec->is_in_message)
        codec_free(ws);
}

static void codec_flush(struct websocket *ws)
{
    struct codec *codec = ws->codec;
    if (codec->out.len > 0)
        conn_write(ws->conn, buf_bytes(&codec->out));
    buf_clear(&codec->out);
}

/* Appends a frame to what leaves with the next flush. */
static void codec_put(struct websocket *ws, uint8_t opcode, struct span payload)
{
    struct wslay_frame_iocb frame = {.fin = 1,
                                     .opcode = opcode,
                                     .mask = ws->role == WEBSOCKET_CLIENT,
                                     .payload_length = payload.len,
                                     .data = payload.data,
                                     .data_length = payload.len};
    ssize_t sent = wslay_frame_send(ws->codec->wslay, &frame);
    /* The queue has room for far more than anybody may send at once. */
    assert(sent >= 0 && (size_t)sent == payload.len);
    (void)sent;
}

static void codec_put_close(struct websocket *ws, int code, const char *reason)
{
    uint8_t payload[CONTROL_MAX];
    size_t len = strlen(reason);
    assert(len <= REASON_MAX);
    put_u16be(payload, (uint16_t)code);
    memcpy(payload + 2, reason, len);
    codec_put(ws, WSLAY_CONNECTION_CLOSE,
              span_of(payload, code == WEBSOCKET_NO_STATUS ? 0 : len + 2));
}

/* Tells the owner, once. */
static void websocket_lose(struct websocket *ws, enum websocket_ender by, int code,
                           const char *reason)
{
    if (ws->has_closed)
        return;
    ws->has_closed = true;
    const struct websocket_end end = {by, code, reason};
    if (ws->handlers->on_close)
        ws->handlers->on_close(&end, ws->arg);
}

/* The peer broke a rule: says which, and tells the owner. */
static void websocket_refuse(struct websocket *ws, int code)
{
    const char *text = websocket_breach_text(code);
    codec_put_close(ws, code, text);
    codec_flush(ws);
    websocket_lose(ws, WEBSOCKET_BY_US, code, text);
}

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
static int codec_begin_frame(const struct websocket *ws, const struct wslay_frame_iocb *frame)
{
    struct codec *codec = ws->codec;
    codec->framed += frame_len(frame->payload_length, frame->mask);
    codec->frame_left = frame->payload_length;
    codec->is_in_frame = true;
    if (frame->rsv != 0 || frame->mask != (ws->role == WEBSOCKET_SERVER))
        return WEBSOCKET_PROTOCOL_ERROR;
    switch (frame->opcode) {
    case WSLAY_CONNECTION_CLOSE:
    case WSLAY_PING:
    case WSLAY_PONG: /* wslay has seen to it that they are short and whole */
        codec->control_len = 0;
        return 0;
    case WSLAY_CONTINUATION_FRAME:
        if (!codec->is_in_message)
            return WEBSOCKET_PROTOCOL_ERROR;
        break;
    case WSLAY_TEXT_FRAME:
    case WSLAY_BINARY_FRAME:
        if (codec->is_in_message)
            return WEBSOCKET_PROTOCOL_ERROR;
        if (frame->opcode == WSLAY_BINARY_FRAME)
            return WEBSOCKET_UNSUPPORTED;
        break;
    default:
        return WEBSOCKET_PROTOCOL_ERROR;
    }
    return frame->payload_length > buf_room(&codec->message) ? WEBSOCKET_TOO_BIG : 0;
}

static void codec_take_payload(struct codec *codec, const struct wslay_frame_iocb *frame)
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

static void websocket_on_close_frame(struct websocket *ws)
{
    const struct codec *codec = ws->codec;
    int code = WEBSOCKET_NO_STATUS;
    char reason[REASON_MAX + 1] = "";
    if (codec->control_len == 1) {
        websocket_refuse(ws, WEBSOCKET_PROTOCOL_ERROR);
        return;
    }
    if (codec->control_len >= 2) {
        struct span text = span_of(codec->control + 2, codec->control_len - 2U);
        code = get_u16be(codec->control);
        if (!websocket_is_close_code(code) || !utf8_is_valid(text)) {
            websocket_refuse(ws, websocket_is_close_code(code) ? WEBSOCKET_INVALID_TEXT
                                                               : WEBSOCKET_PROTOCOL_ERROR);
            return;
        }
        snprintf(reason, sizeof reason, "%.*s", SPAN_ARG(text));
    }
    codec_put_close(ws, code, "");
    codec_flush(ws);
    websocket_lose(ws, WEBSOCKET_BY_PEER, code, reason);
}

static void websocket_on_message(struct websocket *ws)
{
    struct buf *message = &ws->codec->message;
    if (!utf8_is_valid(buf_bytes(message))) {
        websocket_refuse(ws, WEBSOCKET_INVALID_TEXT);
        return;
    }
    if (ws->handlers->on_message)
        ws->handlers->on_message(buf_bytes(message), ws->arg);
    buf_clear(message);
}

static void websocket_on_frame(struct websocket *ws, const struct wslay_frame_iocb *frame)
{
    struct codec *codec = ws->codec;
    codec->is_in_frame = false;
    switch (frame->opcode) {
    case WSLAY_CONNECTION_CLOSE:
        websocket_on_close_frame(ws);
        break;
    case WSLAY_PING:
        if (conn_queued(ws->conn) + codec->out.len <= PONG_QUEUE_MAX)
            codec_put(ws, WSLAY_PONG, span_of(codec->control, codec->control_len));
        break;
    case WSLAY_PONG:
        if (ws->handlers->on_pong)
            ws->handlers->on_pong(span_of(codec->control, codec->control_len), ws->arg);
        break;
    default:
        codec->is_in_message = !frame->fin;
        if (frame->fin)
            websocket_on_message(ws);
    }
}

static void websocket_parse(struct websocket *ws)
{
    struct codec *codec = ws->codec;
    while (!ws->has_closed) {
        struct wslay_frame_iocb frame = {0};
        ssize_t len = wslay_frame_recv(codec->wslay, &frame);
        if (len == WSLAY_ERR_WANT_READ)
            return;
        int code = len < 0 ? WEBSOCKET_PROTOCOL_ERROR : 0;
        if (code == 0 && !codec->is_in_frame)
            code = codec_begin_frame(ws, &frame);
        if (code != 0) {
            websocket_refuse(ws, code);
            return;
        }
        codec_take_payload(codec, &frame);
        if (codec->frame_left == 0)
            websocket_on_frame(ws, &frame);
    }
}

static void websocket_feed(struct websocket *ws, struct span bytes)
{
    if (!ws->has_closed && ws->handlers->on_alive)
        ws->handlers->on_alive(ws->arg);
    if (ws->has_closed)
        return;
    codec_make(ws);
    ws->is_busy = true;
    ws->codec->in = bytes;
    websocket_parse(ws);
    ws->codec->in = (struct span){0};
    if (!ws->is_freed)
        codec_flush(ws);
    ws->is_busy = false;
    codec_rest(ws);
}

static void on_conn_data(struct span bytes, void *arg)
{
    websocket_feed(arg, bytes);
}

static void on_conn_end(void *arg)
{
    websocket_lose(arg, WEBSOCKET_BY_NOBODY, WEBSOCKET_ABNORMAL, "the connection ended");
}

static void on_conn_close(int error, const char *text, void *arg)
{
    (void)error;
    websocket_lose(arg, WEBSOCKET_BY_NOBODY, WEBSOCKET_ABNORMAL, text);
}

static void early_free(struct websocket *ws)
{
    if (!ws->early)
        return;
    buf_deinit(ws->early);
    free(ws->early);
    ws->early = NULL;
}

static void websocket_feed_early(void *arg)
{
    struct websocket *ws = arg;
    if (ws->is_freed)
        return;
    websocket_feed(ws, buf_bytes(ws->early));
    early_free(ws);
    if (!ws->is_freed)
        conn_set_reading(ws->conn, true);
}

struct websocket *websocket_new(struct loop *loop, struct conn *conn, enum websocket_role role,
                                size_t message_max, struct span early,
                                const struct websocket_handlers *handlers, void *arg)
{
    static const struct conn_handlers conn_handlers = {.on_data = on_conn_data,
                                                       .on_end = on_conn_end,
                                                       .on_close = on_conn_close};
    assert(message_max <= INT32_MAX);
    struct websocket *ws = xcalloc(1, sizeof *ws);
    ws->loop = loop;
    ws->conn = conn;
    ws->handlers = handlers;
    ws->arg = arg;
    ws->role = role;
    ws->message_max = (unsigned)message_max;
    conn_set_handlers(conn, &conn_handlers, ws);
    conn_set_reading(conn, early.len == 0);
    if (early.len > 0) {
        ws->early = xcalloc(1, sizeof *ws->early);
        buf_init(ws->early, early.len);
        buf_append(ws->early, early);
        loop_defer(loop, websocket_feed_early, ws);
    }
    return ws;
}

static void websocket_queue(struct websocket *ws, uint8_t opcode, struct span payload)
{
    if (ws->has_closed)
        return;
    codec_make(ws);
    codec_put(ws, opcode, payload);
    codec_flush(ws);
    codec_rest(ws);
}

void websocket_send(struct websocket *ws, struct span text)
{
    websocket_queue(ws, WSLAY_TEXT_FRAME, text);
}

void websocket_ping(struct websocket *ws, struct span payload)
{
    websocket_queue(ws, WSLAY_PING, payload);
}

size_t websocket_queued(const struct websocket *ws)
{
    return conn_queued(ws->conn);
}

const struct conn *websocket_conn(const struct websocket *ws)
{
    return ws->conn;
}

static void websocket_destroy(void *arg)
{
    struct websocket *ws = arg;
    codec_free(ws);
    early_free(ws);
    free(ws);
}

void websocket_close(struct websocket *ws, int code, const char *reason)
{
    assert(!ws->is_freed);
    if (!ws->has_closed) {
        ws->has_closed = true;
        codec_make(ws);
        codec_put_close(ws, code, reason);
        codec_flush(ws);
    }
    conn_close(ws->conn);
    ws->is_freed = true;
    loop_defer(ws->loop, websocket_destroy, ws);
}

void websocket_reset(struct websocket *ws)
{
    assert(!ws->is_freed);
    ws->has_closed = true;
    conn_reset(ws->conn);
    ws->is_freed = true;
    loop_defer(ws->loop, websocket_destroy, ws);
}
