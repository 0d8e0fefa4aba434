/*
 * The API and the deadlines. Nothing is sent while a
 * batch is fed; flush() then decides once about everything, so that a batch
 * costs one SACK and one burst.
 */
#include "sctp/assoc.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "sctp/siphash.h"

enum {
    QUEUE_LEAST = 16 << 10, /* bytes without a TSN that are taken in */
    QUEUE_MOST = 1 << 20,
    QUEUE_HARD = 4 << 20, /* with the first messages of many streams */
    QUEUE_MS = 5,         /* of the pacing rate: what the owner needs to come back */
};

const char *sctp_close_reason_name(enum sctp_close_reason reason)
{
    static const char *const names[] = {
        "shut down", "aborted", "aborted by the peer", "timed out", "protocol violation",
    };
    return names[reason];
}

void sctp_assoc_config_init(struct sctp_assoc_config *config)
{
    *config = (struct sctp_assoc_config){
        .local_port = 5000,
        .remote_port = 5000,
        .streams = 1024,
        .cc = SCTP_CC_BBR,
        .mtu = BASE_MTU,
        .mtu_max = 1432,
        .max_message = 256 << 10,
        .recv_window = 1 << 20,
        .recv_window_max = 16 << 20,
        .heartbeat_us = 30 * US_PER_S,
        .max_retransmit = 10,
        .interleaving = true,
        .zero_checksum = true,
    };
}

uint64_t assoc_random(struct sctp_assoc *a)
{
    uint8_t counter[8];
    put_u64be(counter, ++a->draws);
    return siphash(a->config.seed, span_of(counter, sizeof counter));
}

void assoc_set_state(struct sctp_assoc *a, enum assoc_state state)
{
    a->state = state;
}

void assoc_arm(struct sctp_assoc *a, enum timer timer, uint64_t at_us)
{
    a->timers[timer] = at_us;
}

void assoc_disarm(struct sctp_assoc *a, enum timer timer)
{
    a->timers[timer] = TIME_NEVER;
}

bool assoc_is_open(const struct sctp_assoc *a)
{
    return a->state >= ASSOC_ESTABLISHED && a->state != ASSOC_DONE;
}

bool assoc_can_carry_data(const struct sctp_assoc *a)
{
    return a->state == ASSOC_ESTABLISHED || a->state == ASSOC_SHUTDOWN_PENDING ||
           a->state == ASSOC_SHUTDOWN_RECEIVED;
}

void assoc_set_mtu(struct sctp_assoc *a, size_t mtu)
{
    a->mtu = mtu;
    a->cc.mss = (mtu - SCTP_HEADER_LEN) & ~(size_t)3;
    a->sendq.quantum = mtu;
}

static void on_reasm_message(void *arg, const struct sctp_message_info *info, struct span message)
{
    struct sctp_assoc *a = arg;
    if (a->state != ASSOC_DONE)
        a->handlers.on_message(a->arg, info, message);
}

static void on_reasm_reset(void *arg, uint16_t stream)
{
    struct sctp_assoc *a = arg;
    if (a->state != ASSOC_DONE)
        a->handlers.on_stream_reset(a->arg, stream, SCTP_RESET_INCOMING);
}

