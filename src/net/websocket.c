/*
 * Frames are made and parsed in net/websocket_frame.c; messages, control frames
 * and closing are done here.
 *
 * Thousands of sockets wait for a peer, so one at rest has nothing but its
 * struct. What it is sent is unmasked to a room that the whole loop has, and
 * what is to leave with the rest of a turn is gathered in memory that is there
 * until then.
 */
#include "net/websocket.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/utf8.h"
#include "net/loop_internal.h"
#include "net/websocket_frame.h"

enum {
    REASON_MAX = WEBSOCKET_CONTROL_MAX - 2,

    /* With so much unsent, pings go unanswered, as section 5.5.3 allows: a
     * peer that pings and does not read must not fill our memory. */
    PONG_QUEUE_MAX = 16 << 10,

    /* So much is one write's worth, and waits for no more. */
    GATHERED_MAX = 16 << 10,

    /* A payload that needs no memory but the stack's: a datagram's, or that of
     * a control frame. */
    SMALL_MAX = 2 << 10
};

/* Frames that leave before the loop sleeps. */
struct gathering {
    struct before_sleep call;
    struct buf frames;
};

struct websocket {
    struct loop *loop;
    struct conn *conn;
    const struct websocket_handlers *handlers;
    void *arg;
    struct gathering *gathering; /* NULL: there is nothing in it */
    struct buf *early;           /* until the first turn */
    struct websocket_decoder decoder;
    bool is_busy;    /* parsing */
    bool has_closed; /* on_close came, or the owner closed */
    bool is_freed;
};

/* ---- what goes ---- */

static void gathering_free(struct websocket *ws)
{
    if (!ws->gathering)
        return;
    list_remove(&ws->gathering->call.link);
    buf_deinit(&ws->gathering->frames);
    free(ws->gathering);
    ws->gathering = NULL;
}

static void send_gathered(void *arg)
{
    struct websocket *ws = arg;
    if (!ws->gathering)
        return;
    conn_write(ws->conn, buf_bytes(&ws->gathering->frames));
    gathering_free(ws);
}

static struct gathering *gathering_make(struct websocket *ws)
{
    if (ws->gathering)
        return ws->gathering;
    struct gathering *gathering = xcalloc(1, sizeof *gathering);
    gathering->call = (struct before_sleep){.call = send_gathered, .arg = ws};
    buf_init(&gathering->frames, CONN_QUEUE_MAX);
    list_init(&gathering->call.link);
    list_append(loop_before_sleep(ws->loop), &gathering->call.link);
    ws->gathering = gathering;
    return gathering;
}

/* Writes a frame of these parts; returns its length, WEBSOCKET_HEAD_MAX more
 * than theirs at most. */
static size_t encode(const struct websocket *ws, uint8_t *out, enum websocket_opcode opcode,
                     const struct span *parts, size_t count)
{
    size_t len = span_total(parts, count);
    uint8_t mask[WEBSOCKET_MASK_LEN];
    bool is_masked = ws->decoder.is_client;
    if (is_masked)
        random_bytes(mask, sizeof mask);
    size_t head_len = websocket_head_encode(out, opcode, len, is_masked ? mask : NULL);
    span_join(out + head_len, parts, count);
    if (is_masked)
        websocket_mask(out + head_len, out + head_len, len, mask);
    return head_len + len;
}

/* A frame that leaves with what is gathered. */
static void gather(struct websocket *ws, enum websocket_opcode opcode, const struct span *parts,
                   size_t count)
{
    struct buf *frames = &gathering_make(ws)->frames;
    uint8_t *out = buf_reserve(frames, WEBSOCKET_HEAD_MAX + span_total(parts, count));
    assert(out); /* there is room for far more than anybody may send at once */
    buf_commit(frames, encode(ws, out, opcode, parts, count));
    if (frames->len >= GATHERED_MAX)
        send_gathered(ws);
}

/* One that leaves at once, behind what is gathered. */
static void send_frame(struct websocket *ws, enum websocket_opcode opcode, struct span payload)
{
    uint8_t frame[WEBSOCKET_HEAD_MAX + SMALL_MAX];
    if (ws->gathering || payload.len > SMALL_MAX) {
        gather(ws, opcode, &payload, 1);
        send_gathered(ws);
    } else {
        conn_write(ws->conn, span_of(frame, encode(ws, frame, opcode, &payload, 1)));
    }
}

