/*
 * What sessions have carried, those that are over among them: figures that only
 * grow.
 */
#ifndef TUNNEL_TRAFFIC_H
#define TUNNEL_TRAFFIC_H

#include "rtc/peer.h"

struct traffic {
    uint64_t sent_bytes; /* of messages, each counted once */
    uint64_t received_bytes;
    uint64_t sent_packets; /* of SCTP */
    uint64_t received_packets;
    uint64_t lost_chunks;
    uint64_t retransmitted_chunks;
    uint64_t timeouts;
};

static inline void traffic_add(struct traffic *traffic, const struct traffic *more)
{
    traffic->sent_bytes += more->sent_bytes;
    traffic->received_bytes += more->received_bytes;
    traffic->sent_packets += more->sent_packets;
    traffic->received_packets += more->received_packets;
    traffic->lost_chunks += more->lost_chunks;
    traffic->retransmitted_chunks += more->retransmitted_chunks;
    traffic->timeouts += more->timeouts;
}

static inline struct traffic traffic_of(const struct peer_stats *peer)
{
    return (struct traffic){
        .sent_bytes = peer->sent_bytes,
        .received_bytes = peer->received_bytes,
        .sent_packets = peer->sent_packets,
        .received_packets = peer->received_packets,
        .lost_chunks = peer->lost_chunks,
        .retransmitted_chunks = peer->retransmitted_chunks,
        .timeouts = peer->timeouts,
    };
}

#endif
