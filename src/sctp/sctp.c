/*
 * What the owner asks for: the beginning, messages, the end, figures. Feeding
 * is in dispatch.c; flushing and time in deadline.c.
 */
#include "sctp/sctp.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "sctp/assoc.h"
#include "sctp/heartbeat.h"
#include "sctp/loss.h"
#include "sctp/transmit.h"

enum { QUEUE_HARD = 4 << 20 /* with the first messages of many streams */ };

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

static void on_inbox_message(void *arg, const struct sctp_message_info *info, struct span message)
{
    struct sctp_assoc *a = arg;
    if (a->state != ASSOC_DONE)
        a->handlers.on_message(a->arg, info, message);
}

static void on_inbox_reset(void *arg, uint16_t stream)
{
    struct sctp_assoc *a = arg;
    if (a->state != ASSOC_DONE)
        a->handlers.on_stream_reset(a->arg, stream, SCTP_RESET_INCOMING);
}

static void draw_numbers(struct sctp_assoc *a)
{
    struct assoc_numbers numbers = assoc_numbers(&a->config);
    a->my_tag = numbers.tag;
    a->my_first_tsn = (UINT64_C(1) << 32) + numbers.first_tsn;
    a->draws = numbers.draws;
}

struct sctp_assoc *sctp_assoc_new(const struct sctp_assoc_config *config,
                                  const struct sctp_assoc_handlers *handlers, void *arg)
{
    assert(config->mtu >= MIN_MTU && config->mtu_max >= MIN_MTU && config->mtu_max <= UINT16_MAX &&
           config->streams > 0);
    assert(config->arena->len >=
           config->arena->headroom + config->arena->tailroom +
               (config->mtu > config->mtu_max ? config->mtu : config->mtu_max));
    static const struct inbox_handlers inbox_handlers = {
        .on_message = on_inbox_message,
        .on_reset = on_inbox_reset,
    };
    struct sctp_assoc *a = xcalloc(1, sizeof *a);
    a->config = *config;
    a->handlers = *handlers;
    a->arg = arg;
    a->out_streams = config->streams;
    a->burst_left = a->queue_most = SIZE_MAX;
    a->sent = (struct budget_share){config->sent, SENT_MORE_MAX, 0};
    for (int i = 0; i < TIMER_COUNT; i++)
        assoc_disarm(a, (enum timer)i);
    draw_numbers(a);
    handshake_init(&a->handshake);
    output_init(&a->out, config, handlers, arg);
    sendq_init(&a->sendq, config->streams);
    flight_init(&a->flight, a->my_first_tsn);
    rtt_init(&a->rtt);
    recovery_init(&a->recovery);
    receive_init(&a->in, config, &inbox_handlers, a);
    path_init(&a->path, config->mtu, config->mtu_max);
    assoc_start_cc(a, a->path.mtu, 0);
    assoc_set_mtu(a, a->path.mtu);
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
    budget_give(&a->sent, a->sent.used);
    sendq_deinit(&a->sendq);
    receive_deinit(&a->in);
    reconfig_deinit(&a->reconfig);
    handshake_deinit(&a->handshake);
    output_deinit(&a->out);
    free_secret(a, sizeof *a);
}

/* ---- sending ---- */

static bool takes_messages(const struct sctp_assoc *a)
{
    return a->state <= ASSOC_ESTABLISHED;
}

int sctp_assoc_send(struct sctp_assoc *a, const struct sctp_outgoing *message, uint64_t now_us)
{
    size_t len = message->head.len + message->body.len;
    if (!takes_messages(a))
        return -ENOTCONN;
    if (len == 0 || len > a->config.max_message)
        return -EMSGSIZE;
    if (message->stream >= a->out_streams)
        return -EINVAL;
    if (reconfig_is_wanted(&a->reconfig, message->stream))
        return -EPIPE;
    /* A stream with nothing queued is let in beside a full queue: its turn
     * comes next, and who filled the queue is another. */
    bool is_idle = sendq_stream_is_empty(&a->sendq, message->stream);
    if (a->sendq.charged >= (is_idle ? QUEUE_HARD : assoc_queue_limit(a))) {
        a->wants_writable = true;
        return -EAGAIN;
    }
    sendq_add(&a->sendq, message, now_us);
    if (message->lifetime_us > 0)
        a->forward.has_expiring = true;
    if (a->sendq.charged >= assoc_queue_limit(a) / 2)
        a->wants_writable = true;
    a->is_due = true;
    return 0;
}

bool sctp_assoc_is_writable(struct sctp_assoc *a)
{
    if (!takes_messages(a))
        return false;
    if (a->sendq.charged < assoc_queue_limit(a))
        return true;
    a->wants_writable = true;
    return false;
}

size_t sctp_assoc_room(const struct sctp_assoc *a)
{
    size_t limit = takes_messages(a) ? assoc_queue_limit(a) : 0;
    return limit > a->sendq.charged ? limit - a->sendq.charged : 0;
}

bool sctp_assoc_is_stream_idle(const struct sctp_assoc *a, uint16_t stream)
{
    return takes_messages(a) && sendq_stream_is_empty(&a->sendq, stream);
}

size_t sctp_assoc_unsent(const struct sctp_assoc *a, uint16_t stream, uint32_t ppid)
{
    return sendq_stream_unsent(&a->sendq, stream, ppid);
}

