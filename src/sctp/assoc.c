/*
 * What all the files that join the parts need: the state, the timers, a reply,
 * the end. Nothing is sent from here. Whatever ends the association, its last
 * packet is written by the flush that follows, and then on_closed is called.
 */
#include "sctp/assoc.h"

#include "base/bytes.h"
#include "sctp/siphash.h"

void assoc_set_state(struct sctp_assoc *a, enum assoc_state state)
{
    a->state = state;
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

void assoc_arm(struct sctp_assoc *a, enum timer timer, uint64_t at_us)
{
    a->timers[timer] = at_us;
}

void assoc_disarm(struct sctp_assoc *a, enum timer timer)
{
    a->timers[timer] = TIME_NEVER;
}

bool assoc_is_armed(const struct sctp_assoc *a, enum timer timer)
{
    return a->timers[timer] != TIME_NEVER;
}

static uint64_t draw(const uint8_t seed[16], uint64_t *draws)
{
    uint8_t counter[8];
    put_u64be(counter, ++*draws);
    return siphash(seed, span_of(counter, sizeof counter));
}

uint64_t assoc_random(struct sctp_assoc *a)
{
    return draw(a->config.seed, &a->draws);
}

struct assoc_numbers assoc_numbers(const struct sctp_assoc_config *config)
{
    struct assoc_numbers out = {0};
    do
        out.tag = (uint32_t)draw(config->seed, &out.draws);
    while (out.tag == 0);
    out.first_tsn =
        config->first_tsn ? config->first_tsn : (uint32_t)draw(config->seed, &out.draws);
    return out;
}

void assoc_reply(struct sctp_assoc *a, struct span chunk)
{
    a->is_due = true;
    (void)output_queue(&a->out, chunk);
}

void assoc_reply_alone(struct sctp_assoc *a, struct span chunk, uint32_t tag)
{
    a->is_due = true;
    (void)output_queue_alone(&a->out, chunk, tag);
}

void assoc_set_mtu(struct sctp_assoc *a, size_t mtu)
{
    a->out.mtu = mtu;
    a->cc.mss = (mtu - SCTP_HEADER_LEN) & ~(size_t)3;
    a->sendq.quantum = mtu;
}

void assoc_start_cc(struct sctp_assoc *a, size_t mss, uint64_t now_us)
{
    const struct cc_ops *ops = a->config.cc == SCTP_CC_CUBIC ? &cc_cubic_ops : &cc_bbr_ops;
    cc_init(&a->cc, ops, mss, (uint32_t)assoc_random(a), now_us);
}

void assoc_close(struct sctp_assoc *a, enum sctp_close_reason reason)
{
    if (a->state == ASSOC_DONE)
        return;
    assoc_set_state(a, ASSOC_DONE);
    for (int i = 0; i < TIMER_COUNT; i++)
        assoc_disarm(a, (enum timer)i);
    a->close_reason = reason;
    a->close_pending = true;
    a->is_due = true;
}

size_t assoc_queue_limit(const struct sctp_assoc *a)
{
    size_t limit = sendq_limit(a->cc.pacing_rate);
    return limit < a->queue_most ? limit : a->queue_most;
}

void assoc_send_abort(struct sctp_assoc *a, uint16_t cause)
{
    uint8_t chunk[CHUNK_HEADER_LEN + PARAM_HEADER_LEN];
    chunk_put_header(chunk, CHUNK_ABORT, 0, sizeof chunk);
    param_put_header(chunk + CHUNK_HEADER_LEN, cause, PARAM_HEADER_LEN);
    assoc_reply_alone(a, span_of(chunk, sizeof chunk), a->peer.tag);
}

void assoc_close_violated(struct sctp_assoc *a, uint16_t cause)
{
    assoc_send_abort(a, cause);
    assoc_close(a, SCTP_CLOSED_PEER_VIOLATED);
}

bool assoc_count_error(struct sctp_assoc *a)
{
    if (!recovery_count_error(&a->recovery, a->config.max_retransmit))
        return false;
    assoc_close(a, SCTP_CLOSED_TIMEOUT);
    return true;
}
