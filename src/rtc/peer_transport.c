/*
 * The layers and who calls whom:
 *
 *   path on_datagram ─► dtls_feed ─► on_data ─► sctp feed ─► channel ─► owner
 *   owner ─► channel ─► sctp send     (queued until the turn's end)
 *   sctp flush ─► on_packets ─► rtc_path_queue, dtls_seal into it ─► rtc_path_flush
 *
 * SCTP is flushed once a turn, when all that had come is fed and all that the
 * owner had to say is queued: one acknowledgement and one burst for both.
 *
 * One timer serves DTLS and SCTP: it is set again only for an earlier
 * deadline, since nearly every packet moves the later one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "rtc/dcep.h"
#include "rtc/peer_internal.h"

enum {
    /* From both descriptions to an open channel. Long enough for a slow TURN
     * server and a lossy path, short enough for a person to wait. */
    CONNECT_TIMEOUT_S = 30,
    /* Of that, from DTLS to the channel: the offerer of the original sometimes
     * never opens it (a race of its SCTP), and starting over helps. A far or
     * lossy path has as often the time that DTLS took, which needs about as
     * many round trips. */
    OPEN_TIMEOUT_S = 3,
    OPEN_TIMEOUT_FACTOR = 4,
    /* Without any path, until the connection is given up: as long as the
     * other side hears nothing before it does (RFC 7675). */
    PATH_PATIENCE_S = 30,
    /* Datagrams that come before the path is up on our side, from who has proved by
     * a check that it knows our password: a flight of DTLS, some times over. */
    EARLY_DATAGRAMS_MAX = 32 << 10,
    EARLY_HEADER_LEN = 2,
    /* A packet of SCTP is a multiple of 4. */
    SCTP_MTU = (DTLS_MTU - DTLS_OVERHEAD) / 4 * 4,
    SCTP_MTU_MAX = DTLS_PLAINTEXT_MAX, /* where the path is our own machine */
    SCTP_ARENA_LEN = 128 << 10,        /* packets are written that many bytes at a time */
    FIRST_CHANNEL_PRIORITY = 1024,     /* "high" (RFC 8831 section 6.4); the others have 256 */
    TEXT_MAX = PEER_TRIED_MAX + 128
};

static const char channel_label[] = "tunnel";

/* ---- deadlines ---- */

static uint64_t next_deadline_us(const struct peer *peer)
{
    uint64_t dtls = peer->dtls ? dtls_deadline_us(peer->dtls) : TIME_NEVER;
    uint64_t sctp = peer->sctp ? sctp_assoc_deadline(peer->sctp) : TIME_NEVER;
    return dtls < sctp ? dtls : sctp;
}

void peer_arm(struct peer *peer)
{
    if (!peer->timer || peer->state == PEER_CLOSED)
        return;
    uint64_t deadline_us = next_deadline_us(peer);
    if (deadline_us >= peer->armed_us)
        return;
    peer->armed_us = deadline_us;
    timer_start_at(peer->timer, deadline_us);
}

static void on_deadline(void *arg)
{
    struct peer *peer = arg;
    peer->armed_us = TIME_NEVER;
    uint64_t now_us = clock_now_us();
    if (peer->dtls && dtls_deadline_us(peer->dtls) <= now_us)
        dtls_on_deadline(peer->dtls, now_us);
    if (peer->sctp && sctp_assoc_deadline(peer->sctp) <= now_us)
        sctp_assoc_on_deadline(peer->sctp, now_us);
    peer_arm(peer);
}

static void on_connect_timeout(void *arg)
{
    struct peer *peer = arg;
    char tried[PEER_TRIED_MAX];
    char text[TEXT_MAX];
    if (peer->state == PEER_CONNECTING)
        snprintf(text, sizeof text, "no path to the other side was found in %d s (%s)",
                 CONNECT_TIMEOUT_S, rtc_path_describe_tried(peer->path, tried));
    else if (peer->state == PEER_SECURING)
        snprintf(text, sizeof text, "the DTLS handshake was not done in %d s", CONNECT_TIMEOUT_S);
    else
        snprintf(text, sizeof text, "the data channel did not open within %.0f s of DTLS",
                 (double)(clock_now_us() - peer->secured_us) / US_PER_S);
    peer_end(peer, text);
}

/* ---- SCTP and the channel ---- */

static void become_open(struct peer *peer)
{
    timer_stop(peer->connect_timer);
    peer_set_state(peer, PEER_OPEN);
    if (peer->state != PEER_OPEN)
        return; /* closed under on_state */
    if (!peer->is_reading)
        peer_pause(peer);
    sctp_assoc_set_priority(peer->sctp, peer->channels[0].stream_id, FIRST_CHANNEL_PRIORITY);
    peer->handlers.on_open(peer->arg);
}