void sctp_assoc_limit_burst(struct sctp_assoc *a, size_t bytes)
{
    a->burst_left = bytes;
}

size_t sctp_assoc_burst_left(const struct sctp_assoc *a)
{
    return a->burst_left;
}

void sctp_assoc_limit_queue(struct sctp_assoc *a, size_t bytes)
{
    a->queue_most = bytes;
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

void sctp_assoc_connect(struct sctp_assoc *a, uint64_t now_us)
{
    if (a->state != ASSOC_CLOSED)
        return;
    handshake_start(a);
    sctp_assoc_flush(a, now_us);
}

size_t sctp_init_encode(const struct sctp_assoc_config *config, uint8_t out[SCTP_INIT_MAX])
{
    struct assoc_numbers numbers = assoc_numbers(config);
    return offer_encode(out, CHUNK_INIT, config, numbers.tag, numbers.first_tsn);
}

bool sctp_init_is_valid(struct span init)
{
    struct peer_offer offer;
    return offer_decode_alone(init, &offer) == 0;
}

int sctp_assoc_connect_with(struct sctp_assoc *a, struct span init, uint64_t rtt_us,
                            uint64_t now_us)
{
    struct peer_offer offer;
    if (a->state != ASSOC_CLOSED)
        return -EALREADY;
    int error = offer_decode_alone(init, &offer);
    if (error < 0)
        return error;
    if (rtt_us > 0)
        rtt_sample(&a->rtt, rtt_us);
    a->depth++;
    handshake_skip(a, &offer, now_us);
    a->depth--;
    if (a->depth == 0)
        sctp_assoc_flush(a, now_us);
    return 0;
}

void sctp_assoc_set_reading(struct sctp_assoc *a, bool reading, uint64_t now_us)
{
    a->depth++;
    inbox_set_reading(&a->in.reasm.inbox, reading);
    a->depth--;
    if (reading && assoc_is_open(a) && receive_window_opened(&a->in))
        a->is_due = true;
    if (a->is_due && a->depth == 0)
        sctp_assoc_flush(a, now_us);
}

bool sctp_assoc_is_silent(const struct sctp_assoc *a)
{
    return a->recovery.backoff > 0;
}

void sctp_assoc_try_path(struct sctp_assoc *a, uint64_t now_us)
{
    if (assoc_is_open(a) && recovery_forget_silence(&a->recovery))
        loss_rearm(a, now_us);
}

void sctp_assoc_change_path(struct sctp_assoc *a, size_t mtu_max, uint64_t now_us)
{
    const struct sctp_arena *arena = a->config.arena;
    assert(arena->headroom + mtu_max + arena->tailroom <= arena->len);
    assert(mtu_max >= MIN_MTU);
    path_change(&a->path, mtu_max, now_us);
    if (!assoc_is_open(a))
        return;
    assoc_set_mtu(a, a->path.mtu);
    rtt_init(&a->rtt);
    assoc_start_cc(a, a->cc.mss, now_us);
    pacer_reset(&a->pacer);
    heartbeat_start_search(a, now_us);
    sctp_assoc_try_path(a, now_us);
    recovery_clear_errors(&a->recovery); /* of the path before */
    /* An association at rest knows its round trip again; and a browser that
     * does not control ICE sees by what arrives that we have moved. */
    if (a->config.heartbeat_us > 0)
        heartbeat_ask(a, now_us);
    a->is_due = true;
}

void sctp_assoc_shutdown(struct sctp_assoc *a, uint64_t now_us)
{
    if (a->state < ASSOC_ESTABLISHED)
        assoc_close(a, SCTP_CLOSED_ABORTED);
    else if (a->state == ASSOC_ESTABLISHED)
        assoc_set_state(a, ASSOC_SHUTDOWN_PENDING);
    a->is_due = true;
    if (a->depth == 0)
        sctp_assoc_flush(a, now_us);
}

/* It leaves with the ABORT, in packets of its own before it. */
static void say_last(struct sctp_assoc *a, uint64_t now_us)
{
    a->burst_left = 2 * a->out.mtu;
    a->depth++;
    transmit(a, now_us);
    a->depth--;
}

void sctp_assoc_abort(struct sctp_assoc *a, uint64_t now_us)
{
    if (a->state == ASSOC_DONE)
        return;
    if (a->depth == 0)
        say_last(a, now_us);
    if (a->peer.tag != 0)
        assoc_send_abort(a, CAUSE_USER_ABORT);
    assoc_close(a, SCTP_CLOSED_ABORTED);
    if (a->depth == 0)
        sctp_assoc_flush(a, now_us);
}

bool sctp_assoc_is_connected(const struct sctp_assoc *a)
{
    return assoc_is_open(a);
}

bool sctp_assoc_is_heard(const struct sctp_assoc *a)
{
    return a->rate.delivered > 0;
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
    out->mtu = a->out.mtu;
    out->recv_window = a->in.window;
    out->memory = sizeof *a + sendq_memory(&a->sendq) + flight_memory(&a->flight) +
                  receive_memory(&a->in) + a->out.replies.cap + a->handshake.cookie.cap;
    out->cc = a->cc.ops->state(&a->cc);
    out->interleaved = a->interleaving;
    out->zero_checksum_sent = a->out.zero_checksum;
    out->sent_packets = a->out.sent;
}
