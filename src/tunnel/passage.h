/*
 * One exchange at the consumer: an exchange of the HTTP server joined to a
 * stream of the multiplexer.
 *
 *   new() ──► start() ───────────────► streaming ──► gone
 *      │ └───► hold() ──► go_on() ────────^ │ ^       ▲
 *      │                                  └─┘         │
 *      │  on_failure(), on_head(): another provider   │
 *      └──────────────── fail() ──────────────────────┘
 *
 * While it is held, its client's request body stays in the kernel, but for what
 * was read together with the head. When its stream fails before anything of a
 * response is there, or the response sends its client away for a while, and it
 * may be sent again (tunnel/retry.h), its owner is asked where to. A passage
 * that is gone has told its owner and the watch, and has left the list that it
 * was in.
 */
#ifndef TUNNEL_PASSAGE_H
#define TUNNEL_PASSAGE_H

#include "base/list.h"
#include "http/server.h"
#include "tunnel/answer.h"
#include "tunnel/exchange.h"
#include "tunnel/gate.h"
#include "tunnel/retry.h"
#include "tunnel/splice.h"

struct passage;

struct passage_owner {
    /* The response's head has come. can_move: the request may be sent to
     * another provider instead. The multiplexer of that one, or NULL: it is the
     * client's answer. */
    struct mux *(*on_head)(struct passage *passage, const struct head *head, bool can_move,
                           void *arg);
    /* Its stream has failed, or could not be opened. can_move: it may be sent
     * to another provider. The multiplexer of that one, or NULL. */
    struct mux *(*on_failure)(struct passage *passage, enum stream_error error, bool can_move,
                              void *arg);
    /* It has reached nobody, and there is nobody: it is held, as if it had come
     * now. */
    void (*on_held)(struct passage *passage, void *arg);
    /* Its last call. */
    void (*on_gone)(struct passage *passage, void *arg);
};

/* What the passages of a proxy have in common; outlives them. */
struct passage_common {
    struct exchange_watch watch;
    struct gate gate;
    struct retry_total kept;
    const struct passage_owner *owner;
    void *arg;
};

struct passage {
    struct passage_common *common;
    struct list link;       /* for the owner to keep it in a list */
    uint64_t give_up_at_us; /* the owner's, once it was held; or 0 */
    int provider;           /* the owner's: who has it */
    unsigned tried;         /* the owner's: who has, or had it; a bit for each */
    struct http_exchange *exchange;
    struct stream_splice splice; /* without a stream while it is held */
    bool is_held;
    struct retry retry;
    struct answer_form form;
    struct exchange_record record;
};

/* head: with which the request goes on. */
struct passage *passage_new(struct passage_common *common, struct http_exchange *exchange,
                            const struct http_request *request, const struct head *head);

/* From now on the client's body comes, and a client that leaves ends it. */
void passage_accept(struct passage *passage);

/* Opens the stream, with the head adapted to the session, there or where
 * on_failure says: there may be other providers, now or when this one fails.
 * When that cannot be, the client was told, and the passage is gone. */
void passage_start(struct passage *passage, struct mux *mux, struct head *head);

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