struct sctp_assoc *sctp_assoc_new(const struct sctp_assoc_config *config,
                                  const struct sctp_assoc_handlers *handlers, void *arg)
{
    assert(config->mtu >= MIN_MTU && config->mtu_max >= MIN_MTU && config->mtu_max <= UINT16_MAX &&
           config->streams > 0);
    assert(config->arena->len >=
           config->arena->headroom + config->arena->tailroom +
               (config->mtu > config->mtu_max ? config->mtu : config->mtu_max));
    struct sctp_assoc *a = xcalloc(1, sizeof *a);
    a->config = *config;
    a->handlers = *handlers;
    a->arg = arg;
    for (int i = 0; i < TIMER_COUNT; i++)
        assoc_disarm(a, (enum timer)i);
    do
        a->my_tag = (uint32_t)assoc_random(a);
    while (a->my_tag == 0);
    uint32_t first = config->first_tsn ? config->first_tsn : (uint32_t)assoc_random(a);
    a->my_first_tsn = (UINT64_C(1) << 32) + first;
    a->out_streams = config->streams;
    buf_init(&a->cookie, MAX_COOKIE);
    buf_init(&a->control, MAX_CONTROL);
    sendq_init(&a->sendq, config->streams);
    flight_init(&a->flight, a->my_first_tsn);
    rtt_init(&a->rtt);
    recovery_init(a);
    static const struct reasm_handlers reasm_handlers = {
        .on_message = on_reasm_message,
        .on_reset = on_reasm_reset,
    };
    reasm_init(&a->in.reasm, config->max_message,
               2 * config->recv_window_max + MAX_PARTS * config->max_message, &reasm_handlers, a);
    size_t mtu = config->mtu < config->mtu_max ? config->mtu : config->mtu_max & ~(size_t)3;
    cc_init(&a->cc, config->cc, mtu, (uint32_t)assoc_random(a), 0);
    assoc_set_mtu(a, mtu);
    return a;
}

void sctp_assoc_free(struct sctp_assoc *a)
{
    if (!a)
        return;
    assert(a->depth == 0);
    while (!flight_is_empty(&a->flight)) {
        struct sctp_message *m = flight_at(&a->flight, a->flight.first)->message;
        flight_pop(&a->flight);
        sendq_release(&a->sendq, m);
    }
    flight_deinit(&a->flight);
    sendq_deinit(&a->sendq);
    reasm_deinit(&a->in.reasm);
    tsnmap_deinit(&a->in.map);
    reconfig_deinit(a);
    buf_deinit(&a->cookie);
    buf_deinit(&a->control);
    free_secret(a, sizeof *a);
}

void assoc_negotiated(struct sctp_assoc *a)
{
    const struct peer_offer *peer = &a->peer;
    a->interleaving = a->config.interleaving && peer->interleaving;
    a->forward_tsn = peer->forward_tsn;
    a->zero_checksum = a->config.zero_checksum && peer->zero_checksum;
    a->out_streams = a->config.streams < peer->in_streams ? a->config.streams : peer->in_streams;
    a->peer_window = peer->window;
    a->sendq.interleaved = a->interleaving;
    sendq_limit_streams(&a->sendq, a->out_streams);
}

void assoc_established(struct sctp_assoc *a, uint64_t now_us)
{
    const struct peer_offer *peer = &a->peer;
    assoc_negotiated(a);
    a->in_streams = a->config.streams < peer->out_streams ? a->config.streams : peer->out_streams;
    a->in.reasm.interleaved = a->interleaving;
    reasm_set_streams(&a->in.reasm, a->in_streams);
    receive_init(a, (UINT64_C(1) << 32) + peer->first_tsn - 1);
    a->in.epoch_us = now_us;
    reconfig_init(a);
    cc_init(&a->cc, a->config.cc, a->cc.mss, (uint32_t)assoc_random(a), now_us);
    assoc_disarm(a, TIMER_HANDSHAKE);
    buf_deinit(&a->cookie);
    assoc_set_state(a, ASSOC_ESTABLISHED);
    a->was_connected = true;
    a->last_sent_us = now_us;
    path_start(a, now_us);
    a->is_due = true;
    a->handlers.on_connected(a->arg);
}

/* ---- sending ---- */

static size_t queue_limit(const struct sctp_assoc *a)
{
    uint64_t limit = a->cc.pacing_rate * QUEUE_MS / 1000;
    if (limit > QUEUE_MOST)
        return QUEUE_MOST;
    return limit > QUEUE_LEAST ? (size_t)limit : QUEUE_LEAST;
}

