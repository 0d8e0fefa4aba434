/*
 * The association's insides, shared by the files of this directory only. Each
 * part is a struct of its own that one file works on; this one joins them.
 *
 *   assoc.c      API, deadlines              dispatch.c  chunks received
 *   handshake.c  INIT to COOKIE-ACK          close.c     ABORT and SHUTDOWN
 *   output.c     packets into the arena      transmit.c  what goes into them
 *   ack.c        a SACK received             recovery.c  loss, probes, timeouts
 *   receive.c    DATA received, SACK sent    forward.c   abandoned messages
 *   reconfig.c   stream resets               path.c      heartbeat, path MTU
 */
#ifndef SCTP_ASSOC_H
#define SCTP_ASSOC_H

#include "base/buf.h"
#include "base/clock.h"
#include "sctp/cc.h"
#include "sctp/chunk.h"
#include "sctp/flight.h"
#include "sctp/rate.h"
#include "sctp/reasm.h"
#include "sctp/sctp.h"
#include "sctp/sendq.h"
#include "sctp/tsnmap.h"

/* Caps on what a peer can make grow or repeat. */
enum {
    MAX_COOKIE = 4096,       /* of the peer's, kept to be echoed */
    MAX_CONTROL = 8 << 10,   /* replies queued in one batch: a flood of
                                   HEARTBEATs is answered up to here */
    MAX_DUPLICATES = 16,     /* TSNs told in one SACK */
    MAX_GAPS = 320,          /* blocks told in one SACK */
    MANY_GAPS = 64,          /* a SACK with more may not tell of all */
    MAX_RESET_STREAMS = 256, /* in one of our requests */
    MAX_PARTS = 16,          /* largest messages begun and not complete, that
                                   are held above the window; then ABORT */
    MAX_BURST = 64,          /* packets handed over at once */
    BASE_MTU = 1200,         /* works on nearly every path (RFC 8261 section 5) */
    FLOOR_MTU = 504,         /* where it does not: the least datagram that every host
                                   takes (576) less IP, UDP, a TURN channel and DTLS */
    MIN_MTU = 256,           /* of an owner's config */
};

/* Times of RFC 9260 section 16 and what replaces them here. The lower bound
 * of the RTO has to exceed the delay of other stacks' SACKs, 200 ms. */
#define RTO_INITIAL_US     (1000 * US_PER_MS)
#define RTO_MIN_US         (300 * US_PER_MS)
#define RTO_MAX_US         (10 * US_PER_S)
#define SACK_DELAY_US      (20 * US_PER_MS)
#define COOKIE_LIFE_US     (60 * US_PER_S)
#define PEER_SACK_DELAY_US (20 * US_PER_MS) /* with the immediate bit set: ours at most */

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
    TIMER_EXPIRE,    /* a message with a lifetime */
    TIMER_FORWARD,   /* FORWARD-TSN again */
    TIMER_RECONFIG,
    TIMER_HEARTBEAT,
    TIMER_PMTU,
    TIMER_SHUTDOWN, /* T2: SHUTDOWN or SHUTDOWN-ACK again */
    TIMER_COUNT,
};

/* What the other side's INIT or INIT-ACK offered. */
struct peer_offer {
    uint32_t tag;
    uint32_t window;
    uint32_t first_tsn;
    uint16_t out_streams;
    uint16_t in_streams;
    bool interleaving;
    bool forward_tsn;
    bool reconfig;
    bool zero_checksum;
};

struct output {
    struct sctp_packet packets[MAX_BURST];
    size_t count;
    size_t used;     /* of the arena */
    uint8_t *packet; /* being written, or NULL */
    size_t len;
    bool may_fragment;
    bool needs_checksum;
};

struct rtt {
    uint64_t srtt_us; /* 0: no sample yet */
    uint64_t var_us;
    uint64_t min_us; /* UINT64_MAX: no sample yet */
    uint64_t rto_us;
    bool has_data; /* not only samples of HEARTBEATs */
};

/* Loss recovery: RFC 8985 with TSNs in the place of sequence numbers. */
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
    uint64_t probe_end;
    uint64_t last_lost; /* TSN, to tell ranges apart */
};

struct receive {
    struct tsnmap map;
    struct reasm reasm;
    uint32_t duplicates[MAX_DUPLICATES];
    size_t duplicate_count;
    unsigned packets_unacked; /* with new data, since the last SACK */
    bool saw_data;            /* in the packet being fed */
    bool sack_now;
    size_t window;     /* what we may hold; grows */
    size_t advertised; /* in the last SACK */
    uint64_t epoch_us; /* of the measurement that grows it */
    size_t epoch_bytes;
    size_t unasked_bytes; /* since the round trip was last asked for */
};

struct reconfig {
    uint32_t next_request;  /* our sequence number */
    uint32_t peer_request;  /* that we expect next */
    uint32_t last_response; /* result for peer_request - 1 */
    bool in_progress;       /* the peer's reset waits for TSNs that it names */
    bool is_outstanding;    /* ours */
    uint16_t *wanted;       /* streams to reset, in the order asked */
    size_t wanted_count;
    size_t wanted_cap;
    size_t asked;   /* the first of them, in the outstanding request */
    uint8_t *marks; /* a bit a stream: is in `wanted` */
    uint32_t request_last_tsn;
    unsigned retries;
};

