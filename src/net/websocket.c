/*
 * wslay makes and parses the frames (net/websocket_frame.h); messages, control
 * frames and closing are done here. Its event API would do those too, but
 * answers some breaches with an empty close frame, and keeps a list node for
 * every fragment: a peer that sends single bytes could make 3 MiB of a message
 * of 64 KiB.
 *
 * A frame context takes over 4 KiB, so one exists only while a frame or a
 * fragmented message is under way: it is made when bytes come or go and freed
 * at the next boundary, and thousands of sockets that wait for a peer cost
 * almost nothing.
 */
#include "net/websocket.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/utf8.h"
#include "net/websocket_frame.h"

enum {
    REASON_MAX = WEBSOCKET_CONTROL_MAX - 2,

    /* With so much unsent, pings go unanswered, as section 5.5.3 allows: a
     * peer that pings and does not read must not fill our memory. */
    PONG_QUEUE_MAX = 16 << 10,

    /* So much is one write's worth, and waits for no more. */
    JOINED_MAX = 16 << 10
};

struct websocket {
    struct loop *loop;
    struct conn *conn;
    const struct websocket_handlers *handlers;
    void *arg;
    struct websocket_codec *codec; /* only while bytes are under way, else NULL */
    struct buf *early;             /* until the first turn */
    unsigned message_max;
    enum websocket_role role;
    bool takes_binary;
    bool has_closed; /* on_close came, or the owner closed */
    bool is_freed;
    bool is_busy;    /* parsing: the codec must stay */
    bool is_joining; /* what it has made leaves in a later turn */
};

static void codec_make(struct websocket *ws)
{
    if (ws->codec)
        return;
    ws->codec = websocket_codec_new(ws->role == WEBSOCKET_CLIENT, ws->message_max);
    if (ws->takes_binary)
        websocket_codec_accept_binary(ws->codec);
}

static void codec_free(struct websocket *ws)
{
    websocket_codec_free(ws->codec);
    ws->codec = NULL;
}

/* Frees the codec when it has no state that matters. */
static void codec_rest(struct websocket *ws)
{
    bool is_needed = ws->is_busy || ws->is_joining;
    if (ws->codec && !is_needed && websocket_codec_is_at_rest(ws->codec))
        codec_free(ws);
}

static void codec_flush(struct websocket *ws)
{
    struct buf *out = websocket_codec_out(ws->codec);
    if (out->len > 0)
        conn_write(ws->conn, buf_bytes(out));
    buf_clear(out);
}