int sctp_assoc_send(struct sctp_assoc *a, const struct sctp_outgoing *message, uint64_t now_us)
{
    size_t len = message->head.len + message->body.len;
    if (a->state > ASSOC_ESTABLISHED)
        return -ENOTCONN;
    if (len == 0 || len > a->config.max_message)
        return -EMSGSIZE;
    if (message->stream >= a->out_streams)
        return -EINVAL;
    if (reconfig_is_wanted(a, message->stream))
        return -EPIPE;
    /* A stream with nothing queued is let in beside a full queue: its turn
     * comes next, and who filled the queue is another. */
    bool is_idle = sendq_stream_is_empty(&a->sendq, message->stream);
    if (a->sendq.charged >= (is_idle ? QUEUE_HARD : queue_limit(a))) {
        a->wants_writable = true;
        return -EAGAIN;
    }
    sendq_add(&a->sendq, message, now_us);
    if (message->lifetime_us > 0)
        a->has_expiring = true;
    if (a->sendq.charged >= queue_limit(a) / 2)
        a->wants_writable = true;
    a->is_due = true;
    return 0;
}

bool sctp_assoc_is_writable(struct sctp_assoc *a)
{
    if (a->sendq.charged < queue_limit(a))
        return true;
    a->wants_writable = true;
    return false;
}

bool sctp_assoc_is_stream_idle(const struct sctp_assoc *a, uint16_t stream)
{
    return sendq_stream_is_empty(&a->sendq, stream);
}

size_t sctp_assoc_queued_bytes(const struct sctp_assoc *a)
{
    return a->sendq.queued;
}

int sctp_assoc_set_priority(struct sctp_assoc *a, uint16_t stream, uint16_t priority)
{
    if (stream >= a->out_streams || priority == 0)
        return -EINVAL;
    sendq_set_priority(&a->sendq, stream, priority);
    return 0;
}

int sctp_assoc_reset_stream(struct sctp_assoc *a, uint16_t stream, uint64_t now_us)
{
    (void)now_us;
    if (a->state != ASSOC_ESTABLISHED)
        return -ENOTCONN;
    if (stream >= a->out_streams)
        return -EINVAL;
    if (!a->peer.reconfig)
        return -EOPNOTSUPP;
    return reconfig_want(a, stream);
}

/* ---- when to do what ---- */

static void finish(struct sctp_assoc *a)
{
    output_write_queued(a);
    output_close(a);
    output_send(a);
    if (a->close_pending) {
        a->close_pending = false;
        a->handlers.on_closed(a->arg, a->close_reason);
    }
}

void sctp_assoc_flush(struct sctp_assoc *a, uint64_t now_us)
{
    if (a->is_flushing) {
        a->is_due = true;
        return;
    }
    a->is_flushing = true;
    a->depth++;
    do {
        a->is_due = false;
        if (a->state != ASSOC_DONE)
            transmit(a, now_us);
        if (a->state == ASSOC_DONE)
            finish(a);
        else
            output_send(a);
        if (a->wants_writable && a->state <= ASSOC_ESTABLISHED &&
            a->sendq.charged < queue_limit(a) / 2) {
            a->wants_writable = false;
            a->handlers.on_writable(a->arg);
        }
    } while (a->is_due);
    a->depth--;
    a->is_flushing = false;
}

uint64_t sctp_assoc_deadline(const struct sctp_assoc *a)
{
    if (a->is_due)
        return 0;
    uint64_t least = TIME_NEVER;
    for (int i = 0; i < TIMER_COUNT; i++)
        least = a->timers[i] < least ? a->timers[i] : least;
    return least;
}

static void on_timer(struct sctp_assoc *a, enum timer timer, uint64_t now_us)
{
    switch (timer) {
    case TIMER_HANDSHAKE:
        handshake_on_timer(a, now_us);
        break;
    case TIMER_REORDER:
        recovery_on_reorder_timer(a, now_us);
        break;
    case TIMER_PROBE:
        recovery_on_probe_timer(a, now_us);
        break;
    case TIMER_RTO:
        recovery_on_rto(a, now_us);
        break;
    case TIMER_SACK:
        a->in.sack_now = true;
        break;
    case TIMER_FORWARD:
        a->forward_due = true;
        break;
    case TIMER_RECONFIG:
        reconfig_on_timer(a, now_us);
        break;
    case TIMER_HEARTBEAT:
        path_on_heartbeat_timer(a, now_us);
        break;
    case TIMER_PMTU:
        path_on_pmtu_timer(a, now_us);
        break;
    case TIMER_SHUTDOWN:
        close_on_timer(a, now_us);
        break;
    case TIMER_PACE:
    case TIMER_EXPIRE:
    case TIMER_COUNT:
        break; /* the flush that follows does it */
    }
}