enum path_search {
    SEARCH_OFF,     /* the peer knows no PAD */
    SEARCH_MAX,     /* what the owner thinks possible */
    SEARCH_CURRENT, /* does what is in use pass? */
    SEARCH_STEPS,   /* and what is between that and what did not? */
    SEARCH_DONE,
};

struct path {
    uint64_t since_us; /* that it is this one */
    uint64_t nonce;    /* of the heartbeat that is out; 0: none */
    uint64_t heartbeat_sent_us;
    uint64_t rtt_us;   /* of the last HEARTBEAT on this path; 0: none */
    size_t probe_size; /* of the PMTU probe that is out; 0: none */
    uint64_t probe_nonce;
    unsigned probe_tries;
    uint64_t probe_sent_us;   /* first of this try */
    uint64_t small_nonce;     /* of the HEARTBEATs beside what may be too large */
    uint64_t small_passed_us; /* when the latest of them that passed was sent */
    size_t too_big;           /* the least size known not to pass */
    enum path_search search;
};

struct sctp_assoc {
    struct sctp_assoc_config config;
    struct sctp_assoc_handlers handlers;
    void *arg;
    enum assoc_state state;
    uint64_t timers[TIMER_COUNT];
    bool is_due; /* something was queued: call at once */
    bool is_flushing;
    bool was_connected;
    enum sctp_close_reason close_reason;
    bool close_pending; /* on_closed is to be called */
    unsigned depth;     /* of calls that must not see a free */
    uint64_t draws;     /* of the generator over config.seed */

    /* Handshake. */
    uint32_t my_tag;
    uint64_t my_first_tsn;
    struct peer_offer peer;
    struct buf cookie; /* to be echoed */
    unsigned handshake_tries;
    uint64_t handshake_sent_us;
    bool handshake_due; /* INIT or COOKIE-ECHO is to be sent */
    bool interleaving;
    bool forward_tsn;
    bool zero_checksum;
    size_t out_streams;
    size_t in_streams;

    /* Sending. */
    struct buf control;
    struct output out;
    struct sendq sendq;
    struct flight flight;
    struct rate rate;
    struct rtt rtt;
    struct recovery recovery;
    struct cc cc;
    size_t mtu;
    size_t peer_window;
    uint64_t pace_next_ns;
    uint64_t idle_since_us; /* nothing in flight since; 0: something is */
    bool is_cwnd_limited;
    bool has_backlog;
    bool wants_writable;
    uint64_t last_sent_us;
    uint64_t forward_to; /* highest TSN to be forwarded over */
    bool forward_due;
    bool has_expiring; /* a message with a lifetime may be around */

    struct receive in;
    struct reconfig reconfig;
    struct path path;
    bool shutdown_due; /* SHUTDOWN, SHUTDOWN-ACK or -COMPLETE */
    unsigned shutdown_tries;
    struct sctp_stats stats;
};

/* assoc.c */
void assoc_set_state(struct sctp_assoc *a, enum assoc_state state);
void assoc_arm(struct sctp_assoc *a, enum timer timer, uint64_t at_us);
void assoc_disarm(struct sctp_assoc *a, enum timer timer);
uint64_t assoc_random(struct sctp_assoc *a);
void assoc_negotiated(struct sctp_assoc *a); /* sending is possible: the offer is known */
void assoc_established(struct sctp_assoc *a, uint64_t now_us);
bool assoc_is_open(const struct sctp_assoc *a);
bool assoc_can_carry_data(const struct sctp_assoc *a);
void assoc_set_mtu(struct sctp_assoc *a, size_t mtu);

/* handshake.c */
void handshake_start(struct sctp_assoc *a, uint64_t now_us);
void handshake_write(struct sctp_assoc *a, uint64_t now_us);
void handshake_on_timer(struct sctp_assoc *a, uint64_t now_us);
void handshake_on_init(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us);
void handshake_on_init_ack(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us);
/* True when the packet's tag is one that this cookie vouches for. */
bool handshake_on_cookie_echo(struct sctp_assoc *a, const struct chunk *c, uint32_t tag,
                              uint64_t now_us);
void handshake_on_cookie_ack(struct sctp_assoc *a, uint64_t now_us);
void handshake_on_stale_cookie(struct sctp_assoc *a, uint64_t now_us);

/* close.c */
void close_now(struct sctp_assoc *a, enum sctp_close_reason reason);
/* Tells the peer why, then closes. */
void close_violated(struct sctp_assoc *a, uint16_t cause);
void close_write(struct sctp_assoc *a, uint64_t now_us);
void close_advance(struct sctp_assoc *a, uint64_t now_us);
void close_on_timer(struct sctp_assoc *a, uint64_t now_us);
void close_on_shutdown(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us);
void close_on_shutdown_ack(struct sctp_assoc *a, uint64_t now_us);
void close_on_shutdown_complete(struct sctp_assoc *a);

