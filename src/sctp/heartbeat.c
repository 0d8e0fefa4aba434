/*
 * A HEARTBEAT of ours:
 *
 *   | type 4        | flags         | length                        |
 *   | parameter 1                   | length                        |
 *   | nonce (64 bits)                                               |
 *   | time sent (64 bits)                                           |
 *
 * Only an echo of the nonce counts, so that an answer cannot be made up.
 */
#include "sctp/heartbeat.h"

#include "base/bytes.h"
#include "sctp/assoc.h"

enum {
    INFO_LEN = 16,
    HEARTBEAT_LEN = CHUNK_HEADER_LEN + PARAM_HEADER_LEN + INFO_LEN,
};

static struct span encode(uint8_t p[HEARTBEAT_LEN], uint64_t nonce, uint64_t now_us)
{
    chunk_put_header(p, CHUNK_HEARTBEAT, 0, HEARTBEAT_LEN);
    param_put_header(p + 4, PARAM_HEARTBEAT_INFO, PARAM_HEADER_LEN + INFO_LEN);
    put_u64be(p + 8, nonce);
    put_u64be(p + 16, now_us);
    return span_of(p, HEARTBEAT_LEN);
}

static uint64_t draw_nonce(struct sctp_assoc *a)
{
    return assoc_random(a) | 1;
}

/* What the path's search came to: the size of packets, and when it goes on. */
static void follow_search(struct sctp_assoc *a)
{
    if (a->path.mtu != a->out.mtu)
        assoc_set_mtu(a, a->path.mtu);
    assoc_arm(a, TIMER_PMTU, a->path.due_us);
    bool is_over = a->path.search == SEARCH_DONE || a->path.search == SEARCH_OFF;
    if (!is_over || a->path.mtu == a->told_mtu)
        return;
    a->told_mtu = a->path.mtu;
    if (a->handlers.on_mtu)
        a->handlers.on_mtu(a->arg, a->told_mtu);
}

void heartbeat_start_search(struct sctp_assoc *a, uint64_t now_us)
{
    /* Some stacks (werift) end the association, or the process, at a chunk
     * that they do not know, whatever its high bits say. Whoever offers one
     * of the newer extensions skips a PAD as the RFC has it. */
    bool takes_pad = a->peer.interleaving || a->peer.zero_checksum;
    path_start_search(&a->path, draw_nonce(a), takes_pad, now_us + a->rtt.srtt_us);
    follow_search(a);
}

void heartbeat_start(struct sctp_assoc *a, uint64_t now_us)
{
    heartbeat_start_search(a, now_us);
    if (a->config.heartbeat_us > 0)
        assoc_arm(a, TIMER_HEARTBEAT, now_us + a->config.heartbeat_us);
}

void heartbeat_ask(struct sctp_assoc *a, uint64_t now_us)
{
    uint8_t chunk[HEARTBEAT_LEN];
    path_asked(&a->path, draw_nonce(a), now_us);
    /* Queued: the arena is only ours until this call of the owner returns. */
    assoc_reply(a, encode(chunk, a->path.nonce, now_us));
    assoc_arm(a, TIMER_HEARTBEAT, now_us + rtt_backed_off_us(&a->rtt, a->recovery.errors));
}

/* Alone: bundled with what may be too large it would go the same way. */
static void ask_small(struct sctp_assoc *a, uint64_t now_us)
{
    uint8_t chunk[HEARTBEAT_LEN];
    assoc_reply_alone(a, encode(chunk, a->path.small_nonce, now_us), a->peer.tag);
}

void heartbeat_on_timer(struct sctp_assoc *a, uint64_t now_us)
{
    if (a->state < ASSOC_ESTABLISHED)
        return;
    bool is_unanswered = a->path.nonce != 0;
    if (is_unanswered && assoc_count_error(a))
        return;
    /* What a bulk transfer needed is not kept where only now and then something
     * is sent; who is busy has something in flight. */
    if (flight_is_empty(&a->flight))
        budget_give(&a->sent, a->sent.used);
    flight_trim(&a->flight);
    receive_trim(&a->in);
    uint64_t quiet_us = now_us - a->last_sent_us;
    if (!is_unanswered && quiet_us < a->config.heartbeat_us) {
        assoc_arm(a, TIMER_HEARTBEAT, now_us + a->config.heartbeat_us - quiet_us);
        return;
    }
    heartbeat_ask(a, now_us);
}

void heartbeat_on_search_timer(struct sctp_assoc *a, uint64_t now_us)
{
    struct path *p = &a->path;
    if (a->state < ASSOC_ESTABLISHED)
        return;
    if (path_on_due(p, now_us))
        path_choose_probe(p, draw_nonce(a), now_us);
    if (p->probe_size != 0) {
        uint8_t chunk[HEARTBEAT_LEN];
        /* The small one first: behind the large one it would be of one burst
         * with it, and a bridge or router that gets that as one loses both. */
        ask_small(a, now_us);
        output_write_queued(&a->out);
        output_padded(&a->out, encode(chunk, p->probe_nonce, now_us), p->probe_size);
        path_probed(p, a->rtt.srtt_us, now_us);
    }
    follow_search(a);
}

void heartbeat_on_timeout(struct sctp_assoc *a, uint64_t now_us)
{
    uint64_t sent_us = flight_at(&a->flight, a->flight.by_time.oldest)->sent_us;
    /* Counted by the backoff, as answers to small HEARTBEATs clear errors. */
    if (path_on_timeout(&a->path, a->recovery.backoff, sent_us, now_us))
        ask_small(a, now_us);
    follow_search(a);
}

void heartbeat_on_chunk(struct sctp_assoc *a, const struct chunk *c)
{
    /* The information parameter goes back as it came, whatever it is. */
    struct buf ack;
    buf_init(&ack, MAX_REPLIES);
    if (buf_append(&ack, c->whole) == 0) {
        uint8_t *p = ack.data + ack.head;
        p[0] = CHUNK_HEARTBEAT_ACK;
        p[1] = 0;
        if (SCTP_HEADER_LEN + ack.len <= a->out.mtu)
            assoc_reply(a, buf_bytes(&ack));
    }
    buf_deinit(&ack);
}

void heartbeat_on_ack(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us)
{
    if (c->whole.len != HEARTBEAT_LEN)
        return;
    uint64_t nonce = get_u64be(c->whole.data + 8);
    uint64_t sent_us = get_u64be(c->whole.data + 16);
    switch (path_on_answer(&a->path, nonce, sent_us, now_us)) {
    case PATH_ALIVE:
        recovery_clear_errors(&a->recovery);
        rtt_sample(&a->rtt, a->path.rtt_us);
        assoc_arm(a, TIMER_HEARTBEAT, now_us + a->config.heartbeat_us);
        break;
    case PATH_PROBE_PASSED:
        follow_search(a);
        break;
    case PATH_SMALL_PASSED:
    case PATH_NOT_ASKED:
        break;
    }
}
