/*
 * What client.c (requests) and call.c (what comes of them) share.
 */
#ifndef HTTP_CLIENT_INTERNAL_H
#define HTTP_CLIENT_INTERNAL_H

#include "base/list.h"
#include "http/client.h"
#include "http/half.h"
#include "http/head_buffer.h"
#include "http/pool.h"
#include "http/sender.h"

struct http_client {
    struct loop *loop;
    char *host;
    struct http_client_config config;
    struct http_pool *pool;
    struct conn *warm; /* http_client_warm(), until it is open */
    struct list calls;
};

struct http_call {
    struct http_client *client;
    struct list link;
    const struct http_call_handlers *handlers;
    void *arg;
    struct conn *conn;
    struct http_sender sender;
    struct buf again; /* the request's head while that is all that went, and nothing came */
    struct head_buffer in;
    struct http_body body;   /* of the response, once it has begun */
    struct buf early;        /* written before it is known whether there is a pipe */
    uint64_t keep_us;        /* the server keeps the connection so long, as it says */
    const char *own_error;   /* of our own request, to be told in a later turn */
    enum http_framing asked; /* what the request wants to be */
    enum half request;       /* ended: by its caller, or since no pipe came of it */
    enum half response;
    bool is_started;      /* it has, or had, a connection */
    bool is_head;         /* the method */
    bool is_connect;      /* the method */
    bool is_idempotent;   /* RFC 9110 section 9.2.2 */
    bool is_pooled;       /* the connection has served another call */
    bool is_paused;       /* http_call_set_reading(false) */
    bool has_bytes;       /* of a response */
    bool is_acknowledged; /* its head, or what came with that */
    bool owes_drain;      /* what was high went out at once */
    bool keeps_alive;     /* the response says so */
    bool is_length_mended;
    bool is_flush_scheduled;
    bool is_gone;
};

/* The response has made it one. */
static inline bool call_is_pipe(const struct http_call *call)
{
    return call->body.framing == HTTP1_BODY_PIPE;
}

/* warm.c, on which call.c stands: the connection under way, now the caller's,
 * or NULL. */
struct conn *client_take_warm(struct http_client *client);

/* call.c, on which client.c stands */

/* Puts the request's head in front of all that is held. */
void call_hold_head(struct http_call *call);

/* Gives a call its connection: a fresh one, for which what is to be sent waits
 * in the sender until it opens, or one that has served another call. */
void call_dial(struct http_call *call);
void call_take_over(struct http_call *call, struct conn *conn);

/* Sends what was held, and tells of a queue that is short by that; not to be
 * called from within a call of the owner. */
void call_flush(struct http_call *call);

/* Takes a call off its client; it is freed later. The conn is the caller's,
 * and may be NULL. */
struct conn *call_detach(struct http_call *call);

/* The caller broke its own request. No handler may be called from within its
 * call, but the connection ends now. */
void call_fail_later(struct http_call *call, const char *text);

#endif
