/*
 * The path: is it there (HEARTBEAT, RFC 9260 section 8.3), and how large a
 * packet does it carry (RFC 8899). A size is probed with a HEARTBEAT that is
 * padded to it (RFC 4820): once the most that the owner thinks possible, which
 * mostly passes; else the steps of the table upward, then by halves between
 * the largest that passed and the smallest that did not.
 *
 *   | type 4        | flags         | length                        |
 *   | parameter 1                   | length                        |
 *   | nonce (64 bits)                                               |
 *   | time sent (64 bits)                                           |
 *
 * Only an echo of the nonce counts, so that an answer cannot be made up.
 */
#include "sctp/assoc.h"

#include <assert.h>

#include "base/bytes.h"

enum {
    INFO_LEN = 16,
    HEARTBEAT_LEN = CHUNK_HEADER_LEN + PARAM_HEADER_LEN + INFO_LEN,
    PROBE_TRIES = 3,
    CLOSE_ENOUGH = 16, /* the search ends when this little is open */
};

#define SEARCH_AGAIN_US     (600 * US_PER_S) /* PMTU_RAISE_TIMER */
#define AFTER_BLACK_HOLE_US (60 * US_PER_S)

/* SCTP packets that fill what is usual: PPPoE and tunnels, Ethernet with IPv6
 * and with IPv4 below DTLS 1.2, jumbo frames, loopback. */
static const uint16_t steps[] = {1280, 1380, 1412, 1432, 2000, 4000, 8900, 16000};

static size_t base_mtu(const struct sctp_assoc *a)
{
    return a->config.mtu < BASE_MTU ? a->config.mtu : BASE_MTU;
}

static void start_search(struct sctp_assoc *a, uint64_t now_us)
{
    struct path *p = &a->path;
    p->too_big = a->config.mtu_max + 4;
    p->has_tried_max = false;
    p->probe_size = 0;
    /* Some stacks (werift) end the association, or the process, at a chunk
     * that they do not know, whatever its high bits say. Whoever offers one
     * of the newer extensions skips a PAD as the RFC has it. */
    bool takes_pad = a->peer.interleaving || a->peer.zero_checksum;
    p->search_done = a->config.mtu_max <= a->mtu || !takes_pad;
    if (p->search_done)
        assoc_disarm(a, TIMER_PMTU);
    else
        assoc_arm(a, TIMER_PMTU, now_us + a->rtt.srtt_us);
}

void path_start(struct sctp_assoc *a, uint64_t now_us)
{
    start_search(a, now_us);
    if (a->config.heartbeat_us > 0)
        assoc_arm(a, TIMER_HEARTBEAT, now_us + a->config.heartbeat_us);
}

static void write_heartbeat(uint8_t p[HEARTBEAT_LEN], uint64_t nonce, uint64_t now_us)
{
    chunk_put_header(p, CHUNK_HEARTBEAT, 0, HEARTBEAT_LEN);
    param_put_header(p + 4, PARAM_HEARTBEAT_INFO, PARAM_HEADER_LEN + INFO_LEN);
    put_u64be(p + 8, nonce);
    put_u64be(p + 16, now_us);
}

/* Queued: the arena is only ours until this call of the owner returns. */
void path_ask(struct sctp_assoc *a, uint64_t now_us)
{
    struct path *p = &a->path;
    uint8_t heartbeat[HEARTBEAT_LEN];
    p->nonce = assoc_random(a) | 1;
    p->heartbeat_sent_us = now_us;
    write_heartbeat(heartbeat, p->nonce, now_us);
    output_queue(a, span_of(heartbeat, sizeof heartbeat));
    uint64_t wait = a->rtt.rto_us << (a->recovery.errors < 5 ? a->recovery.errors : 5);
    assoc_arm(a, TIMER_HEARTBEAT, now_us + (wait < RTO_MAX_US ? wait : RTO_MAX_US));
    a->is_due = true;
}

void path_on_heartbeat_timer(struct sctp_assoc *a, uint64_t now_us)
{
    struct path *p = &a->path;
    if (a->state < ASSOC_ESTABLISHED)
        return;
    if (p->nonce != 0 && recovery_count_error(a))
        return;
    uint64_t quiet_us = now_us - a->last_sent_us;
    if (p->nonce == 0 && quiet_us < a->config.heartbeat_us) {
        assoc_arm(a, TIMER_HEARTBEAT, now_us + a->config.heartbeat_us - quiet_us);
        return;
    }
    /* Long at rest: what a bulk transfer needed is not kept. */
    flight_trim(&a->flight);
    if (a->in.map.highest == a->in.map.cum)
        tsnmap_deinit(&a->in.map);
    path_ask(a, now_us);
}

static size_t next_size(const struct sctp_assoc *a)
{
    const struct path *p = &a->path;
    if (!p->has_tried_max && a->config.mtu_max > a->mtu)
        return a->config.mtu_max & ~(size_t)3;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (steps[i] > a->mtu && steps[i] < p->too_big)
            return steps[i];
    }
    if (p->too_big <= a->mtu + CLOSE_ENOUGH)
        return 0;
    return (a->mtu + p->too_big) / 2 & ~(size_t)3;
}

