/*
 * What the files of a server share. Each uses only those that stand below it:
 *
 *   server.c           listening, limits, what the time brings
 *   connection_read.c  what a client does
 *   connection_time.c  what the time does to it
 *   exchange.c         what it is answered
 *   connection.c       a connection's life, and its exchange's
 *   server_base.c      deadlines, the count, the date
 *
 *            complete head           body complete
 *   HEAD ------------------> BODY ------------------> RESPONSE
 *    ^                        | response ends first    | response ends
 *    |                        v                        |
 *    +---- body read ------- DROP                      |
 *    +-------------------------------------------------+
 *    +---- next turn ------- RESUME <--- with pipelined bytes
 *    +---- drained --------- TAIL <----- with a response not taken yet
 *
 *   RESPONSE -- 101, 2xx to CONNECT --> SWITCHING -- next turn --> PIPE
 *
 * GONE from everywhere: closed, broken or upgraded; freed in a later turn.
 */
#ifndef HTTP_SERVER_INTERNAL_H
#define HTTP_SERVER_INTERNAL_H

#include <time.h>

#include "base/list.h"
#include "http/body.h"
#include "http/half.h"
#include "http/head_buffer.h"
#include "http/sender.h"
#include "http/server.h"

enum {
    /* Of a request body that nobody wants, read on so that the connection can
     * be kept; a longer one costs the connection. */
    HTTP_DROP_MAX = 256 << 10
};
#define HTTP_DROP_US (5 * UINT64_C(1000000)) /* and at most this long */

/* How often the kernel is asked whether a client whose FIN was seen, or cannot
 * be seen, is still there: what an LLM computes for nobody after a Ctrl-C, at
 * most. */
#define HTTP_CLIENT_CHECK_US (250 * UINT64_C(1000))

/* And while it is not read, since nobody takes its body: of those there may be
 * many, and nothing is computed for them. */
#define HTTP_STALL_CHECK_US (500 * UINT64_C(1000))

enum connection_state {
    CONNECTION_HEAD,
    CONNECTION_BODY,
    CONNECTION_RESPONSE,
    CONNECTION_DROP,
    CONNECTION_TAIL,
    CONNECTION_RESUME,
    CONNECTION_SWITCHING,
    CONNECTION_PIPE,
    CONNECTION_GONE
};

struct http_connection {
    struct http_server *server;
    struct conn *conn; /* NULL when GONE */
    struct http_exchange *exchange;
    struct list link;         /* in the server's connections */
    struct list timeout_link; /* in one of its timeouts */
    uint64_t deadline_us;
    /* An incomplete head; in RESPONSE, TAIL and RESUME pipelined bytes, in
     * SWITCHING the first of the pipe. */
    struct head_buffer in;
    struct http_body body;
    struct span early; /* behind the head, during on_request */
    size_t dropped;
    size_t tail;   /* of the response: bytes that waited when the time began */
    unsigned memo; /* see http_exchange_memo() */
    enum connection_state state;
    void (*go_on)(void *arg); /* in RESUME and SWITCHING, to be deferred */
    bool has_ended;           /* the client sent FIN */
    bool is_half_closed;      /* which is no abort */
    bool is_acknowledged;     /* the request's head, or what came with that */
    bool is_last;             /* of TAIL: the connection closes behind it */
    bool had_owner;           /* the client's socket, when the kernel was asked */
    bool is_flush_scheduled;  /* of the exchange's sender */
};

struct http_exchange {
    struct http_connection *connection;
    const struct http_exchange_handlers *handlers; /* NULL until accepted */
    void *arg;
    struct http_sender sender;
    enum http_framing asked; /* what the request wants to be */
    enum half request;       /* ended: on_body_end came */
    enum half response;
    bool is_bare;         /* a pipe without heads */
    bool is_head;         /* the method */
    bool is_connect;      /* the method */
    bool is_http10;       /* the client */
    bool keeps_alive;     /* the connection outlives the exchange */
    bool wants_continue;  /* the client waits for 100 (Continue) */
    bool leaves_continue; /* which the owner sends, or not */
    bool is_paused;       /* http_exchange_set_reading(false) */
};

enum server_timeout {
    TIMEOUT_IDLE,
    TIMEOUT_HEAD,
    TIMEOUT_DROP,
    TIMEOUT_CLIENT,
    TIMEOUT_STALL,
    TIMEOUT_TAIL,
    TIMEOUT_COUNT
};

struct timeout_queue {
    struct list connections; /* in the order of their deadlines: all wait equally long */
    uint64_t after_us;       /* 0: for ever */
};

struct http_server {
    struct loop *loop;
    struct http_server_config config;
    struct listener *listener; /* NULL once stopped */
    struct list connections;
    size_t connection_count;
    size_t crowd; /* most connections since memory was last given back */
    struct timeout_queue timeouts[TIMEOUT_COUNT];
    struct deadline *deadline; /* of the first in each */
    struct wake_watch *wake;
    int inquiry;    /* see net/peer_owner.h */
    time_t date_at; /* the second that date says */
    char date[32];
    uint16_t port;
    bool has_told_tls; /* that a client speaks it where it is not spoken */
};

/* ---- server_base.c ---- */

/* One more connection, or one fewer, which is freed in a later turn. */
void server_count_connection(struct http_server *server);
void server_uncount_connection(struct http_server *server);

/* Ends the connection at its time unless unscheduled before. */
void server_schedule(struct http_connection *c, enum server_timeout timeout);
void server_unschedule(struct http_connection *c);

/* The value of a Date field. */
const char *server_date(struct http_server *server);

/* ---- connection.c ---- */

/* request->framing is set. */
struct http_exchange *exchange_new(struct http_connection *c, const struct http_request *request);
/* Its connection has none from now on. */
void exchange_free_later(struct http_exchange *x);

/* Ends it: as conn_close(), conn_abandon(), conn_reset() and conn_break() do.
 * None calls a handler; the exchange, if any, is gone. */
void connection_close(struct http_connection *c);
void connection_abandon(struct http_connection *c);
void connection_reset(struct http_connection *c);
void connection_break(struct http_connection *c);

/* Closes behind the last response, which the client gets first. */
void connection_finish(struct http_connection *c);

/* The client is gone: resets, and tells the exchange's owner. */
void connection_abort(struct http_connection *c);

/* Answers with a status of the server's own, and closes: where the next
 * request would begin is not known. */
void connection_refuse(struct http_connection *c, int status);

/* Gives up the conn, for an upgrade. */
struct conn *connection_release(struct http_connection *c);

/* The exchange has ended, the connection is kept or not. */
void connection_next(struct http_connection *c, bool is_kept);

/* The exchange becomes a pipe. */
void connection_switch(struct http_connection *c);

/* Reads from the client or not, as the state asks. */
void connection_update_reading(struct http_connection *c);

/* ---- exchange.c ---- */

/* Sends 100 (Continue) if the client waits and the body is wanted now. */
void exchange_check_continue(struct http_exchange *x);

/* ---- connection_read.c ---- */

void connection_new(struct http_server *server, struct conn *conn);

/* ---- connection_time.c ---- */

void connection_on_timeout(struct http_connection *c);

/* The client's FIN has come while its response is outstanding (see server.h),
 * or would not be seen behind pipelined bytes. Called again and again for as
 * long as the kernel says that the client is there. */
void connection_check_client(struct http_connection *c);

#endif
