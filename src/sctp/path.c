/*
 * The path: is it there (HEARTBEAT, RFC 9260 section 8.3), and how large a
 * packet does it carry (RFC 8899). A size is probed with a HEARTBEAT that is
 * padded to it (RFC 4820): first the most that the owner thinks possible,
 * which mostly passes; else what is in use already, since no path has to
 * carry that; then the steps of the table upward, then by halves between the
 * largest that passed and the smallest that did not.
 *
 *        MAX ─ lost ─► CURRENT ─ passed ─► STEPS ─ none left ─► DONE
 *         │ passed        │ lost: as small    ▲                  │
 *         ▼               ▼ as it gets        │    10 minutes    │
 *        DONE           STEPS                 MAX ◄──────────────┘
 *
 * Each probe has a small HEARTBEAT beside it, and is lost by its size only
 * when that one passed: where nothing passes, no size is too large. The same
 * pair tells a path that carries no full packet of data from one that is gone.
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

static size_t ceiling(const struct sctp_assoc *a)
{
    return a->config.mtu_max & ~(size_t)3;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t base_mtu(const struct sctp_assoc *a)
{
    return least(least(a->config.mtu, BASE_MTU), ceiling(a));
}

static size_t floor_mtu(const struct sctp_assoc *a)
{
    return least(base_mtu(a), FLOOR_MTU);
}

static void start_search(struct sctp_assoc *a, uint64_t now_us)
{
    struct path *p = &a->path;
    p->too_big = ceiling(a) + 4;
    p->probe_size = 0;
    p->small_nonce = assoc_random(a) | 1;
    p->small_passed_us = 0;
    /* Some stacks (werift) end the association, or the process, at a chunk
     * that they do not know, whatever its high bits say. Whoever offers one
     * of the newer extensions skips a PAD as the RFC has it. */
    bool takes_pad = a->peer.interleaving || a->peer.zero_checksum;
    p->search = takes_pad ? SEARCH_MAX : SEARCH_OFF;
    if (takes_pad)
        assoc_arm(a, TIMER_PMTU, now_us + a->rtt.srtt_us);
    else
        assoc_disarm(a, TIMER_PMTU);
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

void path_ask(struct sctp_assoc *a, uint64_t now_us)
{
    struct path *p = &a->path;
    uint8_t heartbeat[HEARTBEAT_LEN];
    p->nonce = assoc_random(a) | 1;
    p->heartbeat_sent_us = now_us;
    write_heartbeat(heartbeat, p->nonce, now_us);
    /* Queued: the arena is only ours until this call of the owner returns. */
    output_queue(a, span_of(heartbeat, sizeof heartbeat));
    uint64_t wait = a->rtt.rto_us << (a->recovery.errors < 5 ? a->recovery.errors : 5);
    assoc_arm(a, TIMER_HEARTBEAT, now_us + (wait < RTO_MAX_US ? wait : RTO_MAX_US));
    a->is_due = true;
}

/* Alone: bundled with what may be too large it would go the same way. */
static void ask_small(struct sctp_assoc *a, uint64_t now_us)
{
    uint8_t heartbeat[HEARTBEAT_LEN];
    write_heartbeat(heartbeat, a->path.small_nonce, now_us);
    output_queue_alone(a, span_of(heartbeat, sizeof heartbeat), a->peer.tag);
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

static size_t next_step(const struct sctp_assoc *a)
{
    const struct path *p = &a->path;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (steps[i] > a->mtu && steps[i] < p->too_big)
            return steps[i];
    }
    if (p->too_big <= a->mtu + CLOSE_ENOUGH)
        return 0;
    return (a->mtu + p->too_big) / 2 & ~(size_t)3;
}

