/*
 * Another path for a session that stands, by an ICE restart: its streams go
 * on, over the old path as long as that works.
 *
 * One is wanted when nobody answers on the path, when there is none any more,
 * and when this machine's addresses change in a way that matters. It begins
 * as soon as there is signalling to do it by: at once, or when the signal
 * server is back. An interface that flaps makes one restart after the other,
 * but ever more slowly (LINK_RESTART_FIRST_US to _MOST_US).
 *
 *              wanted                    our offer is out
 *   at rest ────────────► waits for ──────────────────────► under way
 *      ▲                  signalling,                          │   │
 *      │                  its time                             │   │
 *      │                                                       │   │
 *      ├──── answered, or the other side's offer was ◄─────────┘   │
 *      │                                                           │
 *      └──── refused: a new session (make before break) ◄──────────┘
 *
 * Either side may begin; when the offers cross, the peer sorts it out
 * (peer_signal.c). A peer that cannot restart makes a new session of the offer,
 * which shows in its answer, or does not answer at all. Then we do what is
 * done without restarts: offer a new session, or leave and come back so that
 * the other side does.
 *
 * Signalling has its own troubles when an address goes. The server does not
 * know yet, so we come back with the key of the visit before and take over its
 * place; the other side does not notice. When the server has forgotten us
 * (it was restarted), the one who stayed offers a new session to whom he takes
 * for a newcomer; a newcomer whose session with that process still stands
 * offers its restart instead of an answer.
 */
#include <errno.h>

#include "base/log.h"
#include "tunnel/link_internal.h"

static const char path_silent[] = "the other side does not answer";
static const char path_lost[] = "the path to the other side is gone";
static const char addresses_changed[] = "the addresses of this machine have changed";
static const char process_met_again[] = "the other side is met again";

/* ---- beginning one ---- */

static void begin(struct link *link, uint64_t now_us)
{
    struct restart *r = &link->restart;
    int error = peer_restart(session_peer(link->current));
    if (error == -ENOTSUP) {
        r->is_refused = true;
        link_offer(link);
    }
    if (error < 0)
        return;
    log_info("tunnel: %s; looking for another path", r->why);
    r->begun_for = r->why;
    r->why = NULL;
    r->is_under_way = true;
    if (now_us - r->begun_us > LINK_RESTART_CALM_US)
        backoff_reset(&r->backoff);
    r->begun_us = now_us;
    r->not_before_us = now_us + backoff_next_us(&r->backoff);
    timer_start_in(r->timer, LINK_RESTART_US);
}

void link_try_restart(struct link *link)
{
    struct restart *r = &link->restart;
    bool is_free = link->current && !link->pending && !r->is_under_way && !r->is_offer_awaited;
    bool has_signalling = link->is_joined && link->others > 0;
    if (!r->why || r->is_refused || !is_free || !has_signalling)
        return;
    uint64_t now_us = clock_now_us();
    if (now_us < r->not_before_us)
        timer_start_at(r->timer, r->not_before_us);
    else
        begin(link, now_us);
}

void link_want_restart(struct link *link, const char *why)
{
    /* A path that heals by itself does not tell the other side of addresses. */
    if (link->restart.why != addresses_changed)
        link->restart.why = why;
    link_try_restart(link);
}

void link_await_offer(struct link *link)
{
    if (!link->current) {
        timer_start_in(link->negotiation_timer, LINK_NEGOTIATION_US);
        return;
    }
    link->restart.is_offer_awaited = true;
    timer_start_in(link->restart.timer, LINK_RESTART_US);
}

/* ---- ending one ---- */

static void settle(struct link *link)
{
    link->restart.is_under_way = false;
    timer_stop(link->restart.timer);
}

static void abandon(struct link *link)
{
    peer_abandon_restart(session_peer(link->current));
    settle(link);
}

/* The other side has not answered. With a path that works, all is well and it
 * may do so another time; without, a new session is needed. */
static void give_up(struct link *link)
{
    abandon(link);
    log_debug("link: the other side does not take part in a restart");
    if (link->restart.path == PEER_PATH_WORKS)
        return;
    link->restart.is_refused = true;
    link_retry(link);
}

static void on_timer(void *arg)
{
    struct link *link = arg;
    link->restart.is_offer_awaited = false;
    if (link->restart.is_under_way)
        give_up(link);
    else
        link_try_restart(link);
}

void link_restart_reset(struct link *link)
{
    struct restart *r = &link->restart;
    timer_stop(r->timer);
    r->why = NULL;
    r->is_under_way = r->is_refused = r->is_offer_awaited = false;
    r->path = PEER_PATH_WORKS;
}

