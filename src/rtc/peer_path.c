/*
 * Two paths, of which one is used: that of ICE, and the relay of last resort
 * where both sides and the owner have it. What comes by either is heard, so
 * that nothing of what is on its way is lost when the other one is taken.
 *
 * What the owner of the peer is told is about both: as long as the relay works,
 * it is only worth knowing that nothing better does. While ICE still looks for
 * its first path, not even that.
 */
#include "base/clock.h"
#include "rtc/peer_internal.h"

/* Without any path, until the connection is given up: as long as the other side
 * hears nothing before it does (RFC 7675). */
#define PATH_PATIENCE_US (30 * US_PER_S)

/* ---- what the owner is told ---- */

static enum peer_path_state state_of(const struct peer *peer)
{
    enum direct direct = peer->choice.direct;
    switch (peer->choice.way) {
    case WAY_DIRECT:
        return direct == DIRECT_SILENT ? PEER_PATH_SILENT : PEER_PATH_WORKS;
    case WAY_RELAY:
        return direct == DIRECT_SOUGHT || direct == DIRECT_WORKS ? PEER_PATH_WORKS
                                                                 : PEER_PATH_RELAYED;
    default:
        return PEER_PATH_LOST;
    }
}

static void tell(struct peer *peer, bool is_other)
{
    enum peer_path_state state = state_of(peer);
    if (peer->state != PEER_OPEN || (state == peer->told_path && !is_other))
        return;
    peer->told_path = state;
    if (state != PEER_PATH_LOST) {
        timer_stop(peer->path_timer);
        sctp_assoc_try_path(peer->sctp, clock_now_us());
        peer_work_later(peer);
    } else {
        timer_start_in(peer->path_timer, PATH_PATIENCE_US);
    }
    peer->handlers.on_path(state, peer->arg);
}

/* ---- which one is used ---- */

static void choose(struct peer *peer, bool has_other_direct)
{
    if (peer->state == PEER_NEW || peer->state == PEER_CLOSED || peer->is_stopping)
        return;
    enum way before = peer->choice.way;
    enum way way = path_choice_decide(&peer->choice, clock_now_us());
    peer->has_path_news = false;
    peer->path = way == WAY_RELAY ? &peer->relay.path : peer->direct;
    bool is_other = way != WAY_NONE && (way != before || (way == WAY_DIRECT && has_other_direct));
    deadline_touch(peer->deadline);
    if (peer->state == PEER_CONNECTING && way != WAY_NONE) {
        peer->path_user->on_path(peer);
        return;
    }
    if (is_other)
        peer_change_sctp_path(peer);
    tell(peer, is_other);
}

uint64_t peer_path_deadline_us(const struct peer *peer)
{
    if (peer->state == PEER_NEW)
        return TIME_NEVER;
    return peer->has_path_news ? 0 : path_choice_deadline_us(&peer->choice);
}

void peer_on_path_deadline(struct peer *peer)
{
    choose(peer, false);
}

/* ---- the direct one ---- */

static void on_direct(struct peer *peer, enum direct direct, bool is_other)
{
    path_choice_on_direct(&peer->choice, direct, clock_now_us());
    choose(peer, is_other);
}

static void on_connected(void *arg)
{
    on_direct(arg, DIRECT_WORKS, false);
}

static void on_change(enum peer_path_state state, bool is_other, void *arg)
{
    static const enum direct of_state[] = {
        [PEER_PATH_WORKS] = DIRECT_WORKS,
        [PEER_PATH_SILENT] = DIRECT_SILENT,
        [PEER_PATH_LOST] = DIRECT_LOST,
    };
    on_direct(arg, of_state[state], is_other);
}

static void on_failed(const char *text, void *arg)
{
    struct peer *peer = arg;
    if (peer->choice.has_relay || peer->state > PEER_CONNECTING)
        on_direct(peer, DIRECT_FAILED, false);
    else
        peer_end(peer, text);
}

static void on_datagram(struct span datagram, void *arg)
{
    struct peer *peer = arg;
    peer->direct_count++;
    if (peer->choice.follow_until_us > 0) {
        path_choice_on_relayed(&peer->choice, true, clock_now_us());
        peer_choose_path_later(peer);
    }
    peer->path_user->on_datagram(datagram, peer);
}

void peer_use_path(struct peer *peer, struct rtc_path *path)
{
    static const struct rtc_path_handlers handlers = {
        .on_connected = on_connected,
        .on_datagram = on_datagram,
        .on_change = on_change,
        .on_failed = on_failed,
    };
    if (peer->direct)
        rtc_path_attach(peer->direct, NULL, NULL);
    if (path)
        rtc_path_attach(path, &handlers, peer);
    peer->direct = path;
    if (peer->choice.way != WAY_RELAY)
        peer->path = path;
}

/* ---- the relay ---- */

static void update_relay(struct peer *peer)
{
    bool has_relay = peer->can_relay && peer->local.has_relay_tag && peer->remote.has_relay_tag;
    if (has_relay == peer->choice.has_relay)
        return;
    if (has_relay)
        rtc_path_open(&peer->relay.path, 0, 1);
    else
        rtc_path_shut(&peer->relay.path);
    path_choice_on_relay(&peer->choice, has_relay);
    peer_choose_path_later(peer);
}

static void on_relay_send(struct span datagram, void *arg)
{
    struct peer *peer = arg;
    if (!peer->is_closed)
        peer->handlers.on_relay(datagram, peer->arg);
}

void peer_set_relay(struct peer *peer, bool can_relay)
{
    peer->can_relay = can_relay;
    if (peer->direct)
        update_relay(peer);
}

/* The other side has come to use the relay: perhaps it knows more than we. */
static void follow(struct peer *peer)
{
    bool has_direct = peer->direct_count != peer->direct_known;
    peer->direct_known = peer->direct_count;
    path_choice_on_relayed(&peer->choice, has_direct, clock_now_us());
    if (peer->choice.follow_until_us > 0)
        choose(peer, false);
    peer_doubt_path(peer);
}

void peer_feed_relay(struct peer *peer, struct span datagram)
{
    if (!peer->direct || !peer->local.has_relay_tag)
        return;
    if (peer->choice.way == WAY_DIRECT)
        follow(peer);
    if (peer->direct)
        peer->path_user->on_datagram(datagram, peer);
}

void peer_doubt_path(struct peer *peer)
{
    if (peer->choice.has_relay && peer->choice.way == WAY_DIRECT && peer->ice)
        ice_io_ask(peer->ice);
}

const uint8_t *peer_relay_tag(const struct peer *peer)
{
    return peer->local.has_relay_tag ? peer->local.relay_tag : NULL;
}

const uint8_t *peer_remote_relay_tag(const struct peer *peer)
{
    return peer->has_remote && peer->remote.has_relay_tag ? peer->remote.relay_tag : NULL;
}

/* ---- life ---- */

void peer_init_paths(struct peer *peer, const struct peer_path_user *user)
{
    peer->path_user = user;
    path_choice_init(&peer->choice);
    relay_path_init(&peer->relay, loop_room(peer->loop, LOOP_ROOM_BURST), on_relay_send, peer);
}

void peer_seek_path(struct peer *peer)
{
    path_choice_begin(&peer->choice, peer->begun_us);
    update_relay(peer);
    peer_choose_path_later(peer);
}
