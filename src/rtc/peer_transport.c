/*
 * DTLS on the path; what it brings is SCTP's.
 *
 *   path on_datagram ─► dtls_feed ─► on_data ─► sctp feed ─► channel ─► owner
 *
 * One deadline serves the choice of the path, DTLS and SCTP.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "rtc/peer_internal.h"

enum {
    /* From both descriptions to an open channel. Long enough for a slow TURN
     * server and a lossy path, short enough for a person to wait. */
    CONNECT_TIMEOUT_S = 30,
    /* Datagrams that come before the path is up on our side, from who has
     * proved by a check that it knows our password: a flight of DTLS, some
     * times over. */
    EARLY_DATAGRAMS_MAX = 32 << 10,
    EARLY_HEADER_LEN = 2,
    TEXT_MAX = PEER_TRIED_MAX + 128
};

/* ---- deadlines ---- */

static uint64_t next_us(void *arg)
{
    const struct peer *peer = arg;
    /* Before there is a path, ICE's own repetitions are all there is. */
    bool is_alone = peer->dtls && peer->state > PEER_CONNECTING;
    uint64_t dtls_us = is_alone ? dtls_deadline_us(peer->dtls) : TIME_NEVER;
    /* What is deferred comes before the loop sleeps, and touches this. */
    bool has_sctp = peer->sctp && !peer->has_work;
    uint64_t sctp_us = has_sctp ? sctp_assoc_deadline(peer->sctp) : TIME_NEVER;
    uint64_t path_us = peer_path_deadline_us(peer);
    uint64_t at_us = dtls_us < sctp_us ? dtls_us : sctp_us;
    return at_us < path_us ? at_us : path_us;
}

static void on_due(void *arg)
{
    struct peer *peer = arg;
    uint64_t now_us = clock_now_us();
    if (peer_path_deadline_us(peer) <= now_us)
        peer_on_path_deadline(peer);
    if (peer->state == PEER_CLOSED)
        return;
    if (peer->dtls && peer->state > PEER_CONNECTING && dtls_deadline_us(peer->dtls) <= now_us) {
        dtls_on_deadline(peer->dtls, now_us);
        if (dtls_is_connected(peer->dtls)) /* then that has freed much */
            loop_trim(peer->loop);
    }
    if (peer->sctp && sctp_assoc_deadline(peer->sctp) <= now_us) {
        peer_limit_burst(peer);
        sctp_assoc_on_deadline(peer->sctp, now_us);
        if (sctp_assoc_is_silent(peer->sctp))
            peer_doubt_path(peer);
    }
    /* What came in this turn belongs to the same burst. */
    peer_work(peer, now_us);
}

static void on_connect_timeout(void *arg)
{
    struct peer *peer = arg;
    char tried[PEER_TRIED_MAX];
    char text[TEXT_MAX];
    if (peer->state == PEER_CONNECTING)
        snprintf(text, sizeof text, "no path to the other side was found in %d s (%s)",
                 CONNECT_TIMEOUT_S, rtc_path_describe_tried(peer->direct, tried));
    else if (peer->state == PEER_SECURING)
        snprintf(text, sizeof text, "the DTLS handshake was not done in %d s", CONNECT_TIMEOUT_S);
    else
        snprintf(text, sizeof text, "%s within %.0f s of DTLS",
                 sctp_assoc_is_connected(peer->sctp) ? "the data channel did not open"
                                                     : "SCTP did not connect",
                 (double)(clock_now_us() - peer->secured_us) / US_PER_S);
    peer_end(peer, text);
}

/* ---- DTLS ---- */

static void send_datagram(struct peer *peer, struct span datagram)
{
    if (!peer->path)
        return;
    uint8_t *at = rtc_path_queue(peer->path, datagram.len, false);
    if (!at)
        return;
    memcpy(at, datagram.data, datagram.len);
    rtc_path_flush(peer->path);
}

static void on_dtls_datagram(struct span datagram, void *arg)
{
    struct peer *peer = arg;
    if (peer->state <= PEER_CONNECTING)
        sped_queue(&peer->sped, datagram);
    else
        send_datagram(peer, datagram);
}

