/*
 * What a peer's description says of its SCTP, so that no handshake is needed
 * (rtc/snap.h), and how the association begins by it: with the other side's
 * INIT, and a round trip that is known from what came before SCTP; or with a
 * handshake, where that INIT is not there.
 */
#include "base/random.h"
#include "rtc/peer_internal.h"
#include "rtc/snap.h"

void peer_init_sctp(const struct peer *peer, struct sctp_assoc_config *config)
{
    sctp_assoc_config_init(config);
    memcpy(config->seed, peer->sctp_seed, sizeof config->seed);
    config->local_port = SDP_SCTP_PORT;
    config->max_message = PEER_MESSAGE_MAX;
}

void peer_describe_sctp(struct peer *peer)
{
    uint8_t init[SCTP_INIT_MAX];
    struct sctp_assoc_config config;
    random_bytes(peer->sctp_seed, sizeof peer->sctp_seed);
    if (!peer->is_offerer && snap_decode(peer->remote.sctp_init, init) < 0)
        return;
    peer_init_sctp(peer, &config);
    snap_encode(span_of(init, sctp_init_encode(&config, init)), peer->local.sctp_init);
}

/* Some answer with lines of the offer that they do not know; to be SCTP's
 * other end with our own numbers is nobody's wish. */
bool peer_take_sctp_answer(struct peer *peer, const struct sdp *answer)
{
    uint8_t init[SCTP_INIT_MAX];
    bool is_echo = strcmp(answer->sctp_init, peer->local.sctp_init) == 0;
    if (answer->sctp_init[0] && !is_echo)
        return snap_decode(answer->sctp_init, init) >= 0;
    peer->local.sctp_init[0] = '\0';
    return true;
}

bool peer_is_sctp_early(const struct peer *peer)
{
    return peer->local.sctp_init[0] && peer->remote.promise[0];
}

/* A DTLS client's handshake takes two round trips, a server's one, as does what
 * a client needs to send. What rode with ICE took as long as that. */
static uint64_t guess_round_trip_us(const struct peer *peer)
{
    if (peer->has_ridden && peer->choice.way == WAY_DIRECT)
        return peer->connected_us - peer->begun_us;
    uint64_t took_us = peer->secured_us - peer->connected_us;
    bool is_whole = peer->role == DTLS_CLIENT && dtls_is_connected(peer->dtls);
    return is_whole ? took_us / 2 : took_us;
}

/* A check that was answered tells best, since what was lost on the way here
 * makes a guess too long, and the timeouts that follow from it. 0: not
 * known. */
static uint64_t round_trip_us(const struct peer *peer)
{
    struct peer_path path = {0};
    if (peer->path && rtc_path_describe(peer->path, &path) && path.rtt_us > 0)
        return path.rtt_us;
    uint64_t guess_us = guess_round_trip_us(peer);
    return guess_us < US_PER_S ? guess_us : 0;
}

void peer_connect_sctp(struct peer *peer, uint64_t now_us)
{
    uint8_t init[SCTP_INIT_MAX];
    long len = peer->local.sctp_init[0] ? snap_decode(peer->remote.sctp_init, init) : -1;
    if (len < 0)
        sctp_assoc_connect(peer->sctp, now_us);
    else
        sctp_assoc_connect_with(peer->sctp, span_of(init, (size_t)len), round_trip_us(peer),
                                now_us);
}