static void on_sctp_packets(void *arg, const struct sctp_packet *packets, size_t count)
{
    struct peer *peer = arg;
    if (!peer->path || !dtls_is_connected(peer->dtls))
        return;
    for (size_t i = 0; i < count; i++) {
        struct span packet = span_of(packets[i].data, packets[i].len);
        size_t len = dtls_sealed_len(peer->dtls, packet.len);
        uint8_t *at = rtc_path_queue(peer->path, len, packets[i].may_fragment);
        if (at)
            dtls_seal(peer->dtls, packet, at);
    }
    rtc_path_flush(peer->path);
}

static void on_sctp_connected(void *arg)
{
    struct peer *peer = arg;
    struct sctp_stats stats;
    sctp_assoc_stats(peer->sctp, &stats);
    log_debug("peer: sctp is up, I-DATA %s, without checksums %s", stats.interleaved ? "yes" : "no",
              stats.zero_checksum_sent ? "yes" : "no");
    if (peer->is_offerer)
        become_open(peer); /* else their OPEN comes */
}

/* The channel whose stream that is, or -1. */
static int channel_of(const struct peer *peer, uint16_t stream_id)
{
    if (peer->channels[0].has_stream && stream_id == peer->channels[0].stream_id)
        return 0;
    int further = stream_id - PEER_FIRST_FURTHER_STREAM;
    return further >= 0 && further < PEER_CHANNELS_MAX ? 1 + further : -1;
}

static enum channel_event feed_channel(struct peer *peer, const struct sctp_message_info *info,
                                       struct span message, unsigned *channel, struct span *out)
{
    if (info->ppid == PPID_DCEP)
        return channel_feed_dcep(&peer->channels[0], peer->sctp, info->stream, message,
                                 clock_now_us());
    int index = channel_of(peer, info->stream);
    if (index < 0 || peer->state != PEER_OPEN)
        return CHANNEL_NOTHING;
    *channel = (unsigned)index;
    if (*channel > peer->highest_channel)
        peer->highest_channel = *channel;
    return channel_feed(&peer->channels[index], info->ppid, message, out);
}

static void on_sctp_message(void *arg, const struct sctp_message_info *info, struct span message)
{
    struct peer *peer = arg;
    unsigned channel = 0;
    struct span out;
    switch (feed_channel(peer, info, message, &channel, &out)) {
    case CHANNEL_NOTHING:
        break;
    case CHANNEL_OPENED:
        become_open(peer);
        break;
    case CHANNEL_MESSAGE:
        peer->handlers.on_message(channel, out, peer->arg);
        break;
    case CHANNEL_BROKEN:
        peer_end(peer, "the other side broke the data channel protocol");
        break;
    }
}

static void on_sctp_writable(void *arg)
{
    struct peer *peer = arg;
    if (peer->state == PEER_OPEN)
        peer->handlers.on_writable(peer->arg);
}

static void on_sctp_stream_reset(void *arg, uint16_t stream_id, enum sctp_reset_side side)
{
    struct peer *peer = arg;
    int channel = channel_of(peer, stream_id);
    if (side == SCTP_RESET_INCOMING && channel >= 0 && channel <= (int)peer->highest_channel)
        peer_end_by_goodbye(peer, "the other side closed the data channel");
}

static void on_sctp_closed(void *arg, enum sctp_close_reason reason)
{
    static const char *const texts[] = {
        [SCTP_CLOSED_SHUTDOWN] = "the other side closed the connection",
        [SCTP_CLOSED_ABORTED] = "closed",
        [SCTP_CLOSED_PEER_ABORTED] = "the other side closed the connection",
        [SCTP_CLOSED_TIMEOUT] = "the other side does not answer any more (SCTP timeout)",
        [SCTP_CLOSED_PEER_VIOLATED] = "the other side broke the SCTP protocol",
    };
    bool is_goodbye = reason == SCTP_CLOSED_SHUTDOWN || reason == SCTP_CLOSED_PEER_ABORTED;
    (is_goodbye ? peer_end_by_goodbye : peer_end)(arg, texts[reason]);
}

void peer_pause(struct peer *peer)
{
    peer->is_sctp_reading = false;
    sctp_assoc_set_reading(peer->sctp, false, clock_now_us());
}

static void work(void *arg)
{
    struct peer *peer = arg;
    peer->has_work = false;
    if (peer->state == PEER_CLOSED || !peer->sctp)
        return;
    uint64_t now_us = clock_now_us();
    if (peer->state == PEER_OPEN && peer->is_reading && !peer->is_sctp_reading) {
        peer->is_sctp_reading = true;
        sctp_assoc_set_reading(peer->sctp, true, now_us);
    }
    sctp_assoc_flush(peer->sctp, now_us);
    peer_arm(peer);
}