static void begin_opening(struct peer *peer)
{
    peer->secured_us = clock_now_us();
    peer_set_state(peer, PEER_OPENING);
    if (peer->state == PEER_OPENING)
        peer_start_sctp(peer);
}

/* Once there is a path, and DTLS lets us send. */
static void open_if_secure(struct peer *peer)
{
    bool is_secure =
        dtls_is_connected(peer->dtls) || (dtls_can_send(peer->dtls) && peer_is_sctp_early(peer));
    if (peer->state == PEER_SECURING && is_secure)
        begin_opening(peer);
}

static void on_dtls_early(void *arg)
{
    open_if_secure(arg);
}

static void on_dtls_connected(void *arg)
{
    struct peer *peer = arg;
    /* Before there is a path, our last flight rides as the others did. */
    if (peer->state > PEER_CONNECTING)
        sped_end(&peer->sped);
    open_if_secure(peer);
}

static void on_dtls_data(struct span plaintext, uint64_t now_us, void *arg)
{
    peer_feed_sctp(arg, plaintext, now_us);
}

static void end_riding(void *arg)
{
    struct peer *peer = arg;
    peer_end(peer, peer->riding_text);
}

static void on_dtls_closed(int error, const char *text, void *arg)
{
    struct peer *peer = arg;
    if (!peer->is_riding) {
        (error ? peer_end : peer_end_by_goodbye)(peer, text);
        return;
    }
    snprintf(peer->riding_text, sizeof peer->riding_text, "%s", text);
    loop_defer(peer->loop, end_riding, peer);
}

/* ---- the path ---- */

/* The datagram that came first of those that are kept; false when there is
 * none. It lies there until it is dropped. */
static bool first_early(const struct peer *peer, struct span *datagram)
{
    struct span all = buf_bytes(&peer->early_datagrams);
    if (!all.data || all.len == 0)
        return false;
    *datagram = span_of(all.data + EARLY_HEADER_LEN, get_u16be(all.data));
    return true;
}

static void drop_early(struct peer *peer, struct span datagram)
{
    buf_consume(&peer->early_datagrams, EARLY_HEADER_LEN + datagram.len);
}

static void feed_early(struct peer *peer)
{
    struct span datagram;
    while (peer->state != PEER_CLOSED && first_early(peer, &datagram)) {
        dtls_feed(peer->dtls, datagram, clock_now_us());
        drop_early(peer, datagram);
    }
    deadline_touch(peer->deadline);
    buf_deinit(&peer->early_datagrams);
    buf_init(&peer->early_datagrams, EARLY_DATAGRAMS_MAX);
}

static void feed_later(void *arg)
{
    struct peer *peer = arg;
    feed_early(peer);
}

/* What DTLS makes of it, it sends with ICE's messages. */
static void ride(struct peer *peer, struct span datagram)
{
    peer->is_riding = true;
    sped_end_flight(&peer->sped);
    if (datagram.len > 0)
        dtls_feed(peer->dtls, datagram, clock_now_us());
    else
        dtls_start(peer->dtls, clock_now_us());
    peer->is_riding = false;
}

static void ride_from_now_on(struct peer *peer)
{
    dtls_limit_datagrams(peer->dtls, SPED_DATAGRAM_MAX);
    peer->has_ridden = true;
    ride(peer, (struct span){0});
    for (struct span datagram; first_early(peer, &datagram); drop_early(peer, datagram))
        ride(peer, datagram);
}

static void send_flight(struct peer *peer)
{
    for (size_t i = 0; i < peer->sped.count; i++)
        send_datagram(peer, span_of(peer->sped.flight[i].data, peer->sped.flight[i].len));
    if (dtls_is_connected(peer->dtls))
        sped_end(&peer->sped);
}

/* There is one, for the first time. */
static void on_path(struct peer *peer)
{
    peer->connected_us = clock_now_us();
    peer_set_state(peer, PEER_SECURING);
    if (peer->state != PEER_SECURING)
        return;
    dtls_limit_datagrams(peer->dtls, rtc_path_datagram_max(peer->path));
    send_flight(peer);
    dtls_start(peer->dtls, clock_now_us());
    open_if_secure(peer);
    feed_early(peer); /* and touches the deadline */
}