static void codec_put_close(struct websocket *ws, int code, const char *reason)
{
    uint8_t payload[WEBSOCKET_CONTROL_MAX];
    size_t len = strlen(reason);
    assert(len <= REASON_MAX);
    put_u16be(payload, (uint16_t)code);
    memcpy(payload + 2, reason, len);
    websocket_codec_put(ws->codec, WEBSOCKET_CLOSE,
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

static void websocket_on_close_frame(struct websocket *ws, struct span payload)
{
    int code = WEBSOCKET_NO_STATUS;
    char reason[REASON_MAX + 1] = "";
    if (payload.len == 1) {
        websocket_refuse(ws, WEBSOCKET_PROTOCOL_ERROR);
        return;
    }
    if (payload.len >= 2) {
        struct span text = span_skip(payload, 2);
        code = get_u16be(payload.data);
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

static void websocket_on_message(struct websocket *ws, struct span message)
{
    if (!utf8_is_valid(message))
        websocket_refuse(ws, WEBSOCKET_INVALID_TEXT);
    else if (ws->handlers->on_message)
        ws->handlers->on_message(message, ws->arg);
}

static void websocket_on_frame(struct websocket *ws, int opcode, struct span payload)
{
    switch (opcode) {
    case WEBSOCKET_CLOSE:
        websocket_on_close_frame(ws, payload);
        break;
    case WEBSOCKET_PING:
        if (conn_queued(ws->conn) + websocket_codec_out(ws->codec)->len <= PONG_QUEUE_MAX)
            websocket_codec_put(ws->codec, WEBSOCKET_PONG, payload);
        break;
    case WEBSOCKET_PONG:
        if (ws->handlers->on_pong)
            ws->handlers->on_pong(payload, ws->arg);
        break;
    case WEBSOCKET_BINARY:
        ws->handlers->on_binary(payload, ws->arg);
        break;
    default:
        websocket_on_message(ws, payload);
    }
}

static void websocket_parse(struct websocket *ws)
{
    struct span payload;
    while (!ws->has_closed) {
        int got = websocket_codec_next(ws->codec, &payload);
        if (got == 0)
            return;
        if (got < 0)
            websocket_refuse(ws, -got);
        else
            websocket_on_frame(ws, got, payload);
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
    websocket_codec_feed(ws->codec, bytes);
    websocket_parse(ws);
    websocket_codec_feed(ws->codec, (struct span){0});
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

static void on_conn_drain(void *arg)
{
    struct websocket *ws = arg;
    if (!ws->has_closed && ws->handlers->on_drain)
        ws->handlers->on_drain(ws->arg);
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
                                                       .on_drain = on_conn_drain,
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

static void websocket_queue(struct websocket *ws, enum websocket_opcode opcode, struct span payload)
{
    if (ws->has_closed)
        return;
    codec_make(ws);
    websocket_codec_put(ws->codec, opcode, payload);
    codec_flush(ws);
    codec_rest(ws);
}

void websocket_send(struct websocket *ws, struct span text)
{
    websocket_queue(ws, WEBSOCKET_TEXT, text);
}

static void websocket_send_joined(void *arg)
{
    struct websocket *ws = arg;
    ws->is_joining = false;
    if (ws->is_freed)
        return;
    codec_flush(ws);
    codec_rest(ws);
}

void websocket_send_soon(struct websocket *ws, struct span text)
{
    if (ws->has_closed)
        return;
    codec_make(ws);
    websocket_codec_put(ws->codec, WEBSOCKET_TEXT, text);
    if (websocket_codec_out(ws->codec)->len >= JOINED_MAX)
        codec_flush(ws);
    if (ws->is_joining)
        return;
    ws->is_joining = true;
    loop_defer(ws->loop, websocket_send_joined, ws);
}

void websocket_send_binary(struct websocket *ws, struct span bytes)
{
    websocket_queue(ws, WEBSOCKET_BINARY, bytes);
}

void websocket_accept_binary(struct websocket *ws)
{
    assert(ws->handlers->on_binary);
    ws->takes_binary = true;
    if (ws->codec)
        websocket_codec_accept_binary(ws->codec);
}

void websocket_limit_unsent(struct websocket *ws, int bytes)
{
    conn_limit_unsent(ws->conn, bytes);
}

void websocket_read_little(struct websocket *ws)
{
    conn_read_little(ws->conn);
}

void websocket_set_reading(struct websocket *ws, bool reading)
{
    conn_set_reading(ws->conn, reading);
}

void websocket_await_drain(struct websocket *ws)
{
    conn_drain_fully(ws->conn);
}

void websocket_ping(struct websocket *ws, struct span payload)
{
    websocket_queue(ws, WEBSOCKET_PING, payload);
}

size_t websocket_queued(const struct websocket *ws)
{
    return conn_queued(ws->conn) + (ws->is_joining ? websocket_codec_out(ws->codec)->len : 0);
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

struct conn *websocket_surrender(struct websocket *ws, struct span *rest)
{
    assert(!ws->is_freed && !ws->has_closed);
    *rest = ws->early ? buf_bytes(ws->early) : (struct span){0};
    if (ws->is_busy)
        *rest = websocket_codec_rest(ws->codec);
    if (ws->codec)
        codec_flush(ws);
    ws->has_closed = true;
    ws->is_freed = true;
    loop_defer(ws->loop, websocket_destroy, ws);
    return ws->conn;
}
