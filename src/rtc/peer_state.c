/*
 * States go one way:
 *
 *            both descriptions      ICE has a pair       DTLS is up
 *   PEER_NEW ──────────► CONNECTING ─────────► SECURING ─────────► OPENING
 *                                                                     │
 *       any state ──► CLOSED ◄──── OPEN ◄──── channel opened ─────────┘
 *
 * CLOSED is entered by peer_end(), from whatever engine gave up, by the connect
 * timeout, which covers everything up to OPEN, and by the patience with a path
 * that is gone. peer_close() is the
 * owner's and tells nobody.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "rtc/peer_internal.h"

static const char *const state_names[] = {"new",     "connecting", "securing",
                                          "opening", "open",       "closed"};

const char *peer_state_name(enum peer_state state)
{
    return state_names[state];
}

void peer_set_state(struct peer *peer, enum peer_state state)
{
    if (peer->state == state)
        return;
    peer->state = state;
    if (!peer->is_closed)
        peer->handlers.on_state(state, peer->arg);
}

void peer_stop(struct peer *peer)
{
    if (peer->state == PEER_CLOSED || peer->is_stopping)
        return;
    peer->is_stopping = true; /* SCTP tells of its end, too */
    if (peer->sctp)
        sctp_assoc_abort(peer->sctp, clock_now_us());
    if (peer->dtls)
        dtls_send_close(peer->dtls);
    if (peer->direct)
        rtc_path_attach(peer->direct, NULL, NULL);
    peer->direct = peer->path = NULL;
    ice_io_close(peer->ice);
    peer->ice = NULL;
    deadline_free(peer->deadline);
    timer_free(peer->connect_timer);
    timer_free(peer->path_timer);
    peer->deadline = NULL;
    peer->connect_timer = NULL;
    peer->path_timer = NULL;
}

void peer_end(struct peer *peer, const char *text)
{
    if (peer->state == PEER_CLOSED || peer->is_stopping)
        return;
    peer_stop(peer);
    peer_set_state(peer, PEER_CLOSED);
    if (!peer->is_closed)
        peer->handlers.on_close(text, peer->arg);
}

void peer_end_by_goodbye(struct peer *peer, const char *text)
{
    peer->has_heard_goodbye = true;
    peer_end(peer, text);
}
