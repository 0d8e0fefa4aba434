/*
 * The inside of a link, shared by link.c (signalling, sessions) and
 * link_restart.c (another path for a session that stands). Nobody else
 * includes this.
 */
#ifndef TUNNEL_LINK_INTERNAL_H
#define TUNNEL_LINK_INTERNAL_H

#include "base/backoff.h"
#include "base/random.h"
#include "net/address_watch.h"
#include "signal/client.h"
#include "tunnel/link.h"
#include "tunnel/session.h"

/* A report of ICE and the words around it. */
enum { PROBLEM_MAX = PEER_TRIED_MAX + 192 };

/* Of the current session. */
struct restart {
    enum peer_path_state path;
    const char *why;        /* it is wanted; NULL: it is not */
    const char *begun_for;  /* the one that is under way */
    bool is_under_way;      /* our offer is not answered yet */
    bool is_refused;        /* the other side cannot: the next thing is a new session */
    bool is_offer_awaited;  /* of the other side, who was in the room when we came */
    uint64_t begun_us;      /* the last one of ours */
    uint64_t not_before_us; /* the next */
    struct backoff backoff;
    struct timer *timer;
};

struct link {
    struct loop *loop;
    struct link_config config;
    struct link_handlers handlers;
    void *arg;

    enum link_state state;
    char problem[PROBLEM_MAX];
    uint64_t retry_in_us;

    char key[UUID_TEXT_LEN + 1];  /* by which the signal server knows us again */
    struct signal_client *client; /* NULL while retrying */
    bool is_joined;
    bool is_signal_lost; /* since we last joined */
    size_t others;       /* in the room beside us */
    struct backoff backoff;
    struct timer *retry_timer;
    struct timer *negotiation_timer;

    struct session *pending;
    struct session *current;
    struct session *draining;
    bool is_offerer;       /* of pending */
    bool is_same_role;     /* the other side of pending does our job */
    struct peer_path told; /* of current, to the owner */

    struct restart restart;
    struct address_watch *addresses;
};

/* link.c */
void link_set_state(struct link *link, enum link_state state);
void link_connect(struct link *link);   /* to the signal server */
void link_reconnect(struct link *link); /* at once, whatever is under way */
void link_retry(struct link *link);     /* leaves the room, comes back after a while */
void link_offer(struct link *link);     /* begins a new session */
void link_drop_pending(struct link *link, const char *text);

/* Something has happened to the current session's path: tells the owner if it
 * is another one now, or works again. */
void link_report_path(struct link *link, bool was_broken);

/* link_restart.c */
void link_restart_init(struct link *link);
void link_restart_deinit(struct link *link);
void link_restart_reset(struct link *link);    /* current is another session, or none */
void link_restart_yield(struct link *link);    /* a new session is being negotiated */
void link_restart_on_leave(struct link *link); /* signalling goes away */
void link_await_offer(struct link *link);      /* we came second: the other one will offer */

/* why: static; begins the sentence that the log gets. */
void link_want_restart(struct link *link, const char *why);

/* If one is wanted and nothing stands in the way. */
void link_try_restart(struct link *link);
void link_on_path(struct link *link, enum peer_path_state state);

/* True: the description was about a session that stands, and is dealt with. */
bool link_restart_take_offer(struct link *link, const char *sdp);
bool link_restart_take_answer(struct link *link, const char *sdp);

#endif
