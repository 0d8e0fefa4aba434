/*
 * The provider: a request that comes through the tunnel becomes a call to the
 * upstream, and its response goes back as it arrives.
 */
#ifndef TUNNEL_SERVE_H
#define TUNNEL_SERVE_H

#include <stdbool.h>

#include "net/loop.h"
#include "tunnel/consumer.h"
#include "tunnel/exchange.h"
#include "tunnel/mux.h"
#include "tunnel/origin.h"
#include "tunnel/upstream.h"

struct guests;
struct serve;

/* All that it points to must outlive the serve. */
struct serve_config {
    struct upstream_config upstream;
    const char *advertise;          /* see tunnel/target.h */
    bool allows_connect;            /* CONNECT to the upstream's own host and port */
    bool allows_tcp;                /* pipes to it that begin with anything but HTTP/2 */
    bool preserves_host;            /* the client's Host goes upstream */
    bool is_forwarded;              /* see tunnel/rewrite.h */
    const struct http_field *rules; /* of --header */
    size_t rule_count;
    struct name_list allowed_origins; /* see tunnel/permit.h */
    size_t streams_each;              /* of a consumer at once; 0: CONSUMER_STREAMS */
};

struct serve_handlers {
    /* The upstream cannot be used now: see tunnel/upstream_probe.h. */
    void (*on_bad_upstream)(const char *why, void *arg);
    /* Each request that serve_on_request() took, and its end, once: see
     * tunnel/exchange.h. The first may be NULL. */
    void (*on_exchange_begin)(struct exchange_record *record, void *arg);
    void (*on_exchange_done)(const struct exchange_record *record, void *arg);
};

/* Each request is from one of them, and may ask for what its invite allows;
 * they outlive the serve. Without, whoever is in the room may ask for all. */
void serve_set_guests(struct serve *serve, const struct guests *guests);

/* 0, or an error of tls_client_new(). */
int serve_new(struct loop *loop, const struct serve_config *config,
              const struct serve_handlers *handlers, void *arg, struct serve **out);

/* Cancels what is under way, frees. Streams must have been ended before (see
 * keeper_close()). NULL is allowed. */
void serve_free(struct serve *serve);

/* A session of that consumer, whose requests will come on that mux. Its share
 * is the same with another mux of the same number. Again for the same one: no
 * matter. */
void serve_join(struct serve *serve, uint32_t consumer, struct mux *mux);
/* All sessions of that consumer are over, or about to be. */
void serve_leave(struct serve *serve, uint32_t consumer);

/* Requests that wait in line for the upstream, and for how long the first of
 * them has. */
size_t serve_waiting(const struct serve *serve);
uint64_t serve_waiting_us(const struct serve *serve, uint64_t now_us);

/* Requests may come soon: the upstream is connected to meanwhile. */
void serve_expect(struct serve *serve);

/* Takes on a request: the on_request of a mux. */
void serve_on_request(struct serve *serve, struct mux_stream *stream, const struct head *head);

#endif
