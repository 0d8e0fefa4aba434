/*
 * One exchange at the consumer: an exchange of the HTTP server joined to a
 * stream of the multiplexer.
 *
 *   relay_new() ──► relay_start() ─────────► streaming ──► gone
 *          \──────► relay_hold() ─ go_on() ──^    /
 *           \────────── relay_fail() ────────────^
 *
 * While it is held, its client's request body stays in the kernel, but for what
 * was read together with the head. A relay that is gone has told the listener,
 * and has left the list that it was in.
 */
#ifndef TUNNEL_RELAY_H
#define TUNNEL_RELAY_H

#include "base/buf.h"
#include "base/list.h"
#include "http/server.h"
#include "tunnel/answer.h"
#include "tunnel/exchange.h"
#include "tunnel/gate.h"
#include "tunnel/splice.h"

/* What the relays of a proxy have in common; outlives them. */
struct relay_common {
    struct exchange_listener listener;
    struct gate gate;
};

struct relay {
    struct relay_common *common;
    struct list link;       /* for the owner to keep it in a list */
    uint64_t give_up_at_us; /* the owner's, while it is held */
    struct http_exchange *exchange;
    struct splice splice;  /* without a stream while it is held */
    struct head *head;     /* while it is held */
    struct buf early;      /* body that came meanwhile */
    struct head *trailers; /* behind it, or NULL */
    struct answer_form form;
    struct exchange_record record;
};

/* head: with which the request goes on. */
struct relay *relay_new(struct relay_common *common, struct http_exchange *exchange,
                        const struct http_request *request, const struct head *head);

/* From now on the client's body comes, and a client that leaves ends it. */
void relay_accept(struct relay *relay);

/* Opens the stream, with the head adapted to the session. False when that
 * cannot be; the client was told, and the relay is gone. */
bool relay_start(struct relay *relay, struct mux *mux, struct head *head);

/* Keeps it until relay_go_on(): there is no session. */
void relay_hold(struct relay *relay, const struct head *head);
void relay_go_on(struct relay *relay, struct mux *mux);

/* Ends a relay whose stream is gone, or never was: with an answer where there
 * is none yet, else visibly broken. */
void relay_fail(struct relay *relay, const struct answer *answer, enum exchange_end end,
                const char *message);

/* Ends one whose client has its answer, or will get none. */
void relay_done(struct relay *relay, enum exchange_end end, const char *reason);

#endif
