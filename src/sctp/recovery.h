/*
 * Loss recovery after RFC 8985, with TSNs for sequence numbers: which chunks
 * are lost, when to probe, when to time out, and what turns out to have been
 * no loss. It looks at the flight and changes nothing there; what a loss means
 * for sending and congestion control is the caller's.
 */
#ifndef SCTP_RECOVERY_H
#define SCTP_RECOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sctp/flight.h"
#include "sctp/rtt.h"

struct recovery {
    uint64_t xmit_us; /* send time of the latest sent chunk that was acked */
    uint64_t end_tsn; /* its TSN */
    uint64_t rtt_us;  /* its round trip */
    uint64_t highest_acked;
    uint64_t visible_to; /* the latest SACK tells of TSNs up to here */
    bool reordering_seen;
    unsigned reorder_mult; /* of a quarter of the least round trip */
    unsigned reorder_persist;
    uint64_t mult_round; /* TSN that ends the round of the last step */
    bool in_recovery;
    uint64_t end;        /* TSN: recovery ends when everything below is acked */
    unsigned undo_count; /* losses of this recovery not proven spurious */
    bool can_undo;
    unsigned backoff; /* doublings of the RTO */
    unsigned errors;  /* timeouts in a row without an answer */
    uint64_t progress_us;
    uint64_t expired_us; /* the last timeout */
    bool turned_away;    /* a SACK since then showed a closed window */
    uint64_t probe_tsn;  /* tail probe that is out; 0: none */
    bool probe_is_retransmission;
    uint64_t last_lost; /* TSN, to tell ranges apart */
};

void recovery_init(struct recovery *r);

/* ---- what a SACK tells ---- */

/* A chunk is newly acked; its record is still as it was before. */
void recovery_on_acked(struct recovery *r, const struct rtt *rtt, const struct sent_chunk *c,
                       uint64_t tsn, uint64_t now_us);

/* The SACK tells of TSNs up to this one: others may have arrived as well. */
void recovery_set_visible(struct recovery *r, uint64_t tsn);

/* The peer got this TSN twice; `next` is the first that was not sent yet. */
void recovery_on_duplicate(struct recovery *r, uint64_t tsn, uint64_t next);

/* What follows for congestion control from a SACK that was taken in: flags. */
enum recovery_verdict {
    RECOVERY_REPAIRED = 1, /* by the tail probe: there was a loss, and it is over */
    RECOVERY_UNDONE = 2,   /* nothing was lost after all */
    RECOVERY_ENDED = 4,    /* all that was in flight when it began has arrived */
};
unsigned recovery_after_sack(struct recovery *r, const struct flight *f, bool progress,
                             uint64_t now_us);

/* The window that the SACK showed. One narrower than a packet, mtu, is that of
 * a peer that is there but does not read; one that takes no packet at all,
 * turns_away, has data time out as on a dead path. */
void recovery_on_window(struct recovery *r, bool is_narrow, bool turns_away);

/* The peer takes data again: timeouts until now say nothing about the path.
 * True when there were some, so that all that is overdue goes again. */
bool recovery_on_window_opened(struct recovery *r);

/* ---- what is lost: see recovery_walk.h ---- */

/* Counts a loss. True when it starts a range: the TSN before it was not lost
 * with it. */
bool recovery_on_lost(struct recovery *r, uint64_t tsn);

/* A loss found by RACK. True when it begins a recovery, for which congestion
 * control has to respond; `next` as above. */
bool recovery_enter(struct recovery *r, uint64_t next);

/* ---- silence ---- */

struct recovery_times {
    uint64_t probe_us; /* TIME_NEVER: not wanted */
    uint64_t rto_us;
};

/* When to probe and when to time out, as things are now. `is_held`: the pacer
 * alone holds back what is lost. */
struct recovery_times recovery_deadlines(const struct recovery *r, const struct flight *f,
                                         const struct rtt *rtt, bool is_held, uint64_t now_us);

void recovery_on_probe(struct recovery *r, uint64_t tsn, bool is_retransmission);

/* Another timeout without an answer; true when that is one too many. */
bool recovery_count_error(struct recovery *r, unsigned max);

/* A timeout that did not end the association: a recovery begins, in which the
 * caller loses what is overdue. False when a closed window explains it. */
bool recovery_on_timeout(struct recovery *r, uint64_t next, uint64_t now_us);

/* The peer was heard by other means. */
void recovery_clear_errors(struct recovery *r);

/* The silence said something about another path: the timeout is as short as
 * in the beginning. False when there was none. */
bool recovery_forget_silence(struct recovery *r);

#endif