static void send_close(struct websocket *ws, int code, const char *reason)
{
    uint8_t payload[WEBSOCKET_CONTROL_MAX];
    size_t len = strlen(reason);
    assert(len <= REASON_MAX);
    put_u16be(payload, (uint16_t)code);
    memcpy(payload + 2, reason, len);
    send_frame(ws, WEBSOCKET_CLOSE, span_of(payload, code == WEBSOCKET_NO_STATUS ? 0 : len + 2));
}

/* ---- what comes ---- */

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
    send_close(ws, code, text);
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
    send_close(ws, code, "");
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
        loop_can_wait(ws->loop);
        if (websocket_queued(ws) <= PONG_QUEUE_MAX)
            gather(ws, WEBSOCKET_PONG, &payload, 1);
        break;
    case WEBSOCKET_PONG:
        loop_can_wait(ws->loop);
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

static void websocket_feed(struct websocket *ws, struct span bytes)
{
    struct span payload;
    if (!ws->has_closed && ws->handlers->on_alive)
        ws->handlers->on_alive(ws->arg);
    uint8_t *room = loop_room(ws->loop, LOOP_ROOM_MESSAGE);
    ws->is_busy = true;
    websocket_decoder_feed(&ws->decoder, bytes);
    while (!ws->has_closed) {
        int got = websocket_decoder_next(&ws->decoder, room, &payload);
        if (got == 0)
            break;
        if (got < 0)
            websocket_refuse(ws, -got);
        else
            websocket_on_frame(ws, got, payload);
    }
    ws->is_busy = false;
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
    assert(message_max <= (role == WEBSOCKET_SERVER ? LOOP_ROOM_LEN : INT32_MAX));
    struct websocket *ws = xcalloc(1, sizeof *ws);
    ws->loop = loop;
    ws->conn = conn;
    ws->handlers = handlers;
    ws->arg = arg;
    websocket_decoder_init(&ws->decoder, role == WEBSOCKET_CLIENT, (uint32_t)message_max);
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

void websocket_send(struct websocket *ws, struct span text)
{
    if (!ws->has_closed)
        send_frame(ws, WEBSOCKET_TEXT, text);
}

void websocket_send_soon(struct websocket *ws, const struct span *parts, size_t count)
{
    if (!ws->has_closed)
        gather(ws, WEBSOCKET_TEXT, parts, count);
}

void websocket_send_binary(struct websocket *ws, struct span bytes)
{
    if (!ws->has_closed)
        send_frame(ws, WEBSOCKET_BINARY, bytes);
}

void websocket_ping(struct websocket *ws, struct span payload)
{
    if (!ws->has_closed)
        send_frame(ws, WEBSOCKET_PING, payload);
}

void websocket_accept_binary(struct websocket *ws)
{
    assert(ws->handlers->on_binary);
    ws->decoder.takes_binary = true;
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

size_t websocket_queued(const struct websocket *ws)
{
    return conn_queued(ws->conn) + (ws->gathering ? ws->gathering->frames.len : 0);
}

const struct conn *websocket_conn(const struct websocket *ws)
{
    return ws->conn;
}

static void websocket_destroy(void *arg)
{
    struct websocket *ws = arg;
    websocket_decoder_deinit(&ws->decoder);
    early_free(ws);
    free(ws);
}

void websocket_close(struct websocket *ws, int code, const char *reason)
{
    assert(!ws->is_freed);
    if (!ws->has_closed)
        send_close(ws, code, reason);
    send_gathered(ws);
    ws->has_closed = true;
    conn_close(ws->conn);
    ws->is_freed = true;
    loop_defer(ws->loop, websocket_destroy, ws);
}

void websocket_reset(struct websocket *ws)
{
    assert(!ws->is_freed);
    ws->has_closed = true;
    gathering_free(ws);
    conn_reset(ws->conn);
    ws->is_freed = true;
    loop_defer(ws->loop, websocket_destroy, ws);
}

struct conn *websocket_surrender(struct websocket *ws, struct span *rest)
{
    assert(!ws->is_freed && !ws->has_closed);
    *rest = ws->early ? buf_bytes(ws->early) : (struct span){0};
    if (ws->is_busy)
        *rest = ws->decoder.in;
    send_gathered(ws);
    ws->has_closed = true;
    ws->is_freed = true;
    loop_defer(ws->loop, websocket_destroy, ws);
    return ws->conn;
}
