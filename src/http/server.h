/*
 * An HTTP/1.1 server on a listener: connections are kept alive, requests of
 * one connection are handled one after the other (pipelined ones wait in the
 * kernel), bodies stream in both directions.
 *
 * An exchange is one request and its response. It lives until its owner ends
 * the response, or until it is aborted by either side. The server answers
 * malformed requests itself (400, 414, 431, 501, 505) and closes.
 *
 * A request whose framing is HTTP_BODY_PIPE asks for the connection itself
 * (CONNECT, Upgrade). Answered with 2xx or 101, the exchange is a byte pipe:
 * on_body brings the client's bytes, also those that came right behind its
 * head, and on_body_end its FIN; http_exchange_write() sends bytes as they
 * are and http_exchange_end() our FIN. Either direction may end first. The
 * exchange is gone when both have: with the return of http_exchange_end(), or
 * with on_body_end, which is then its last call. Any other answer to such a
 * request is an ordinary one, and on_body_end does not come.
 *
 * A client that speaks something else has a bare pipe (http_server_config): a
 * request for CONNECT to "*" stands for it, which it has not sent; for HTTP/2
 * with the field ALPN (RFC 7639). Answered with 2xx, the pipe begins with the
 * client's first byte; the client hears no head. Any other answer is a reset.
 *
 * A client that ends its direction while its response is outstanding has
 * half-closed (nc -N), or has closed its socket (Ctrl-C, an SDK's abort, a
 * closed tab); the FIN is the same. For a client on this machine the kernel
 * knows (net/peer_owner.h): a socket without an owner is an abort, at once or
 * as soon as it has none; a half-closed one gets its response. Of a client
 * elsewhere, or where the kernel does not tell, a FIN before the response's
 * head is taken for a half-close, and TCP keepalive finds the one that has
 * gone (net/liveness.h); a FIN behind that head is an abort. Over TLS nobody
 * half-closes, so the end is an abort at any time, but that of a pipe.
 *
 * While the request's body is not read, that FIN stands behind it, or in the
 * client's kernel as long as ours takes no more. Then the kernel is asked twice
 * a second: a socket without an owner, or a FIN behind less than what the body
 * lacks, is an abort; anything else waits until it is read. A client elsewhere
 * whose FIN cannot reach us is known only to its own kernel, which gives up
 * after minutes.
 *
 * A response that is under way when the process is killed ends in a reset, not
 * in a FIN, which could pass for its end.
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
    /* As in net/conn.h: how much of the request's body could be taken. */
    size_t (*room)(const struct http_exchange *x, void *arg);
    /* The whole request has come; also without a body. trailers, mostly none,
     * are valid during the call. */
    void (*on_body_end)(struct http_exchange *x, struct http_fields trailers, void *arg);
    /* The response's queue fell below the mark of net/conn.h. */
    void (*on_drain)(struct http_exchange *x, void *arg);
    /* The client went away before the response had ended, or sent a body
     * that is malformed. Last call; the exchange is gone. */
    void (*on_abort)(struct http_exchange *x, void *arg);
};

/* A timeout of 0 is none. */
struct http_server_config {
    /* A request's head, valid during the call; its framing is set. A target of
     * CONNECT is an authority (host:port). The callee must call
     * http_exchange_accept(), http_exchange_upgrade(), http_exchange_break()
     * or a full response (respond and end) before it returns. */
    void (*on_request)(struct http_exchange *x, const struct http_request *request, void *arg);
    /* The process has no file descriptor left, and no connection waits for a
     * request: closes something else, or returns false. May be NULL. */
    bool (*make_room)(void *arg);
    void *arg;
    bool pipes_all;               /* every connection is a bare pipe, from its first moment */
    bool pipes_http2;             /* one that begins as HTTP/2 does (RFC 9113 section 3.4) is */
    const struct tls_server *tls; /* which it speaks, and borrows (net/tls_server.h); or NULL */
    struct listening *listening;  /* accepts on these, and takes them over; or NULL */
    /* Over it, or without a descriptor for a new one, the one that has waited
     * longest for a request, or the rest of a head, and whose client has taken
     * all responses, is closed for a new one (with 503 if it had begun to ask);
     * without any, that gets 503, or waits in the kernel. */
    size_t connections_max;
    uint64_t head_timeout_us; /* from the first byte of a head to its last; slow-loris */
    /* Without a request on a kept-alive connection; of a response that is
     * complete, without a byte that the client takes. */
    uint64_t idle_timeout_us;
};

