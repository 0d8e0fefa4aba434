/*
 * RACK: recovery_walk.c finds what is lost; what it goes by is learnt here
 * from what is acknowledged.
 *
 * TLP: when nothing is heard for two round trips, one more chunk is sent, so
 * that loss at the end of a burst is found by RACK and not by the timeout.
 *
 * RTO: when that fails too, everything that had its time is lost. It starts
 * anew whenever the peer acknowledges something.
 *
 * Undo: each loss is counted; a duplicate report, an acknowledgement before
 * the retransmission, or one sooner after it than any round trip, takes one
 * back. When none is left the congestion response is undone.
 */
#include "sctp/recovery.h"

enum {
    REORDER_MULT_MAX = 4, /* the reordering window is at most a round trip */
    REORDER_PERSIST = 16, /* recoveries until it shrinks again */
    BACKOFF_MAX = 8,
};

/* How late a SACK of the peer's may be where the immediate bit was set: ours
 * at most. */
#define PEER_SACK_DELAY_US (20 * US_PER_MS)

void recovery_init(struct recovery *r)
{
    *r = (struct recovery){.reorder_mult = 1};
}

static void loss_was_spurious(struct recovery *r)
{
    if (r->undo_count > 0)
        r->undo_count--;
}

void recovery_on_acked(struct recovery *r, const struct rtt *rtt, const struct sent_chunk *c,
                       uint64_t tsn, uint64_t now_us)
{
    uint64_t rtt_us = now_us - c->sent_us;
    if (c->state == CHUNK_LOST) {
        loss_was_spurious(r); /* it arrived by itself */
        r->reordering_seen = true;
    }
    if (c->transmissions > 1 && rtt->min_us != UINT64_MAX && rtt_us < rtt->min_us) {
        /* The acknowledgement of an earlier transmission. It says nothing
         * about the time of the latest. */
        if (c->state == CHUNK_IN_FLIGHT && tsn != r->probe_tsn)
            loss_was_spurious(r);
        return;
    }
    if (c->transmissions == 1 && tsn < r->highest_acked)
        r->reordering_seen = true;
    if (tsn > r->highest_acked)
        r->highest_acked = tsn;
    if (c->sent_us > r->xmit_us || (c->sent_us == r->xmit_us && tsn > r->end_tsn)) {
        r->xmit_us = c->sent_us;
        r->end_tsn = tsn;
        r->rtt_us = rtt_us;
    }
}

void recovery_set_visible(struct recovery *r, uint64_t tsn)
{
    r->visible_to = tsn;
}

void recovery_on_duplicate(struct recovery *r, uint64_t tsn, uint64_t next)
{
    if (r->probe_tsn == tsn && r->probe_is_retransmission) {
        r->probe_tsn = 0; /* the original had arrived: nothing was lost */
        return;
    }
    if (r->undo_count == 0)
        return; /* the network doubles packets */
    loss_was_spurious(r);
    r->reordering_seen = true;
    if (tsn >= r->mult_round) {
        r->mult_round = next;
        if (r->reorder_mult < REORDER_MULT_MAX)
            r->reorder_mult++;
        r->reorder_persist = REORDER_PERSIST;
    }
}

bool recovery_on_lost(struct recovery *r, uint64_t tsn)
{
    bool starts_range = tsn != r->last_lost + 1;
    r->last_lost = tsn;
    r->undo_count++;
    return starts_range;
}

bool recovery_enter(struct recovery *r, uint64_t next)
{
    if (r->in_recovery)
        return false;
    r->in_recovery = true;
    r->end = next;
    r->can_undo = true;
    r->undo_count = 0;
    return true;
}

/* The tail probe was answered. If it was a retransmission and no duplicate
 * was reported, it repaired a loss, which congestion control must hear of. */
static unsigned check_probe(struct recovery *r, const struct flight *f)
{
    if (r->probe_tsn == 0 || f->first <= r->probe_tsn)
        return 0;
    r->probe_tsn = 0;
    return r->probe_is_retransmission && !r->in_recovery ? RECOVERY_REPAIRED : 0;
}

