/*
 * The association and its channels.
 *
 *   owner ─► channel ─► sctp send     (queued until the turn's end)
 *   sctp flush ─► on_packets ─► rtc_path_queue, dtls_seal into it
 *              ─► rtc_path_flush
 *
 * SCTP is flushed once a turn, when all that had come is fed and all that the
 * owner had to say is queued: one acknowledgement and one burst for both.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "rtc/dcep.h"
#include "rtc/peer_internal.h"

enum {
    /* From DTLS to SCTP: an INIT that is lost is sent again after 3 s by those
     * who count from there (RFC 4960 section 15), and a busy machine has to
     * find the time. */
    SCTP_TIMEOUT_S = 10,
    /* And from there to the channel: the offerer of the original sometimes
     * never opens it (a race of its SCTP), and starting over helps. A lost
     * COOKIE-ACK is made good after the same 3 s; and where the path swallows
     * large packets, in which an OPEN may travel, that is known after two
     * timeouts: 3 to 4 s. */
    OPEN_TIMEOUT_S = 6,
    /* A far or lossy path has as often the time that DTLS took, which needs
     * about as many round trips as either. */
    OPEN_TIMEOUT_FACTOR = 4,
    /* A packet of SCTP is a multiple of 4. */
    SCTP_MTU = (DTLS_MTU - DTLS_OVERHEAD) / 4 * 4,
    /* Where the path is our own machine: four packets fill a burst. Of the
     * largest that a record holds it takes three. */
    SCTP_MTU_MAX = (PATH_BURST_BYTES / 4 - DTLS_OVERHEAD) / 4 * 4,
    WORD_MAX = RUSH_BURST_LEAST,  /* queued: who has no more does not wait in line */
    FIRST_CHANNEL_PRIORITY = 1024 /* "high" (RFC 8831 section 6.4); the others have 256 */
};

static const char channel_label[] = "tunnel";

static void become_open(struct peer *peer)
{
    timer_stop(peer->connect_timer);
    peer_set_state(peer, PEER_OPEN);
    if (peer->state != PEER_OPEN)
        return; /* closed under on_state */
    if (!peer->is_reading)
        peer_pause(peer);
    sctp_assoc_set_priority(peer->sctp, peer->first.stream_id, FIRST_CHANNEL_PRIORITY);
    peer_choose_path_later(peer);
    peer->handlers.on_open(peer->arg);
}

static void on_sctp_packets(void *arg, const struct sctp_packet *packets, size_t count)
{
    struct peer *peer = arg;
    if (!peer->path || !dtls_can_send(peer->dtls))
        return;
    for (size_t i = 0; i < count; i++) {
        const struct sctp_packet *p = &packets[i];
        size_t len = dtls_sealed_len(peer->dtls, p->len + p->body.len);
        uint8_t *at = rtc_path_queue(peer->path, len, p->may_fragment);
        if (at)
            dtls_seal(peer->dtls, span_of(p->data, p->len), p->body, at);
    }
    rtc_path_flush(peer->path);
}

/* Of the time that a connection has, no more than this is for the next step. */
static void limit_opening(struct peer *peer, unsigned least_s)
{
    uint64_t now_us = clock_now_us();
    uint64_t wait_us = OPEN_TIMEOUT_FACTOR * (peer->secured_us - peer->connected_us);
    if (wait_us < least_s * US_PER_S)
        wait_us = least_s * US_PER_S;
    bool is_less = now_us + wait_us < peer->give_up_us;
    timer_start_at(peer->connect_timer, is_less ? now_us + wait_us : peer->give_up_us);
}