void link_restart_yield(struct link *link)
{
    if (link->restart.is_under_way)
        abandon(link);
    link->restart.is_offer_awaited = false;
}

void link_restart_on_leave(struct link *link)
{
    struct restart *r = &link->restart;
    r->is_offer_awaited = false;
    /* Whether our last offer or answer arrived, nobody knows. */
    if (link->current)
        peer_abandon_restart(session_peer(link->current));
    if (!r->is_under_way)
        return;
    settle(link);
    if (!r->why)
        r->why = r->begun_for;
}

/* ---- reasons ---- */

void link_on_path(struct link *link, enum peer_path_state state)
{
    struct restart *r = &link->restart;
    bool was_broken = r->path != PEER_PATH_WORKS;
    r->path = state;
    if (state == PEER_PATH_WORKS) {
        r->is_refused = false;
        if (r->why == path_silent || r->why == path_lost)
            r->why = NULL;
        link_report_path(link, was_broken);
        return;
    }
    /* What stopped the path may have stopped signalling, too. */
    if (link->client)
        signal_client_probe(link->client);
    link_want_restart(link, state == PEER_PATH_LOST ? path_lost : path_silent);
}

/* Signalling, where its address is gone or its next try is far off. */
static void mend_signalling(struct link *link, bool matters)
{
    if (!link->client || !signal_client_has_address(link->client) || (matters && !link->is_joined))
        link_reconnect(link);
    else if (matters)
        signal_client_probe(link->client);
}

static void on_addresses(void *arg)
{
    struct link *link = arg;
    struct session *sessions[] = {link->pending, link->current, link->draining};
    bool matters = false;
    for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++) {
        bool is_worth = sessions[i] && peer_update_addresses(session_peer(sessions[i]));
        if (sessions[i] == link->current)
            matters = is_worth;
    }
    log_debug("link: addresses have changed%s", matters ? "" : ", but nothing for us");
    mend_signalling(link, matters);
    if (matters)
        link_want_restart(link, addresses_changed);
}

/* ---- descriptions ---- */

static struct session *find(struct link *link, enum sdp_type type, const char *sdp)
{
    struct session *sessions[] = {link->current, link->draining};
    for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++) {
        if (!sessions[i])
            continue;
        enum peer_match match = peer_match(session_peer(sessions[i]), type, sdp);
        if (match == PEER_MATCH_SESSION || match == PEER_MATCH_LATE)
            return sessions[i];
    }
    return NULL;
}

static void take(struct link *link, struct session *session, enum sdp_type type, const char *sdp)
{
    const char *why;
    struct peer *peer = session_peer(session);
    if (peer_set_remote(peer, type, sdp, &why) < 0)
        log_debug("link: %s for a session that stands is of no use: %s", sdp_type_name(type), why);
    if (session != link->current || peer_is_offering(peer))
        return;
    settle(link);
    /* What we wanted it for, it has told as well. */
    if (type == SDP_OFFER)
        link->restart.why = NULL;
    link_try_restart(link);
}

bool link_restart_take_offer(struct link *link, const char *sdp)
{
    struct restart *r = &link->restart;
    struct session *session = find(link, SDP_OFFER, sdp);
    bool is_awaited = r->is_offer_awaited;
    r->is_offer_awaited = false;
    if (session) {
        if (session == link->current)
            link_drop_pending(link, "the session goes on");
        take(link, session, SDP_OFFER, sdp);
        return true;
    }
    bool is_known = link->current &&
                    peer_match(session_peer(link->current), SDP_OFFER, sdp) == PEER_MATCH_PROCESS;
    if (!is_known || !is_awaited || r->is_refused || r->is_under_way || link->pending)
        return false;
    r->not_before_us = 0;
    link_want_restart(link, r->why ? r->why : process_met_again);
    return r->is_under_way;
}

bool link_restart_take_answer(struct link *link, const char *sdp)
{
    struct session *session = find(link, SDP_ANSWER, sdp);
    if (session) {
        take(link, session, SDP_ANSWER, sdp);
        return true;
    }
    if (!link->restart.is_under_way)
        return false;
    abandon(link);
    link->restart.is_refused = true;
    log_debug("link: the other side takes no part in a restart");
    link_offer(link);
    return true;
}

/* ---- life ---- */

void link_restart_init(struct link *link)
{
    struct restart *r = &link->restart;
    backoff_init(&r->backoff, LINK_RESTART_FIRST_US, LINK_RESTART_MOST_US);
    r->timer = timer_new(link->loop, on_timer, link);
    link->addresses = address_watch_new(link->loop, on_addresses, link);
}

void link_restart_deinit(struct link *link)
{
    timer_free(link->restart.timer);
    address_watch_free(link->addresses);
}
