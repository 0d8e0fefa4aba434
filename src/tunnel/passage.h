/*
 * One exchange at the consumer: an exchange of the HTTP server joined to a
 * stream of the multiplexer.
 *
 *   new() ──► start() ───────────────► streaming ──► gone
 *      │ └───► hold() ──► go_on() ────────^             ▲
 *      └──────────────── fail() ────────────────────────┘
 *
 * While it is held, its client's request body stays in the kernel, but for what
 * was read together with the head. A passage that is gone has told the watch,
 * and has left the list that it was in.
 */
#ifndef TUNNEL_PASSAGE_H
#define TUNNEL_PASSAGE_H

#include "base/buf.h"
#include "base/list.h"
#include "http/server.h"
#include "tunnel/answer.h"
#include "tunnel/exchange.h"
#include "tunnel/gate.h"
#include "tunnel/splice.h"

/* What the passages of a proxy have in common; outlives them. */
struct passage_common {
    struct exchange_watch watch;
    struct gate gate;
};

struct passage {
    struct passage_common *common;
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
struct passage *passage_new(struct passage_common *common, struct http_exchange *exchange,
                            const struct http_request *request, const struct head *head);

/* From now on the client's body comes, and a client that leaves ends it. */
void passage_accept(struct passage *passage);

/* Opens the stream, with the head adapted to the session. False when that
 * cannot be; the client was told, and the passage is gone. */
bool passage_start(struct passage *passage, struct mux *mux, struct head *head);

/* Keeps it until passage_go_on(): there is no session. */
void passage_hold(struct passage *passage, const struct head *head);
void passage_go_on(struct passage *passage, struct mux *mux);

/* Ends a passage whose stream is gone, or never was: with an answer where there
 * is none yet, else visibly broken. */
void passage_fail(struct passage *passage, const struct answer *answer, enum exchange_end end,
                  const char *message);

/* Ends one whose client has its answer, or will get none. */
void passage_done(struct passage *passage, enum exchange_end end, const char *reason);

#endif
