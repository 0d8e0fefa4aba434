/*
 * A WebSocket of ours, and a bare connection at its other end that the test
 * writes frames to by hand.
 */
#ifndef TESTS_NET_WEBSOCKET_RIG_H
#define TESTS_NET_WEBSOCKET_RIG_H

#include "net/net_testing.h"

#include <stdio.h>

#include "base/bytes.h"
#include "net/websocket.h"

enum { FIN = 0x80, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10, MESSAGE_MAX = 70000 };

struct socket {
    struct websocket *ws;
    struct buf messages; /* each with a newline */
    int message_count;
    int wanted_messages;
    bool has_messages;
    int alive_count;
    bool is_alive;
    bool has_pong;
    bool is_closed;
    enum websocket_ender by;
    int code;
    char reason[128];
    bool closes_at_message;
};

static inline void socket_on_message(struct span text, void *arg)
{
    struct socket *s = arg;
    buf_append(&s->messages, text);
    buf_append_string(&s->messages, "\n");
    s->message_count++;
    s->has_messages = s->message_count >= s->wanted_messages;
    if (s->closes_at_message) {
        websocket_close(s->ws, WEBSOCKET_NORMAL, "enough");
        s->ws = NULL;
    }
}

static inline void socket_on_alive(void *arg)
{
    struct socket *s = arg;
    s->alive_count++;
    s->is_alive = true;
}

static inline void socket_on_close(const struct websocket_end *end, void *arg)
{
    struct socket *s = arg;
    assert_false(s->is_closed);
    s->is_closed = true;
    s->by = end->by;
    s->code = end->code;
    snprintf(s->reason, sizeof s->reason, "%s", end->reason);
}

static inline void socket_on_pong(struct span payload, void *arg)
{
    struct socket *s = arg;
    s->has_pong = span_is_string(payload, "12345678");
}

static const struct websocket_handlers socket_handlers = {
    .on_message = socket_on_message,
    .on_alive = socket_on_alive,
    .on_close = socket_on_close,
    .on_pong = socket_on_pong,
};

static inline void socket_init(struct socket *s)
{
    *s = (struct socket){.wanted_messages = 1};
    buf_init(&s->messages, 1 << 20);
}

static inline void socket_deinit(struct socket *s)
{
    if (s->ws)
        websocket_close(s->ws, WEBSOCKET_GOING_AWAY, "");
    buf_deinit(&s->messages);
}

struct rig {
    struct loop *loop;
    struct listener *listener;
    struct conn *accepted;
    bool has_accepted;
    struct end peer;
    struct socket socket;
};

static inline void rig_on_accept(struct conn *conn, void *arg)
{
    static const struct conn_handlers none = {.on_open = NULL};
    struct rig *rig = arg;
    conn_set_handlers(conn, &none, NULL);
    rig->accepted = conn;
    rig->has_accepted = true;
}

static inline void rig_connect(struct rig *rig)
{
    *rig = (struct rig){.loop = loop_new()};
    end_init(&rig->peer, rig->loop);
    socket_init(&rig->socket);
    assert_int_equal(listener_new(rig->loop, "127.0.0.1", 0, rig_on_accept, rig, &rig->listener),
                     0);
    rig->peer.conn = conn_connect(rig->loop, "127.0.0.1", listener_port(rig->listener), NULL,
                                  TEST_PATIENCE_US, &end_handlers, &rig->peer);
    run_until(rig->loop, &rig->peer.is_open);
    run_until(rig->loop, &rig->has_accepted);
}

static inline void rig_init(struct rig *rig, enum websocket_role role)
{
    rig_connect(rig);
    rig->socket.ws = websocket_new(rig->loop, rig->accepted, role, MESSAGE_MAX, (struct span){0},
                                   &socket_handlers, &rig->socket);
}

static inline void rig_deinit(struct rig *rig)
{
    socket_deinit(&rig->socket);
    end_deinit(&rig->peer);
    listener_close(rig->listener);
    loop_free(rig->loop);
}

static inline void put_frame(struct buf *out, int first_byte, bool is_masked, struct span payload)
{
    uint8_t head[14] = {(uint8_t)first_byte};
    size_t len = 2;
    uint8_t mask_bit = is_masked ? 0x80 : 0;
    if (payload.len < 126) {
        head[1] = (uint8_t)(mask_bit | payload.len);
    } else if (payload.len <= UINT16_MAX) {
        head[1] = mask_bit | 126;
        put_u16be(head + 2, (uint16_t)payload.len);
        len = 4;
    } else {
        head[1] = mask_bit | 127;
        put_u64be(head + 2, payload.len);
        len = 10;
    }
    static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    if (is_masked) {
        memcpy(head + len, mask, 4);
        len += 4;
    }
    assert_int_equal(buf_append(out, span_of(head, len)), 0);
    uint8_t *room = buf_reserve(out, payload.len);
    for (size_t i = 0; i < payload.len; i++)
        room[i] = is_masked ? payload.data[i] ^ mask[i % 4] : payload.data[i];
    buf_commit(out, payload.len);
}

static inline void send_frame(struct rig *rig, int first_byte, struct span payload)
{
    struct buf frame;
    buf_init(&frame, 1 << 20);
    put_frame(&frame, first_byte, true, payload);
    conn_write(rig->peer.conn, buf_bytes(&frame));
    buf_deinit(&frame);
}

/* Waits until the peer has received exactly this. */
static inline void expect_bytes(struct rig *rig, const void *bytes, size_t len)
{
    rig->peer.wanted = len;
    rig->peer.has_data = rig->peer.received >= len;
    run_until(rig->loop, &rig->peer.has_data);
    assert_int_equal(rig->peer.in.len, len);
    assert_memory_equal(rig->peer.in.data + rig->peer.in.head, bytes, len);
    buf_clear(&rig->peer.in);
    rig->peer.received = 0;
}

static inline void expect_close(struct rig *rig, int code)
{
    run_until(rig->loop, &rig->socket.is_closed);
    assert_int_equal(rig->socket.code, code);
}

/* The close frame that the peer got. */
static inline void expect_close_frame(struct rig *rig, int code)
{
    rig->peer.wanted = 4;
    rig->peer.has_data = rig->peer.received >= 4;
    run_until(rig->loop, &rig->peer.has_data);
    const uint8_t *at = rig->peer.in.data + rig->peer.in.head;
    assert_int_equal(at[0], FIN | CLOSE);
    assert_int_equal(at[1] + 2U, rig->peer.in.len);
    assert_int_equal(get_u16be(at + 2), code);
}

#endif
