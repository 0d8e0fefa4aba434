/*
 * What the owner of a peer calls, but for what is about descriptions and
 * candidates (peer_signal.c). The memory goes a turn after peer_close(), which
 * may be called under any handler.
 */
#include "rtc/peer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "rtc/peer_internal.h"

struct peer *peer_new(struct loop *loop, const struct peer_config *config,
                      const struct peer_handlers *handlers, void *arg)
{
    struct peer *peer = xcalloc(1, sizeof *peer);
    peer->loop = loop;
    peer->config = *config;
    peer->handlers = *handlers;
    peer->arg = arg;
    peer->is_reading = true;
    peer->is_sctp_reading = true;
    channel_init(&peer->first, PEER_MESSAGE_MAX);
    return peer;
}

static void destroy(void *arg)
{
    struct peer *peer = arg;
    peer_free_transport(peer);
    peer_signal_deinit(peer);
    channel_deinit(&peer->first);
    for (size_t i = 0; i < PEER_CHANNELS_MAX; i++)
        channel_free(peer->further[i]);
    free(peer);
}

void peer_close(struct peer *peer)
{
    if (!peer || peer->is_closed)
        return;
    peer->is_closed = true;
    peer_stop(peer);
    peer->state = PEER_CLOSED;
    loop_defer(peer->loop, destroy, peer);
}

int peer_send(struct peer *peer, unsigned channel, struct span head, struct span body)
{
    if (peer->state != PEER_OPEN)
        return -ENOTCONN;
    uint32_t theirs = peer->remote.max_message_size;
    size_t most = theirs > 0 && theirs < PEER_MESSAGE_MAX ? theirs : PEER_MESSAGE_MAX;
    if (body.len > most || head.len > most - body.len)
        return -EMSGSIZE;
    int error = channel_send(peer_channel(peer, channel), peer->sctp, head, body);
    if (channel > peer->highest_channel)
        peer->highest_channel = channel;
    peer_work_later(peer);
    return error;
}

void peer_end_turn_later(struct peer *peer)
{
    peer->is_turn_end_due = true;
    peer_work_later(peer);
}

bool peer_is_writable(struct peer *peer)
{
    return peer->state == PEER_OPEN && sctp_assoc_is_writable(peer->sctp);
}

size_t peer_room(const struct peer *peer)
{
    return peer->state == PEER_OPEN ? sctp_assoc_room(peer->sctp) : 0;
}

bool peer_is_channel_idle(const struct peer *peer, unsigned channel)
{
    return peer->state == PEER_OPEN &&
           sctp_assoc_is_stream_idle(peer->sctp, peer_stream_of(peer, channel));
}

size_t peer_unsent(const struct peer *peer, unsigned channel)
{
    bool is_over = peer->state == PEER_CLOSED && peer->sctp;
    return is_over ? channel_unsent(peer->sctp, peer_stream_of(peer, channel)) : 0;
}

void peer_set_reading(struct peer *peer, bool reading)
{
    peer->is_reading = reading;
    /* Before, SCTP must read: the channel's OPEN is to come. */
    if (peer->state != PEER_OPEN)
        return;
    /* On again, it hands out what it kept, which must not come under this
     * call; off, it must hand out nothing more. */
    if (reading)
        peer_work_later(peer);
    else
        peer_pause(peer);
}

enum peer_state peer_get_state(const struct peer *peer)
{
    return peer->state;
}

bool peer_get_path(const struct peer *peer, struct peer_path *out)
{
    return peer->path && rtc_path_describe(peer->path, out);
}

void peer_stats(const struct peer *peer, struct peer_stats *out)
{
    struct sctp_stats sctp = {0};
    *out = (struct peer_stats){.state = peer->state};
    out->has_path = peer_get_path(peer, &out->path);
    if (!peer->sctp)
        return;
    sctp_assoc_stats(peer->sctp, &sctp);
    out->rtt_us = sctp.srtt_us;
    out->min_rtt_us = sctp.min_rtt_us;
    out->rate_bytes_per_s = sctp.pacing_rate;
    out->sent_bytes = sctp.sent_bytes;
    out->received_bytes = sctp.received_bytes;
    out->sent_packets = sctp.sent_packets;
    out->received_packets = sctp.received_packets;
    out->lost_chunks = sctp.lost;
    out->retransmitted_chunks = sctp.retransmitted;
    out->timeouts = sctp.timeouts;
    out->queued_bytes = sctp_assoc_queued_bytes(peer->sctp);
    out->in_flight_bytes = sctp.in_flight;
    out->window_bytes = sctp.cwnd;
    out->packet_bytes = sctp.mtu;
    out->memory_bytes = sctp.memory;
}

const char *peer_describe_tried(struct peer *peer, char out[PEER_TRIED_MAX])
{
    out[0] = '\0';
    return peer->direct ? rtc_path_describe_tried(peer->direct, out) : out;
}

const uint8_t *peer_remote_fingerprint(const struct peer *peer)
{
    return peer->has_remote ? peer->remote.fingerprint : NULL;
}

const char *peer_remote_tool(const struct peer *peer)
{
    return peer->has_remote && peer->remote.tool[0] ? peer->remote.tool : NULL;
}

struct span peer_remote_promise(const struct peer *peer)
{
    return span_from_string(peer->remote.promise);
}

bool peer_has_heard_goodbye(const struct peer *peer)
{
    return peer->has_heard_goodbye;
}