static void on_sctp_connected(void *arg)
{
    struct peer *peer = arg;
    struct sctp_stats stats;
    sctp_assoc_stats(peer->sctp, &stats);
    log_debug("peer: sctp is up, handshake %s, I-DATA %s, without checksums %s",
              peer->local.sctp_init[0] ? "no" : "yes", stats.interleaved ? "yes" : "no",
              stats.zero_checksum_sent ? "yes" : "no");
    if (peer->first.has_stream)
        become_open(peer);
    else
        limit_opening(peer, OPEN_TIMEOUT_S); /* their OPEN comes */
}

uint16_t peer_stream_of(const struct peer *peer, unsigned channel)
{
    return channel == 0 ? peer->first.stream_id
                        : (uint16_t)(PEER_FIRST_FURTHER_STREAM + channel - 1);
}

struct channel *peer_channel(struct peer *peer, unsigned channel)
{
    assert(channel <= PEER_CHANNELS_MAX);
    if (channel == 0)
        return &peer->first;
    struct channel **further = &peer->further[channel - 1];
    if (!*further) {
        *further = xcalloc(1, sizeof **further);
        channel_init_negotiated(*further, PEER_MESSAGE_MAX, peer_stream_of(peer, channel));
    }
    return *further;
}

/* The channel whose stream that is, or -1. */
static int channel_of(const struct peer *peer, uint16_t stream_id)
{
    if (peer->first.has_stream && stream_id == peer->first.stream_id)
        return 0;
    int further = stream_id - PEER_FIRST_FURTHER_STREAM;
    return further >= 0 && further < PEER_CHANNELS_MAX ? 1 + further : -1;
}

static enum channel_event feed_channel(struct peer *peer, const struct sctp_message_info *info,
                                       struct span message, unsigned *channel, struct span *out)
{
    if (info->ppid == PPID_DCEP)
        return channel_feed_dcep(&peer->first, peer->sctp, info->stream, message, clock_now_us());
    int index = channel_of(peer, info->stream);
    if (index < 0 || peer->state != PEER_OPEN)
        return CHANNEL_NOTHING;
    *channel = (unsigned)index;
    if (*channel > peer->highest_channel)
        peer->highest_channel = *channel;
    return channel_feed(peer_channel(peer, *channel), info->ppid, message, out);
}

static void on_sctp_message(void *arg, const struct sctp_message_info *info, struct span message)
{
    struct peer *peer = arg;
    unsigned channel = 0;
    struct span out = {0};
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
    deadline_touch(peer->deadline);
}

static bool is_bulk(const struct peer *peer)
{
    return sctp_assoc_queued_bytes(peer->sctp) > WORD_MAX;
}

void peer_limit_burst(struct peer *peer)
{
    struct rush *rush = loop_rush(peer->loop);
    bool waits = is_bulk(peer) && !rush_is_alone(rush, &peer->place);
    if (waits)
        rush_come(rush, &peer->place);
    sctp_assoc_limit_burst(peer->sctp, waits ? 0 : SIZE_MAX);
}

/* Returns what of messages has gone, of which most may. */
static size_t flush(struct peer *peer, size_t most, uint64_t now_us)
{
    bool is_alone = rush_is_alone(loop_rush(peer->loop), &peer->place);
    sctp_assoc_limit_queue(peer->sctp, is_alone ? SIZE_MAX : RUSH_QUEUE);
    sctp_assoc_limit_burst(peer->sctp, most);
    sctp_assoc_flush(peer->sctp, now_us);
    deadline_touch(peer->deadline);
    if (sctp_assoc_is_heard(peer->sctp) && dtls_end_repeats(peer->dtls))
        loop_trim(peer->loop);
    return most - sctp_assoc_burst_left(peer->sctp);
}

static size_t send_burst(void *arg, size_t most)
{
    struct peer *peer = arg;
    if (peer->state == PEER_CLOSED || !peer->sctp)
        return 0;
    size_t sent = flush(peer, most, clock_now_us());
    if (peer->state == PEER_CLOSED)
        return sent;
    if (sent >= most)
        rush_come(loop_rush(peer->loop), &peer->place);
    else if (sctp_assoc_queued_bytes(peer->sctp) > 0)
        rush_hold(&peer->place);
    return sent;
}