/* A HEARTBEAT and a PAD that make a packet of this size together. */
static void put_probe(struct sctp_assoc *a, size_t size, uint64_t now_us)
{
    output_close(a);
    size_t mtu = a->mtu;
    a->mtu = size; /* for this packet only */
    write_heartbeat(output_chunk(a, HEARTBEAT_LEN), a->path.probe_nonce, now_us);
    size_t pad = size - SCTP_HEADER_LEN - HEARTBEAT_LEN;
    uint8_t *p = output_chunk(a, pad);
    memset(p, 0, pad);
    chunk_put_header(p, CHUNK_PAD, 0, pad);
    output_close(a);
    a->mtu = mtu;
}

void path_on_pmtu_timer(struct sctp_assoc *a, uint64_t now_us)
{
    struct path *p = &a->path;
    if (a->state < ASSOC_ESTABLISHED)
        return;
    if (p->search_done) { /* the path may have widened */
        p->search_done = p->has_tried_max = false;
        p->too_big = a->config.mtu_max + 4;
    }
    if (p->probe_size != 0 && ++p->probe_tries >= PROBE_TRIES) {
        p->too_big = p->probe_size;
        p->probe_size = 0;
    }
    if (p->probe_size == 0) {
        p->probe_size = next_size(a);
        p->probe_tries = p->has_tried_max ? 0 : PROBE_TRIES - 1;
        p->has_tried_max = true;
    }
    if (p->probe_size == 0) {
        p->search_done = true;
        assoc_arm(a, TIMER_PMTU, now_us + SEARCH_AGAIN_US);
        return;
    }
    p->probe_nonce = assoc_random(a) | 1;
    put_probe(a, p->probe_size, now_us);
    assoc_arm(a, TIMER_PMTU, now_us + 2 * a->rtt.srtt_us + RTO_MIN_US);
    a->is_due = true;
}

void path_on_heartbeat(struct sctp_assoc *a, const struct chunk *c)
{
    /* The information parameter goes back as it came, whatever it is. */
    struct buf ack;
    buf_init(&ack, MAX_CONTROL);
    if (buf_append(&ack, c->whole) == 0) {
        uint8_t *p = ack.data + ack.head;
        p[0] = CHUNK_HEARTBEAT_ACK;
        p[1] = 0;
        if (SCTP_HEADER_LEN + ack.len <= a->mtu)
            output_queue(a, buf_bytes(&ack));
    }
    buf_deinit(&ack);
}

void path_on_heartbeat_ack(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us)
{
    struct path *p = &a->path;
    if (c->whole.len != HEARTBEAT_LEN)
        return;
    uint64_t nonce = get_u64be(c->whole.data + 8);
    uint64_t sent_us = get_u64be(c->whole.data + 16);
    if (nonce == 0 || sent_us > now_us)
        return;
    if (nonce == p->nonce) {
        p->nonce = 0;
        a->recovery.errors = 0;
        p->rtt_us = now_us - sent_us;
        rtt_sample(&a->rtt, p->rtt_us);
        assoc_arm(a, TIMER_HEARTBEAT, now_us + a->config.heartbeat_us);
    } else if (nonce == p->probe_nonce && p->probe_size != 0) {
        assoc_set_mtu(a, p->probe_size);
        p->probe_size = 0;
        p->probe_nonce = 0;
        assoc_arm(a, TIMER_PMTU, now_us); /* the next step at once */
    }
}

void path_suspect_black_hole(struct sctp_assoc *a, uint64_t now_us)
{
    struct path *p = &a->path;
    if (a->mtu <= base_mtu(a))
        return;
    p->too_big = a->mtu;
    p->probe_size = 0;
    p->search_done = false;
    assoc_set_mtu(a, base_mtu(a));
    assoc_arm(a, TIMER_PMTU, now_us + AFTER_BLACK_HOLE_US);
}

void sctp_assoc_change_path(struct sctp_assoc *a, size_t mtu_max, uint64_t now_us)
{
    const struct sctp_arena *arena = a->config.arena;
    assert(arena->headroom + mtu_max + arena->tailroom <= arena->len);
    a->config.mtu_max = mtu_max;
    if (!assoc_is_open(a))
        return;
    assoc_set_mtu(a, base_mtu(a));
    rtt_init(&a->rtt);
    a->path.since_us = now_us;
    a->path.rtt_us = 0;
    cc_init(&a->cc, a->config.cc, a->cc.mss, (uint32_t)assoc_random(a), now_us);
    a->pace_next_ns = 0;
    start_search(a, now_us);
    sctp_assoc_try_path(a, now_us);
    a->recovery.errors = 0; /* of the path before */
    /* An association at rest knows its round trip again; and a browser that
     * does not control ICE sees by what arrives that we have moved. */
    if (a->config.heartbeat_us > 0)
        path_ask(a, now_us);
    a->is_due = true;
}
