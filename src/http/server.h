/*
 * An HTTP/1.1 server on a listener: connections are kept alive, requests of
 * one connection are handled one after the other (pipelined ones wait in the
 * kernel), bodies stream in both directions.
 *
 * An exchange is one request and its response. It lives until its owner ends
 * the response, or until it is aborted by either side. The server answers malformed requests itself (400, 414, 431, 501,
 * 505) and closes.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>

#include "http/field.h"
#include "net/conn.h"

struct http_server;
struct http_exchange;

/* Members but on_abort may be NULL. */
struct http_exchange_handlers {
    /* Content of the request body, valid during the call. */
    void (*on_body)(struct http_exchange *x, struct span bytes, void *arg);
    /* The whole request has come; also without a body. */
    void (*on_body_end)(struct http_exchange *x, void *arg);
    /* The response's queue fell below the mark of net/conn.h. */
    void (*on_drain)(struct http_exchange *x, void *arg);
    /* The client went away before the response had ended, or sent a body
     * that is malformed. Last call; the exchange is gone. For a FIN behind a
     * complete request see fin_is_abort. */
    void (*on_abort)(struct http_exchange *x, void *arg);
};

/* A timeout of 0 is none. */
struct http_server_config {
    /* A request's head, valid during the call. The callee must call
     * http_exchange_accept(), http_exchange_upgrade(), http_exchange_abort()
     * or a full response (respond and end) before it returns. */
    void (*on_request)(struct http_exchange *x, const struct http_request *request, void *arg);
    void *arg;
    size_t connections_max;   /* over it, a new one gets 503 and is closed */
    uint64_t head_timeout_us; /* from the first byte of a head to its last; slow-loris */
    uint64_t idle_timeout_us; /* without a request on a kept-alive connection */
    /* A client that gives up (Ctrl-C, an SDK's abort, a closed tab) closes its
     * socket fully, but what arrives is a FIN, the same as of a client that
     * only says that it will send no more; the reset that tells them apart
     * comes when something is written, which may be minutes later while a
     * model computes for nobody. True: a FIN while the response is
     * outstanding is an abort, as nginx and Node have it; clients that
     * half-close behind their request (nc -N) then get no answer. False: they
     * get it, and only a reset is an abort. */
    bool fin_is_abort;
};

/* Serves on an address as listener_new() does, with its errors. */
int http_server_new(struct loop *loop, const char *host, uint16_t port,
                    const struct http_server_config *config, struct http_server **out);
uint16_t http_server_port(const struct http_server *server);

/* Takes no new connection, closes idle ones; exchanges under way go on. */
void http_server_stop_listening(struct http_server *server);

/* Aborts what is under way (no handler is called) and frees. NULL is allowed. */
void http_server_free(struct http_server *server);

/* Says who handles the rest of the exchange; *handlers is not copied. on_body
 * and on_body_end come once on_request has returned. A client that waits for
 * 100 (Continue) gets it then, or when reading is first switched on. */
void http_exchange_accept(struct http_exchange *x, const struct http_exchange_handlers *handlers,
                          void *arg);

/* Sends the head, together with content that is written in the same turn. The
 * fields are written as they are, after hop-by-hop ones are left out; Date is
 * added where it is missing. The framing is chosen here: Content-Length where
 * the fields have it, none for HEAD, 204 and 304, else chunked (closing for
 * HTTP/1.0). 101 takes all fields as they are. 0 or -EINVAL when a field or
 * the status (another 1xx) may not be sent; then nothing was, and the caller
 * may respond otherwise. */
int http_exchange_respond(struct http_exchange *x, const struct http_response *response);
bool http_exchange_has_responded(const struct http_exchange *x);

/* Content. Dropped where the response has no body. More or fewer bytes than
 * the Content-Length break the connection, as a client must see. */
void http_exchange_write(struct http_exchange *x, struct span bytes);

/* The response is complete; for the caller the exchange is gone when this
 * returns, and no handler is called. An unread request body is read on and
 * dropped up to a bound, then the connection closes. */
void http_exchange_end(struct http_exchange *x);

/* Breaks the connection so that the client sees an error (RST, no final
 * chunk). The exchange is gone; no handler is called. */
void http_exchange_abort(struct http_exchange *x);

/* Bytes of the response that the kernel has not taken yet. */
size_t http_exchange_queued(const struct http_exchange *x);

/* While false, the request body stays in the kernel. Up to CONN_READ_MAX
 * bytes that were read already still come. */
void http_exchange_set_reading(struct http_exchange *x, bool reading);

/* A whole small response in one call: respond, write, end. extra may be
 * empty. */
void http_exchange_reply(struct http_exchange *x, int status, const char *content_type,
                         struct http_fields extra, struct span body);

/* Takes the connection out of the server's hands, under on_request and after
 * the caller has its 101 head sent by http_exchange_respond(). early: bytes
 * behind the head, valid until on_request returns. The exchange is gone; the
 * conn has no handlers. */
struct conn *http_exchange_upgrade(struct http_exchange *x, struct span *early);

/* The client's address, for limits and logs. */
void http_exchange_peer_address(const struct http_exchange *x, struct address *out);

#endif
