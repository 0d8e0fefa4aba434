/*
 * WebSocket (RFC 6455) over a conn. An idle one costs next to nothing.
 *
 * Text messages, as signalling speaks; a binary message closes with 1003,
 * unless the owner has said that it takes them.
 */
#ifndef NET_WEBSOCKET_H
#define NET_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "net/conn.h"
#include "net/websocket_code.h"

struct websocket;

enum {
    WEBSOCKET_KEY_LEN = 24,   /* Sec-WebSocket-Key: 16 bytes in base64 */
    WEBSOCKET_ACCEPT_LEN = 28 /* Sec-WebSocket-Accept: SHA-1 in base64 */
};

/* Who ended it: nobody says so where the connection broke. */
enum websocket_ender { WEBSOCKET_BY_NOBODY, WEBSOCKET_BY_PEER, WEBSOCKET_BY_US };

struct websocket_end {
    enum websocket_ender by;
    int code;           /* net/websocket_code.h */
    const char *reason; /* may be empty; valid during the call */
};

struct websocket_handlers {
    /* A whole text message, valid UTF-8, valid during the call. */
    void (*on_message)(struct span text, void *arg);
    /* Any bytes came: the peer lives. Called once for what one read brought,
     * before the messages in it. May be NULL. */
    void (*on_alive)(void *arg);
    /* Gone, once. By the peer: the code and reason of its close frame (1005 for
     * one without a code). By us: a breach by the peer that was found and
     * answered (1002, 1003, 1007, 1009). By nobody: 1006, the connection broke.
     * websocket_close() is still the owner's duty. Never called after it. */
    void (*on_close)(const struct websocket_end *end, void *arg);
    /* The answer to a websocket_ping(), with what that carried. May be NULL. */
    void (*on_pong)(struct span payload, void *arg);
    /* A whole binary message, valid during the call; only after
     * websocket_accept_binary(). */
    void (*on_binary)(struct span bytes, void *arg);
    /* All that was queued has left; after websocket_await_drain(). May be
     * NULL. */
    void (*on_drain)(void *arg);
};

/* Sec-WebSocket-Accept for a key, section 4.2.2. */
void websocket_accept_key(struct span key, char out[WEBSOCKET_ACCEPT_LEN + 1]);

/* A fresh Sec-WebSocket-Key. */
void websocket_make_key(char out[WEBSOCKET_KEY_LEN + 1]);

enum websocket_role { WEBSOCKET_SERVER, WEBSOCKET_CLIENT };

/* Takes over an open conn whose HTTP handshake is done. early are bytes that
 * came right behind it (may be empty); they are handled in a later turn.
 * Messages over message_max bytes close with 1009; a server's is LOOP_ROOM_LEN
 * at most. *handlers is not copied. */
struct websocket *websocket_new(struct loop *loop, struct conn *conn, enum websocket_role role,
                                size_t message_max, struct span early,
                                const struct websocket_handlers *handlers, void *arg);

/* A text message of valid UTF-8; dropped after on_close. The queue is the
 * conn's: the owner bounds it by websocket_queued(). */
void websocket_send(struct websocket *ws, struct span text);

/* The same of a text in parts, before the loop sleeps: with all that is sent
 * until then in one piece. */
void websocket_send_soon(struct websocket *ws, const struct span *parts, size_t count);
void websocket_ping(struct websocket *ws, struct span payload); /* at most 125 bytes */

/* Binary messages of up to message_max bytes, from now on. */
void websocket_accept_binary(struct websocket *ws);
void websocket_send_binary(struct websocket *ws, struct span bytes);

/* As conn_limit_unsent(). */
void websocket_limit_unsent(struct websocket *ws, int bytes);

void websocket_read_little(struct websocket *ws); /* as conn_read_little() */

/* As conn_set_reading(): while false nothing comes, and nobody is heard. */
void websocket_set_reading(struct websocket *ws, bool reading);

/* on_drain is to come when the queue, in which something is, has left. */
void websocket_await_drain(struct websocket *ws);
size_t websocket_queued(const struct websocket *ws);
const struct conn *websocket_conn(const struct websocket *ws); /* for its addresses */

/* Sends a close frame, lets it go out, frees; no handler is called any more.
 * reason is at most 123 bytes of UTF-8. After on_close only frees. */
void websocket_close(struct websocket *ws, int code, const char *reason);

/* The same at once: drops what is queued and resets the connection. */
void websocket_reset(struct websocket *ws);

/* Frees it and hands out the conn, with what came behind the message that it is
 * called under, or before it has handled anything; that is valid until the
 * caller returns to the loop. What was queued is the conn's, which is to be
 * given other handlers at once. */
struct conn *websocket_surrender(struct websocket *ws, struct span *rest);

#endif