static void keep_early(struct peer *peer, struct span datagram)
{
    uint8_t header[EARLY_HEADER_LEN];
    if (datagram.len > UINT16_MAX ||
        buf_room(&peer->early_datagrams) < EARLY_HEADER_LEN + datagram.len)
        return;
    put_u16be(header, (uint16_t)datagram.len);
    buf_append(&peer->early_datagrams, span_of(header, sizeof header));
    buf_append(&peer->early_datagrams, datagram);
}

static void on_path_datagram(struct span datagram, void *arg)
{
    struct peer *peer = arg;
    if (peer->state == PEER_CLOSED)
        return;
    if (peer->state == PEER_NEW || peer->state == PEER_CONNECTING) {
        keep_early(peer, datagram);
        return;
    }
    dtls_feed(peer->dtls, datagram, clock_now_us());
    deadline_touch(peer->deadline);
}

static void on_fill(struct stun_writer *w, bool is_first, void *arg)
{
    struct peer *peer = arg;
    sped_fill(&peer->sped, w, is_first && peer->state == PEER_CONNECTING);
}

/* Under ICE's own call: only what rides back may be made of it at once. */
static void on_binding(const struct stun_message *m, void *arg)
{
    struct peer *peer = arg;
    struct span datagram = sped_take(&peer->sped, m);
    if (datagram.len == 0 || peer->state == PEER_CLOSED)
        return;
    if (peer->state == PEER_CONNECTING) {
        ride(peer, datagram);
        return;
    }
    keep_early(peer, datagram);
    if (peer->state > PEER_CONNECTING)
        loop_defer(peer->loop, feed_later, peer);
}

static void on_path_patience(void *arg)
{
    struct peer *peer = arg;
    char tried[PEER_TRIED_MAX];
    char text[TEXT_MAX];
    snprintf(text, sizeof text, "the path to the other side is lost (%s)",
             rtc_path_describe_tried(peer->direct, tried));
    peer_end(peer, text);
}

/* ---- life ---- */

void peer_start_ice(struct peer *peer, void (*on_candidate)(const char *candidate, void *arg))
{
    buf_init(&peer->early_datagrams, EARLY_DATAGRAMS_MAX);
    peer->deadline = deadline_new_touched(peer->loop, next_us, on_due, peer);
    peer->connect_timer = timer_new(peer->loop, on_connect_timeout, peer);
    peer->path_timer = timer_new(peer->loop, on_path_patience, peer);
    struct ice_io_config config = {
        .is_controlling = peer->is_offerer,
        .is_relay_only = peer->config.is_relay_only,
        .servers = peer->config.servers,
        .on_fill = on_fill,
        .on_binding = on_binding,
    };
    static const struct peer_path_user user = {on_path, on_path_datagram};
    sped_init(&peer->sped);
    peer->ice = ice_io_new(peer->loop, &config, on_candidate, peer);
    peer_init_paths(peer, &user);
    peer_use_path(peer, ice_io_path(peer->ice));
}

void peer_start_transport(struct peer *peer)
{
    static const struct dtls_handlers handlers = {
        .on_datagram = on_dtls_datagram,
        .on_early = on_dtls_early,
        .on_connected = on_dtls_connected,
        .on_data = on_dtls_data,
        .on_closed = on_dtls_closed,
    };
    peer->dtls = dtls_new(peer->config.cert, peer->role, peer->remote.fingerprint, &handlers, peer);
    peer->begun_us = clock_now_us();
    peer->give_up_us = peer->begun_us + CONNECT_TIMEOUT_S * US_PER_S;
    timer_start_at(peer->connect_timer, peer->give_up_us);
    sped_settle(&peer->sped, peer->local.has_sped && peer->remote.has_sped);
    peer_set_state(peer, PEER_CONNECTING);
    peer_seek_path(peer);
    if (sped_is_on(&peer->sped) && peer->state == PEER_CONNECTING)
        ride_from_now_on(peer);
}

void peer_free_transport(struct peer *peer)
{
    peer_free_sctp(peer);
    dtls_free(peer->dtls);
    sped_deinit(&peer->sped);
    buf_deinit(&peer->early_datagrams);
}