/* output.c */
/* Room for a chunk of len bytes in the packet being written, or in a new one
 * when it does not fit. Padding is zeroed. */
uint8_t *output_chunk(struct sctp_assoc *a, size_t len);
/* Bytes left in the packet being written; of a new one when there is none. */
size_t output_room(const struct sctp_assoc *a);
/* The packet ends here; `tag` other than the peer's for one that stands
 * alone. */
void output_close(struct sctp_assoc *a);
void output_close_as(struct sctp_assoc *a, uint32_t tag);
void output_send(struct sctp_assoc *a);
/* Queues a copy of a reply for the next flush: 0 or -ENOBUFS. With a tag of
 * its own (alone) it gets a packet of its own. */
int output_queue(struct sctp_assoc *a, struct span chunk);
int output_queue_alone(struct sctp_assoc *a, struct span chunk, uint32_t tag);
void output_write_queued(struct sctp_assoc *a);

/* transmit.c */
void transmit(struct sctp_assoc *a, uint64_t now_us);
/* One chunk past all limits: new data if there is any, else the newest in
 * flight again. Returns its TSN or 0. */
uint64_t transmit_probe(struct sctp_assoc *a, bool *is_retransmission, uint64_t now_us);

/* ack.c */
void ack_on_sack(struct sctp_assoc *a, const struct chunk_sack *s, uint64_t now_us);
void ack_on_cum(struct sctp_assoc *a, uint32_t cum, uint64_t now_us);

/* recovery.c */
void recovery_init(struct sctp_assoc *a);
/* A chunk is newly acked; still before its record changes. */
void recovery_on_acked(struct sctp_assoc *a, uint64_t tsn, uint64_t now_us);
/* The peer got this TSN twice. */
void recovery_on_duplicate(struct sctp_assoc *a, uint64_t tsn, uint64_t now_us);
/* Marks what is lost by now; returns its bytes. */
size_t recovery_detect(struct sctp_assoc *a, uint64_t now_us);
/* The SACK was taken in: leaves recovery when it is complete, undoes it when
 * it was for nothing. */
void recovery_after_sack(struct sctp_assoc *a, bool progress, uint64_t now_us);
/* The peer takes data again: what its closed window turned away, and the
 * timeouts of that, say nothing about the path. */
void recovery_on_window_opened(struct sctp_assoc *a, uint64_t now_us);
void recovery_rearm(struct sctp_assoc *a, uint64_t now_us);
void recovery_on_reorder_timer(struct sctp_assoc *a, uint64_t now_us);
void recovery_on_probe_timer(struct sctp_assoc *a, uint64_t now_us);
void recovery_on_rto(struct sctp_assoc *a, uint64_t now_us);
/* Another timeout without an answer; true when that ended the association. */
bool recovery_count_error(struct sctp_assoc *a);
void rtt_init(struct rtt *r);
void rtt_sample(struct rtt *r, uint64_t sample_us);

/* receive.c */
void receive_init(struct sctp_assoc *a, uint64_t cum);
void receive_data(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us);
void receive_packet_end(struct sctp_assoc *a, uint64_t now_us);
void receive_forward(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us);
bool receive_wants_sack(const struct sctp_assoc *a);
void receive_write_sack(struct sctp_assoc *a, uint64_t now_us);
void receive_window_opened(struct sctp_assoc *a);

/* forward.c */
void forward_abandon(struct sctp_assoc *a, struct sctp_message *m, uint64_t now_us);
void forward_advance(struct sctp_assoc *a, uint64_t now_us);
void forward_write(struct sctp_assoc *a, uint64_t now_us);
void forward_expire(struct sctp_assoc *a, uint64_t now_us);
bool forward_is_spent(const struct sctp_assoc *a, const struct sent_chunk *c);

/* reconfig.c */
void reconfig_init(struct sctp_assoc *a);
void reconfig_deinit(struct sctp_assoc *a);
int reconfig_want(struct sctp_assoc *a, uint16_t stream);
bool reconfig_is_wanted(const struct sctp_assoc *a, uint16_t stream);
void reconfig_write(struct sctp_assoc *a, uint64_t now_us);
void reconfig_on_chunk(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us);
void reconfig_on_timer(struct sctp_assoc *a, uint64_t now_us);
/* A hole was filled: a reset that waited for it may happen now. */
void reconfig_on_progress(struct sctp_assoc *a);

/* path.c */
void path_start(struct sctp_assoc *a, uint64_t now_us);
/* Sends a HEARTBEAT now. */
void path_ask(struct sctp_assoc *a, uint64_t now_us);
void path_on_heartbeat_timer(struct sctp_assoc *a, uint64_t now_us);
void path_on_pmtu_timer(struct sctp_assoc *a, uint64_t now_us);
void path_on_heartbeat(struct sctp_assoc *a, const struct chunk *c);
void path_on_heartbeat_ack(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us);
/* The retransmission timer ran out: full packets may vanish on this path. */
void path_on_timeout(struct sctp_assoc *a, uint64_t now_us);

#endif