/* The size to probe in the present state, or the next that has one; 0: done. */
static size_t next_size(struct sctp_assoc *a)
{
    struct path *p = &a->path;
    if (p->search == SEARCH_MAX && ceiling(a) > a->mtu)
        return ceiling(a);
    if (p->search == SEARCH_MAX)
        p->search = SEARCH_CURRENT;
    if (p->search == SEARCH_CURRENT && a->mtu > floor_mtu(a))
        return a->mtu;
    p->search = SEARCH_STEPS;
    return next_step(a);
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

static void lower_mtu(struct sctp_assoc *a, size_t mtu, enum path_search search, uint64_t at_us)
{
    struct path *p = &a->path;
    p->too_big = a->mtu;
    p->probe_size = 0;
    assoc_set_mtu(a, mtu);
    if (p->search == SEARCH_OFF)
        return;
    p->search = search;
    assoc_arm(a, TIMER_PMTU, at_us);
}

/* The error state of RFC 8899: not even what should pass everywhere does. */
static void fall_to_floor(struct sctp_assoc *a, uint64_t now_us)
{
    lower_mtu(a, floor_mtu(a), SEARCH_STEPS, now_us);
}

static void probe_is_too_big(struct sctp_assoc *a, uint64_t now_us)
{
    struct path *p = &a->path;
    if (p->search == SEARCH_CURRENT) {
        fall_to_floor(a, now_us);
        return;
    }
    p->too_big = p->probe_size;
    p->probe_size = 0;
    if (p->search == SEARCH_MAX)
        p->search = SEARCH_CURRENT;
}

/* The wait for a probe is over. Unless a small one has passed meanwhile, that
 * was too short, or the path is gone. */
static void judge_probe(struct sctp_assoc *a, uint64_t now_us)
{
    struct path *p = &a->path;
    unsigned tries = p->search == SEARCH_MAX ? 1 : PROBE_TRIES;
    if (p->small_passed_us < p->probe_sent_us)
        return;
    p->probe_sent_us = now_us;
    if (++p->probe_tries >= tries)
        probe_is_too_big(a, now_us);
}

void path_on_pmtu_timer(struct sctp_assoc *a, uint64_t now_us)
{
    struct path *p = &a->path;
    if (a->state < ASSOC_ESTABLISHED)
        return;
    if (p->search == SEARCH_DONE) { /* the path may have widened */
        p->search = SEARCH_MAX;
        p->too_big = ceiling(a) + 4;
    }
    if (p->probe_size != 0)
        judge_probe(a, now_us);
    if (p->probe_size == 0) {
        p->probe_size = next_size(a);
        p->probe_tries = 0;
        p->probe_sent_us = now_us;
        p->probe_nonce = assoc_random(a) | 1;
    }
    if (p->probe_size == 0) {
        p->search = SEARCH_DONE;
        assoc_arm(a, TIMER_PMTU, now_us + SEARCH_AGAIN_US);
        return;
    }
    put_probe(a, p->probe_size, now_us);
    ask_small(a, now_us);
    assoc_arm(a, TIMER_PMTU, now_us + 2 * a->rtt.srtt_us + RTO_MIN_US);
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

static void on_probe_passed(struct sctp_assoc *a, uint64_t now_us)
{
    struct path *p = &a->path;
    assoc_set_mtu(a, p->probe_size);
    p->probe_size = 0;
    p->search = SEARCH_STEPS;
    assoc_arm(a, TIMER_PMTU, now_us); /* the next step at once */
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
    } else if (nonce == p->small_nonce) {
        p->small_passed_us = sent_us > p->small_passed_us ? sent_us : p->small_passed_us;
    } else if (nonce == p->probe_nonce && p->probe_size != 0) {
        on_probe_passed(a, now_us);
    }
}

void path_on_timeout(struct sctp_assoc *a, uint64_t now_us)
{
    const struct path *p = &a->path;
    if (a->mtu <= floor_mtu(a))
        return;
    bool small_passed =
        p->small_passed_us >= flight_at(&a->flight, a->flight.by_time.oldest)->sent_us;
    /* Counted by the backoff, as answers to small HEARTBEATs clear errors. */
    if (a->recovery.backoff < 2 || !small_passed)
        ask_small(a, now_us);
    else if (a->mtu > base_mtu(a))
        lower_mtu(a, base_mtu(a), SEARCH_CURRENT, now_us + AFTER_BLACK_HOLE_US);
    else
        fall_to_floor(a, now_us);
}

void sctp_assoc_change_path(struct sctp_assoc *a, size_t mtu_max, uint64_t now_us)
{
    const struct sctp_arena *arena = a->config.arena;
    assert(arena->headroom + mtu_max + arena->tailroom <= arena->len);
    assert(mtu_max >= MIN_MTU);
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