/* Serves on an address as listener_new() does, with its errors; where the
 * config has open descriptors, on those, whatever host and port are. */
int http_server_new(struct loop *loop, const char *host, uint16_t port,
                    const struct http_server_config *config, struct http_server **out);
uint16_t http_server_port(const struct http_server *server);

/* Takes no new connection, closes idle ones; exchanges under way go on. */
void http_server_stop_listening(struct http_server *server);

/* Aborts what is under way (no handler is called) and frees. NULL is
 * allowed. */
void http_server_free(struct http_server *server);

/* Says who handles the rest of the exchange; *handlers is not copied. on_body
 * and on_body_end come once on_request has returned. A client that waits for
 * 100 (Continue) gets it then, or when reading is first switched on. */
void http_exchange_accept(struct http_exchange *x, const struct http_exchange_handlers *handlers,
                          void *arg);

/* The Expect field is forwarded: the caller sends 100 (Continue) itself, or
 * does not. To be called under on_request, or while reading is still off. Taken
 * back later, a client that still waits gets it when reading is switched on
 * next. */
void http_exchange_leave_continue(struct http_exchange *x, bool is_left);

/* Sends an interim response (100 to 199 but 101) ahead of the final one, any
 * number of times. Hop-by-hop fields and Content-Length are left out. Dropped
 * for a client of HTTP/1.0, which knows none; as is a 100 (Continue) for one
 * that does not wait for it (RFC 9110 section 15.2.1), at which some fail. 0 or
 * -EINVAL as of respond(). */
int http_exchange_respond_interim(struct http_exchange *x, const struct http_response *response);

/* Sends the head, together with content that is written in the same turn. The
 * fields are written as they are, after hop-by-hop ones are left out; Date is
 * added where it is missing. response->framing is not looked at; it follows
 * from the rest: Content-Length where the fields have it, none for HEAD, 204
 * and 304, else chunked (closing for HTTP/1.0). So a body that came chunked or
 * with a length goes out the same, and one that came until the close chunked.
 * 101, or 2xx to CONNECT, begins a pipe; 101 keeps its Upgrade field; any
 * other answer to CONNECT is the connection's last, and what came behind the
 * request is dropped. 0 or
 * -EINVAL when a field or the status (another 1xx; 101 that was not asked
 * for) may not be sent; then nothing was, and the caller may respond
 * otherwise. */
int http_exchange_respond(struct http_exchange *x, const struct http_response *response);
bool http_exchange_has_responded(const struct http_exchange *x);

/* Content. Dropped where the response has no body. More or fewer bytes than
 * the Content-Length break the connection, as a client must see. */
void http_exchange_write(struct http_exchange *x, struct span bytes);

/* The response is complete; for the caller the exchange is gone when this
 * returns, and no handler is called (but see above for a pipe). What waits for
 * the client goes out as fast as that reads; its next request comes when most
 * of it has. Trailers, if any, go out behind a chunked body and are dropped
 * behind any other. An unread request body is read on and dropped up to a
 * bound, then the connection closes. */
void http_exchange_end(struct http_exchange *x, struct http_fields trailers);

/* Breaks the connection so that the client sees an error (RST, no final
 * chunk), behind all that was written, as far as it takes that (conn_break()).
 * The exchange is gone; no handler is called. */
void http_exchange_break(struct http_exchange *x);

/* Bytes of the response that the kernel has not taken yet. */
size_t http_exchange_queued(const struct http_exchange *x);

/* While false, the request body stays in the kernel. Up to CONN_READ_MORE
 * bytes that were read already still come. */
void http_exchange_set_reading(struct http_exchange *x, bool reading);

/* A whole small response in one call: respond, write, end. extra may be
 * empty. Never begins a pipe. */
void http_exchange_reply(struct http_exchange *x, int status, const char *content_type,
                         struct http_fields extra, struct span body);

/* Takes the connection out of the server's hands, under on_request and after
 * the caller has its 101 head sent by http_exchange_respond(). early: bytes
 * behind the head, valid until on_request returns. The exchange is gone; the
 * conn has no handlers. */
struct conn *http_exchange_upgrade(struct http_exchange *x, struct span *early);

/* A number that the caller may leave at the connection, for the next exchange
 * on it; 0 at first. */
unsigned *http_exchange_memo(struct http_exchange *x);

/* The client's address, for limits and logs. */
void http_exchange_peer_address(const struct http_exchange *x, struct address *out);

#endif
