/*
 * The association's insides, shared by the files of this directory only. Each
 * part is a struct of its own that one file works on; this one joins them.
 * Parts know nothing of the association: they are given what they work on, and
 * say what follows from it. The files that join them use only those above
 * them in this list:
 *
 *   parts        chunk crc32c siphash cookie offer · sendq flight stream_table
 *                tsnmap frag assembly inbox reasm receive · pacer path output
 *                rtt rate recovery cc
 *   assoc.c      state, timers, replies, the end: what all the others need
 *   forward.c    abandoned messages          reconfig.c  stream resets
 *   heartbeat.c  is the path there, its MTU  shutdown.c  the end in order
 *   handshake.c  INIT to COOKIE-ACK          inbound.c   DATA comes, SACK goes
 *   loss.c       loss, probes, timeouts      ack.c       a SACK comes
 *   transmit.c   what goes out               dispatch.c  chunks received
 *   deadline.c   flush and timers            sctp.c      the rest of sctp.h
 */
#ifndef SCTP_ASSOC_H
#define SCTP_ASSOC_H

#include "base/clock.h"
#include "base/span.h"
#include "sctp/cc.h"
#include "sctp/flight.h"
#include "sctp/forward.h"
#include "sctp/handshake.h"
#include "sctp/offer.h"
#include "sctp/output.h"
#include "sctp/pacer.h"
#include "sctp/path.h"
#include "sctp/rate.h"
#include "sctp/receive.h"
#include "sctp/reconfig.h"
#include "sctp/recovery.h"
#include "sctp/rtt.h"
#include "sctp/sctp.h"
#include "sctp/sendq.h"
#include "sctp/shutdown.h"

/* Bytes of packets that are held until they are acknowledged: in any case; more
 * than that of a budget, in steps. */
enum { SENT_FIRST = 1 << 20, SENT_STEP = 1 << 20, SENT_MORE_MAX = 128 << 20 };

enum assoc_state {
    ASSOC_CLOSED,
    ASSOC_COOKIE_WAIT,
    ASSOC_COOKIE_ECHOED,
    ASSOC_ESTABLISHED,
    ASSOC_SHUTDOWN_PENDING,
    ASSOC_SHUTDOWN_SENT,
    ASSOC_SHUTDOWN_RECEIVED,
    ASSOC_SHUTDOWN_ACK_SENT,
    ASSOC_DONE,
};

enum timer {
    TIMER_HANDSHAKE, /* T1: INIT or COOKIE-ECHO again */
    TIMER_REORDER,   /* RACK: what is now too late to be only reordered */
    TIMER_PROBE,     /* tail loss probe */
    TIMER_RTO,       /* T3 */
    TIMER_PACE,      /* the pacer lets more go */
    TIMER_SACK,      /* delayed acknowledgement */
    TIMER_REPEAT,    /* the last acknowledgement once more */
    TIMER_EXPIRE,    /* a message with a lifetime */
    TIMER_FORWARD,   /* FORWARD-TSN again */
    TIMER_RECONFIG,
    TIMER_HEARTBEAT,
    TIMER_PMTU,
    TIMER_SHUTDOWN, /* T2: SHUTDOWN or SHUTDOWN-ACK again */
    TIMER_COUNT,
};

struct sctp_assoc {
    struct sctp_assoc_config config;
    struct sctp_assoc_handlers handlers;
    void *arg;
    enum assoc_state state;
    uint64_t timers[TIMER_COUNT];
    bool is_due; /* something was queued: call at once */
    bool is_flushing;
    size_t burst_left;        /* bytes of messages that may go now */
    size_t queue_most;        /* by the owner; less where the rate asks for less */
    struct budget_share sent; /* held until acknowledged, beyond SENT_FIRST */
    enum sctp_close_reason close_reason;
    bool close_pending; /* on_closed is to be called */
    unsigned depth;     /* of calls that must not see a free */
    uint64_t draws;     /* of the generator over config.seed */

    /* Who we are, who the peer is, and what was agreed. */
    uint32_t my_tag;
    uint64_t my_first_tsn;
    struct peer_offer peer;
    bool interleaving;
    bool forward_tsn;
    size_t out_streams;
    size_t in_streams;

    struct handshake handshake;
    struct output out;
    struct sendq sendq;
    struct flight flight;
    struct rate rate;
    struct rtt rtt;
    struct recovery recovery;
    struct cc cc;
    struct pacer pacer;
    struct forward forward;
    struct receive in;
    struct reconfig reconfig;
    struct path path;
    struct shutdown shutdown;
    struct sctp_stats stats;

    /* Sending, as it stands. */
    size_t peer_window;
    size_t told_mtu; /* to the owner; 0: nothing yet */
    uint64_t last_sent_us;
    uint64_t idle_since_us; /* nothing in flight since; 0: something is */
    bool is_cwnd_limited;
    bool has_backlog;
    bool wants_writable;
};

/* ---- state ---- */

void assoc_set_state(struct sctp_assoc *a, enum assoc_state state);
bool assoc_is_open(const struct sctp_assoc *a);
bool assoc_can_carry_data(const struct sctp_assoc *a);

/* ---- timers ---- */

void assoc_arm(struct sctp_assoc *a, enum timer timer, uint64_t at_us);
void assoc_disarm(struct sctp_assoc *a, enum timer timer);
bool assoc_is_armed(const struct sctp_assoc *a, enum timer timer);

/* ---- what several files do ---- */

uint64_t assoc_random(struct sctp_assoc *a);

/* Our tag and first TSN: what the generator over the config's seed gives
 * first, so that they are known before the association is made. */
struct assoc_numbers {
    uint32_t tag;
    uint32_t first_tsn;
    uint64_t draws; /* that it took */
};
struct assoc_numbers assoc_numbers(const struct sctp_assoc_config *config);

/* Queues a copy of a chunk for the next flush, which is then due. With a tag,
 * alone in a packet. A flood may leave no room: then there is no reply. */
void assoc_reply(struct sctp_assoc *a, struct span chunk);
void assoc_reply_alone(struct sctp_assoc *a, struct span chunk, uint32_t tag);

/* Packets are of this size from now, and all that goes by it. */
void assoc_set_mtu(struct sctp_assoc *a, size_t mtu);

/* Congestion control starts anew. */
void assoc_start_cc(struct sctp_assoc *a, size_t mss, uint64_t now_us);

/* What may be queued beyond what is in flight. */
size_t assoc_queue_limit(const struct sctp_assoc *a);

/* ---- the end: on_closed follows with the next flush ---- */

void assoc_close(struct sctp_assoc *a, enum sctp_close_reason reason);

/* Tells the peer why. */
void assoc_send_abort(struct sctp_assoc *a, uint16_t cause);

/* The peer broke the protocol: tells it, and closes. */
void assoc_close_violated(struct sctp_assoc *a, uint16_t cause);

/* Another timeout without an answer; true when that ended the association. */
bool assoc_count_error(struct sctp_assoc *a);

#endif