void peer_work_later(struct peer *peer)
{
    /* Closed under a handler, it is freed before the work would be done. */
    if (peer->has_work || peer->state == PEER_CLOSED)
        return;
    peer->has_work = true;
    loop_defer(peer->loop, work, peer);
}

/* Where path MTU discovery ends: what this machine knows of the way. */
static size_t mtu_max(const struct peer *peer)
{
    size_t datagram = rtc_path_datagram_max(peer->path);
    size_t most = datagram > DTLS_OVERHEAD ? (datagram - DTLS_OVERHEAD) / 4 * 4 : SCTP_MTU;
    return most > SCTP_MTU_MAX ? SCTP_MTU_MAX : most;
}

static void on_sctp_mtu(void *arg, size_t mtu)
{
    (void)arg;
    log_write(mtu < SCTP_MTU ? LOG_INFO : LOG_DEBUG,
              "peer: the path carries datagrams of %zu bytes at most%s", mtu + DTLS_OVERHEAD,
              mtu < SCTP_MTU ? ", fewer than usual; all goes in such small ones" : "");
}

static void start_sctp(struct peer *peer)
{
    static const struct sctp_assoc_handlers handlers = {
        .on_packets = on_sctp_packets,
        .on_connected = on_sctp_connected,
        .on_message = on_sctp_message,
        .on_writable = on_sctp_writable,
        .on_stream_reset = on_sctp_stream_reset,
        .on_mtu = on_sctp_mtu,
        .on_closed = on_sctp_closed,
    };
    peer->arena.len = SCTP_ARENA_LEN;
    peer->arena.data = xcalloc(1, SCTP_ARENA_LEN);
    struct sctp_assoc_config config;
    sctp_assoc_config_init(&config);
    random_bytes(config.seed, sizeof config.seed);
    config.arena = &peer->arena;
    config.local_port = SDP_SCTP_PORT;
    config.remote_port = peer->remote.sctp_port;
    config.mtu = SCTP_MTU;
    config.mtu_max = mtu_max(peer);
    config.max_message = PEER_MESSAGE_MAX;
    peer->sctp = sctp_assoc_new(&config, &handlers, peer);
    uint64_t now_us = clock_now_us();
    /* RFC 8832 section 6: the DTLS client has the even stream ids. Queued now,
     * the OPEN rides with SCTP's handshake; an empty queue takes it. */
    uint16_t stream_id = peer->role == DTLS_CLIENT ? 0 : 1;
    if (peer->is_offerer &&
        channel_open(&peer->channels[0], peer->sctp, stream_id, channel_label, now_us) < 0)
        abort();
    sctp_assoc_connect(peer->sctp, now_us);
}

/* ---- DTLS ---- */

static void on_dtls_datagram(struct span datagram, void *arg)
{
    struct peer *peer = arg;
    if (!peer->path)
        return;
    uint8_t *at = rtc_path_queue(peer->path, datagram.len, false);
    if (!at)
        return;
    memcpy(at, datagram.data, datagram.len);
    rtc_path_flush(peer->path);
}

static void limit_opening(struct peer *peer)
{
    uint64_t now_us = clock_now_us();
    uint64_t wait_us = OPEN_TIMEOUT_FACTOR * (now_us - peer->connected_us);
    if (wait_us < OPEN_TIMEOUT_S * US_PER_S)
        wait_us = OPEN_TIMEOUT_S * US_PER_S;
    peer->secured_us = now_us;
    if (now_us + wait_us < peer->give_up_us)
        timer_start_at(peer->connect_timer, now_us + wait_us);
}

static void on_dtls_connected(void *arg)
{
    struct peer *peer = arg;
    limit_opening(peer);
    peer_set_state(peer, PEER_OPENING);
    if (peer->state == PEER_OPENING)
        start_sctp(peer);
}

static void on_dtls_data(struct span plaintext, uint64_t now_us, void *arg)
{
    struct peer *peer = arg;
    if (!peer->sctp || peer->state == PEER_CLOSED)
        return;
    sctp_assoc_feed(peer->sctp, plaintext, now_us);
    peer_work_later(peer);
}

static void on_dtls_closed(int error, const char *text, void *arg)
{
    (error ? peer_end : peer_end_by_goodbye)(arg, text);
}

/* ---- the path ---- */