/* A word goes at once. Who has much waits in line; what came in is acknowledged
 * meanwhile, and who is first sends behind all words of the turn. */
static void send_turn(struct peer *peer, uint64_t now_us)
{
    struct rush *rush = loop_rush(peer->loop);
    if (!is_bulk(peer)) {
        flush(peer, SIZE_MAX, now_us);
        return;
    }
    rush_come(rush, &peer->place);
    if (!rush_is_next(rush, &peer->place))
        flush(peer, 0, now_us);
}

/* The owner hears what was kept for it, and says what it has kept. */
static void end_turn(struct peer *peer, uint64_t now_us)
{
    if (peer->is_reading && !peer->is_sctp_reading) {
        peer->is_sctp_reading = true;
        sctp_assoc_set_reading(peer->sctp, true, now_us);
    }
    bool is_due = peer->is_turn_end_due;
    peer->is_turn_end_due = false;
    if (is_due && peer->state == PEER_OPEN)
        peer->handlers.on_turn_end(peer->arg);
}

void peer_work(struct peer *peer, uint64_t now_us)
{
    bool has_work = peer->has_work;
    if (has_work && peer->state == PEER_OPEN)
        end_turn(peer, now_us);
    peer->has_work = false; /* what was said just now is part of this */
    if (!has_work || peer->state == PEER_CLOSED || !peer->sctp)
        return;
    send_turn(peer, now_us);
}

static void work(void *arg)
{
    peer_work(arg, clock_now_us());
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

/* RFC 8832 section 6: the DTLS client has the even stream ids. Queued now, the
 * OPEN rides with SCTP's handshake, or is the first of all; an empty queue
 * takes it. An offerer that is one of ours opens that stream and no other. */
static void open_channel(struct peer *peer)
{
    bool is_client = peer->role == DTLS_CLIENT;
    struct channel *channel = &peer->first;
    if (!peer->is_offerer && peer_is_sctp_early(peer))
        channel_await(channel, is_client ? 1 : 0);
    else if (peer->is_offerer &&
             channel_open(channel, peer->sctp, is_client ? 0 : 1, channel_label) < 0)
        abort();
}

void peer_start_sctp(struct peer *peer)
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
    peer->arena.len = LOOP_ROOM_LEN;
    peer->arena.data = loop_room(peer->loop, LOOP_ROOM_PACKETS);
    struct sctp_assoc_config config;
    peer_init_sctp(peer, &config);
    config.arena = &peer->arena;
    config.received = &loop_memory(peer->loop)->received;
    config.sent = &loop_memory(peer->loop)->sent;
    config.remote_port = peer->remote.sctp_port;
    config.gathers = true;
    config.mtu = SCTP_MTU;
    config.mtu_max = mtu_max(peer);
    peer->sctp = sctp_assoc_new(&config, &handlers, peer);
    rush_place_init(&peer->place, send_burst, peer);
    uint64_t now_us = clock_now_us();
    limit_opening(peer, SCTP_TIMEOUT_S);
    open_channel(peer);
    peer_connect_sctp(peer, now_us);
    deadline_touch(peer->deadline);
}

void peer_feed_sctp(struct peer *peer, struct span packet, uint64_t now_us)
{
    if (!peer->sctp || peer->state == PEER_CLOSED)
        return;
    sctp_assoc_feed(peer->sctp, packet, now_us);
    peer_work_later(peer);
}

void peer_change_sctp_path(struct peer *peer)
{
    if (peer->sctp)
        sctp_assoc_change_path(peer->sctp, mtu_max(peer), clock_now_us());
    deadline_touch(peer->deadline);
}

void peer_free_sctp(struct peer *peer)
{
    rush_leave(loop_rush(peer->loop), &peer->place);
    sctp_assoc_free(peer->sctp);
}
