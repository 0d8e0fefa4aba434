/*
 * An HTTP/1.1 client of one origin: a pool of kept-alive connections, calls
 * that stream both ways.
 *
 * A call is one request and its response. Exactly one of on_end and on_error
 * comes last, unless the call is cancelled first.
 *
 * A request of the framing HTTP_BODY_PIPE asks for the connection itself:
 * CONNECT, or one with an Upgrade field. When on_response says that it got it
 * (response->framing is HTTP_BODY_PIPE too), the call is a byte pipe: on_body
 * brings the server's bytes and on_end its FIN, http_call_write() sends bytes
 * as they are and http_call_end() our FIN. Either direction may end first. The
 * call is gone when both have: with on_end, or with the return of
 * http_call_end(); on_error may still come between the two. Bytes written
 * before on_response wait for it; when the response is an ordinary one, they
 * are dropped and on_end is the end.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <stdbool.h>

#include "http/body.h"
#include "http/field.h"
#include "http/url.h"
#include "net/conn.h"
#include "net/tls.h"

struct http_client;
struct http_call;

/* Why a call failed. */
enum http_call_error {
    HTTP_CALL_DNS,            /* no such name, or the name server did not say */
    HTTP_CALL_REFUSED,        /* nobody listens there */
    HTTP_CALL_UNREACHABLE,    /* no way there, or not allowed */
    HTTP_CALL_TIMEOUT,        /* no connection in time */
    HTTP_CALL_TLS,            /* the handshake failed, or the certificate is refused */
    HTTP_CALL_CLOSED,         /* the connection broke before the response's head */
    HTTP_CALL_BROKEN,         /* the same in the middle of the response, or of a pipe */
    HTTP_CALL_MALFORMED,      /* the response is not proper HTTP/1.1 */
    HTTP_CALL_HEAD_TOO_LARGE, /* the response's */
    HTTP_CALL_REQUEST         /* our own content does not fit its Content-Length, or no memory */
};

/* Not copied. on_interim, room and on_drain may be NULL. */
struct http_call_handlers {
    /* An interim response's head (1xx but 101), any number of times before
     * on_response; valid during the call. */
    void (*on_interim)(const struct http_response *response, void *arg);
    /* The final response's head with its framing, valid during the call. */
    void (*on_response)(const struct http_response *response, void *arg);
    void (*on_body)(struct span bytes, void *arg);
    /* As in net/conn.h: how much of the response's body could be taken. */
    size_t (*room)(void *arg);
    /* The response is complete. The call is gone (but see above for a pipe).
     * trailers, mostly none, are valid during the call. */
    void (*on_end)(struct http_fields trailers, void *arg);
    /* It is not: text says why in words for a person, as in "connection
     * refused" or "closed in the middle of the body". The call is gone. */
    void (*on_error)(enum http_call_error error, const char *text, void *arg);
    /* The request's queue fell below the mark of net/conn.h. */
    void (*on_drain)(void *arg);
};

struct http_client_config {
    const char *host; /* copied */
    uint16_t port;
    const struct tls_client *tls; /* NULL for http; must outlive the client */
    uint64_t connect_timeout_us;
    uint64_t idle_timeout_us; /* of a pooled connection */
    size_t pool_max;          /* idle connections kept */
};

struct http_client *http_client_new(struct loop *loop, const struct http_client_config *config);

/* Cancels every call (no handler is called), closes the pool, frees.
 * NULL is allowed. */
void http_client_free(struct http_client *client);

/* A call is likely to come: connects, where no connection is there nor under
 * way. Whether that works only the call tells. */
void http_client_warm(struct http_client *client);

/* Sends a request; its fields must hold one Host; hop-by-hop ones are left out
 * but for "TE: trailers", and Upgrade where the framing is PIPE; each gets its
 * Connection field here. An Expect field goes out as it is; whether to wait for
 * on_interim before writing the content is the caller's business. A request
 * that fails on a pooled connection before any byte of a response is sent once
 * more on a fresh one when it is safe: no content was written, and the method
 * is idempotent or the head had not gone out. Others are given a pooled
 * connection only while it is fresh, when the server will hardly be closing it.
 * 0 with *out, or -EINVAL when the head may not be sent. Handlers come in later
 * turns.
 *
 * request->framing says how the body will be sent: HTTP_BODY_NONE writes no
 * framing field, LENGTH relies on a Content-Length among the fields, UNKNOWN
 * adds Transfer-Encoding. http_call_end() is due also for LENGTH and PIPE, not
 * for NONE. */
int http_client_call(struct http_client *client, const struct http_request *request,
                     const struct http_call_handlers *handlers, void *arg, struct http_call **out);

/* The same, but nothing goes out, nor is a connection taken, before
 * http_call_start(); what is written meanwhile waits. */
int http_client_prepare(struct http_client *client, const struct http_request *request,
                        const struct http_call_handlers *handlers, void *arg,
                        struct http_call **out);
void http_call_start(struct http_call *call);

/* Who connects to the server by itself lets one of ours go that is idle. */
void http_client_make_way(struct http_client *client);

/* Content of the request body, then its end, with trailers that go out behind
 * chunks and are dropped otherwise. More or less content than the
 * Content-Length ends the call with HTTP_CALL_REQUEST, in a later turn, and
 * nothing of it can be taken for another request. */
void http_call_write(struct http_call *call, struct span bytes);
void http_call_end(struct http_call *call, struct http_fields trailers);

/* Closes the upstream connection at once: the server stops working. No
 * handler is called; the call is gone. */
void http_call_cancel(struct http_call *call);

/* Whether it has a connection that is open: what it sends goes out. */
bool http_call_is_open(const struct http_call *call);

size_t http_call_queued(const struct http_call *call);

/* While false, the response body stays in the kernel. Up to CONN_READ_MORE
 * bytes that were read already still come. */
void http_call_set_reading(struct http_call *call, bool reading);

#endif