static unsigned undo(struct recovery *r)
{
    r->can_undo = false;
    r->in_recovery = false;
    r->errors = 0; /* everything had arrived: the peer is there */
    return RECOVERY_UNDONE;
}

static unsigned leave(struct recovery *r)
{
    r->in_recovery = false;
    r->can_undo = r->undo_count > 0 ? r->can_undo : false;
    if (r->reorder_persist > 0 && --r->reorder_persist == 0)
        r->reorder_mult = 1;
    return RECOVERY_ENDED;
}

unsigned recovery_after_sack(struct recovery *r, const struct flight *f, bool progress,
                             uint64_t now_us)
{
    unsigned verdict = check_probe(r, f);
    if (progress) {
        r->progress_us = now_us;
        r->backoff = 0;
        r->errors = 0;
    }
    if (r->can_undo && r->undo_count == 0 && !flight_has_lost(f))
        verdict |= undo(r);
    if (r->in_recovery && f->first >= r->end)
        verdict |= leave(r);
    return verdict;
}

void recovery_on_window(struct recovery *r, bool is_narrow, bool turns_away)
{
    if (is_narrow)
        r->errors = 0;
    r->turned_away = turns_away;
}

bool recovery_on_window_opened(struct recovery *r)
{
    if (r->backoff == 0)
        return false; /* no timeout yet: what is in flight may be taken in */
    r->backoff = 0;
    return true;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t probe_deadline(const struct recovery *r, const struct flight *f,
                               const struct rtt *rtt)
{
    if (r->in_recovery || r->probe_tsn != 0 || r->backoff > 0 || rtt->srtt_us == 0 ||
        flight_has_lost(f))
        return TIME_NEVER;
    uint64_t newest_us = flight_at(f, f->by_time.newest)->sent_us;
    return later(newest_us, r->progress_us) + 2 * rtt->srtt_us + PEER_SACK_DELAY_US;
}

struct recovery_times recovery_deadlines(const struct recovery *r, const struct flight *f,
                                         const struct rtt *rtt, bool is_held, uint64_t now_us)
{
    struct recovery_times t = {.probe_us = TIME_NEVER, .rto_us = TIME_NEVER};
    if (f->bytes == 0) {
        /* Lost chunks that nothing lets out would wait forever. */
        if (flight_has_lost(f) && !is_held)
            t.rto_us = now_us + rtt->rto_us;
        return t;
    }
    uint64_t oldest_us = flight_at(f, f->by_time.oldest)->sent_us;
    /* Also anew from each expiry, or the next of a train of chunks that are
     * all this old would expire at once. */
    uint64_t base_us = later(later(oldest_us, r->progress_us), r->expired_us);
    t.rto_us = base_us + rtt_backed_off_us(rtt, r->backoff);
    uint64_t probe_us = probe_deadline(r, f, rtt);
    if (probe_us < t.rto_us)
        t.probe_us = probe_us;
    return t;
}

void recovery_on_probe(struct recovery *r, uint64_t tsn, bool is_retransmission)
{
    r->probe_tsn = tsn;
    r->probe_is_retransmission = is_retransmission;
}

bool recovery_count_error(struct recovery *r, unsigned max)
{
    return ++r->errors > max;
}

bool recovery_on_timeout(struct recovery *r, uint64_t next, uint64_t now_us)
{
    r->expired_us = now_us;
    if (r->backoff < BACKOFF_MAX)
        r->backoff++;
    bool vanished = !r->turned_away; /* what a closed window turned away did get there */
    r->turned_away = false;
    r->probe_tsn = 0;
    if (!r->in_recovery || r->errors == 1) {
        r->can_undo = true;
        r->undo_count = 0;
    }
    r->in_recovery = true;
    r->end = next;
    return vanished;
}

void recovery_clear_errors(struct recovery *r)
{
    r->errors = 0;
}

bool recovery_forget_silence(struct recovery *r)
{
    if (r->backoff == 0)
        return false;
    r->backoff = 0;
    r->errors = 0;
    return true;
}