void sctp_assoc_on_deadline(struct sctp_assoc *a, uint64_t now_us)
{
    a->depth++;
    for (int i = 0; i < TIMER_COUNT && a->state != ASSOC_DONE; i++) {
        if (a->timers[i] > now_us)
            continue;
        assoc_disarm(a, (enum timer)i);
        on_timer(a, (enum timer)i, now_us);
    }
    a->depth--;
    sctp_assoc_flush(a, now_us);
}

void sctp_assoc_connect(struct sctp_assoc *a, uint64_t now_us)
{
    if (a->state != ASSOC_CLOSED)
        return;
    handshake_start(a, now_us);
    sctp_assoc_flush(a, now_us);
}

void sctp_assoc_set_reading(struct sctp_assoc *a, bool reading, uint64_t now_us)
{
    a->depth++;
    reasm_set_reading(&a->in.reasm, reading);
    a->depth--;
    if (reading && assoc_is_open(a))
        receive_window_opened(a);
    if (a->is_due && a->depth == 0)
        sctp_assoc_flush(a, now_us);
}

void sctp_assoc_shutdown(struct sctp_assoc *a, uint64_t now_us)
{
    if (a->state < ASSOC_ESTABLISHED)
        close_now(a, SCTP_CLOSED_ABORTED);
    else if (a->state == ASSOC_ESTABLISHED)
        assoc_set_state(a, ASSOC_SHUTDOWN_PENDING);
    a->is_due = true;
    if (a->depth == 0)
        sctp_assoc_flush(a, now_us);
}

void sctp_assoc_abort(struct sctp_assoc *a, uint64_t now_us)
{
    if (a->state == ASSOC_DONE)
        return;
    if (a->peer.tag != 0) {
        uint8_t chunk[CHUNK_HEADER_LEN + PARAM_HEADER_LEN];
        chunk_put_header(chunk, CHUNK_ABORT, 0, sizeof chunk);
        param_put_header(chunk + CHUNK_HEADER_LEN, CAUSE_USER_ABORT, PARAM_HEADER_LEN);
        output_queue_alone(a, span_of(chunk, sizeof chunk), a->peer.tag);
    }
    close_now(a, SCTP_CLOSED_ABORTED);
    if (a->depth == 0)
        sctp_assoc_flush(a, now_us);
}

bool sctp_assoc_is_connected(const struct sctp_assoc *a)
{
    return assoc_is_open(a);
}

void sctp_assoc_stats(const struct sctp_assoc *a, struct sctp_stats *out)
{
    *out = a->stats;
    out->srtt_us = a->rtt.srtt_us;
    out->min_rtt_us = a->rtt.min_us == UINT64_MAX ? 0 : a->rtt.min_us;
    out->rto_us = a->rtt.rto_us;
    out->pacing_rate = a->cc.pacing_rate;
    out->cwnd = a->cc.cwnd;
    out->in_flight = a->flight.bytes;
    out->mtu = a->mtu;
    out->recv_window = a->in.window;
    out->memory = sizeof *a + a->sendq.memory + a->in.reasm.held + a->in.reasm.fixed +
                  a->flight.cap * (sizeof(struct sent_chunk) + 1) + a->in.map.words * 8 +
                  a->control.cap + a->cookie.cap;
    out->cc = a->cc.ops->state(&a->cc);
    out->interleaved = a->interleaving;
    out->zero_checksum_sent = a->zero_checksum;
}