static void feed_early(struct peer *peer)
{
    while (peer->state != PEER_CLOSED) {
        struct span all = buf_bytes(&peer->early_datagrams);
        if (!all.data || all.len == 0)
            break;
        size_t len = get_u16be(all.data);
        dtls_feed(peer->dtls, span_of(all.data + EARLY_HEADER_LEN, len), clock_now_us());
        buf_consume(&peer->early_datagrams, EARLY_HEADER_LEN + len);
    }
    buf_deinit(&peer->early_datagrams);
}

static void on_path_connected(void *arg)
{
    struct peer *peer = arg;
    if (peer->state != PEER_CONNECTING)
        return; /* a better pair; the next datagram takes it */
    peer->connected_us = clock_now_us();
    peer_set_state(peer, PEER_SECURING);
    if (peer->state != PEER_SECURING)
        return;
    dtls_limit_datagrams(peer->dtls, rtc_path_datagram_max(peer->path));
    dtls_start(peer->dtls, clock_now_us());
    feed_early(peer);
    peer_arm(peer);
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
    peer_arm(peer);
}

static void on_path_failed(const char *text, void *arg)
{
    peer_end(arg, text);
}

static void on_path_patience(void *arg)
{
    struct peer *peer = arg;
    char tried[PEER_TRIED_MAX];
    char text[TEXT_MAX];
    snprintf(text, sizeof text, "the path to the other side is lost (%s)",
             rtc_path_describe_tried(peer->path, tried));
    peer_end(peer, text);
}

static void on_path_change(enum peer_path_state state, bool is_other, void *arg)
{
    struct peer *peer = arg;
    if (peer->sctp && is_other)
        sctp_assoc_change_path(peer->sctp, mtu_max(peer), clock_now_us());
    if (peer->state != PEER_OPEN)
        return;
    if (state != PEER_PATH_LOST) {
        timer_stop(peer->path_timer);
        sctp_assoc_try_path(peer->sctp, clock_now_us());
        peer_work_later(peer);
    } else {
        timer_start_in(peer->path_timer, PATH_PATIENCE_S * US_PER_S);
    }
    peer->handlers.on_path(state, peer->arg);
}

/* ---- life ---- */

void peer_use_path(struct peer *peer, struct rtc_path *path)
{
    static const struct rtc_path_handlers handlers = {
        .on_connected = on_path_connected,
        .on_datagram = on_path_datagram,
        .on_change = on_path_change,
        .on_failed = on_path_failed,
    };
    if (peer->path)
        rtc_path_attach(peer->path, NULL, NULL);
    if (path)
        rtc_path_attach(path, &handlers, peer);
    peer->path = path;
}

void peer_start_ice(struct peer *peer)
{
    buf_init(&peer->early_datagrams, EARLY_DATAGRAMS_MAX);
    peer->timer = timer_new(peer->loop, on_deadline, peer);
    peer->connect_timer = timer_new(peer->loop, on_connect_timeout, peer);
    peer->path_timer = timer_new(peer->loop, on_path_patience, peer);
    struct ice_io_config config = {
        .is_controlling = peer->is_offerer,
        .is_relay_only = peer->config.is_relay_only,
        .servers = peer->config.servers,
    };
    peer->ice = ice_io_new(peer->loop, &config, peer_on_local_candidate, peer);
    peer_use_path(peer, ice_io_path(peer->ice));
}

void peer_start_transport(struct peer *peer)
{
    static const struct dtls_handlers handlers = {
        .on_datagram = on_dtls_datagram,
        .on_connected = on_dtls_connected,
        .on_data = on_dtls_data,
        .on_closed = on_dtls_closed,
    };
    peer->dtls = dtls_new(peer->config.cert, peer->role, peer->remote.fingerprint, &handlers, peer);
    peer->give_up_us = clock_now_us() + CONNECT_TIMEOUT_S * US_PER_S;
    timer_start_at(peer->connect_timer, peer->give_up_us);
    peer_set_state(peer, PEER_CONNECTING);
}

void peer_stop_transport(struct peer *peer)
{
    if (peer->state == PEER_CLOSED || peer->is_stopping)
        return;
    peer->is_stopping = true; /* SCTP tells of its end, too */
    if (peer->sctp)
        sctp_assoc_abort(peer->sctp, clock_now_us());
    if (peer->dtls)
        dtls_send_close(peer->dtls);
    peer_use_path(peer, NULL);
    ice_io_close(peer->ice);
    peer->ice = NULL;
    timer_free(peer->timer);
    timer_free(peer->connect_timer);
    timer_free(peer->path_timer);
    peer->timer = NULL;
    peer->connect_timer = NULL;
    peer->path_timer = NULL;
}

void peer_free_transport(struct peer *peer)
{
    sctp_assoc_free(peer->sctp);
    free(peer->arena.data);
    dtls_free(peer->dtls);
    buf_deinit(&peer->early_datagrams);
}
