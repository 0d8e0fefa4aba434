/*
 * SCTP for WebRTC: one association over one path, below it DTLS (RFC 8261),
 * above it data channels (RFC 8831). Sans-I/O: packets and the time go in,
 * packets and events come out. The engine owns no socket, clock, timer or
 * thread, and never logs.
 *
 *   feed(packet)* ──┐                       ┌── on_message, on_stream_reset …
 *   send(message)* ─┼─► struct sctp_assoc ──┤
 *   on_deadline ────┘        flush          └── on_packets(burst)
 *
 * The owner's loop: feed() every packet of a received batch, then flush();
 * call on_deadline() when deadline() is reached. Packets leave only inside
 * connect, flush, on_deadline, set_reading, shutdown and abort. send() and
 * reset_stream() only queue, and set the deadline to "at once": call flush()
 * when the batch of sends is over, or let the deadline do it.
 *
 *              connect()               INIT-ACK            COOKIE-ACK
 *   CLOSED ───────────► COOKIE_WAIT ──────────► COOKIE_ECHOED ──────────┐
 *     │ valid COOKIE-ECHO, in any state up to here                      ▼
 *     └───────────────────────────────────────────────────────► ESTABLISHED
 *   CLOSED ─ connect_with(), what INIT says being known ─► ESTABLISHED
 *   ESTABLISHED ─ shutdown() ─► SHUTDOWN_PENDING ─ all acked ─► SHUTDOWN_SENT
 *   ESTABLISHED ─ SHUTDOWN ► SHUTDOWN_RECEIVED ─ all acked ─► SHUTDOWN_ACK_SENT
 *   every end ────────────────► DONE (on_closed was called, once)
 *
 * Handlers may call every function here but sctp_assoc_free(), and must not
 * feed() from within a handler.
 */
#ifndef SCTP_SCTP_H
#define SCTP_SCTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct budget;
struct sctp_assoc;

enum sctp_cc { SCTP_CC_BBR, SCTP_CC_CUBIC };

/* Where packets are written: data[len] belongs to the caller and may be
 * shared by all associations of a thread, since it is only used inside one
 * call. Each packet has headroom bytes before it and tailroom bytes after it
 * free, so that DTLS can seal it in place. */
struct sctp_arena {
    uint8_t *data;
    size_t len; /* at least headroom + mtu_max + tailroom */
    size_t headroom;
    size_t tailroom;
};

struct sctp_packet {
    uint8_t *data;
    size_t len;
    struct span body;  /* what follows, where the config says `gathers`; else empty */
    bool may_fragment; /* larger than the path may be: send without DF */
};

struct sctp_assoc_config {
    uint8_t seed[16]; /* unpredictable: tags, first TSN, cookie key */
    struct sctp_arena *arena;
    uint16_t local_port;
    uint16_t remote_port;
    uint32_t first_tsn;     /* 0: drawn from the seed; tests start at a wrap */
    uint16_t streams;       /* most streams each way, 1 to 65535 */
    enum sctp_cc cc;        /* congestion control */
    size_t mtu;             /* first packet size, whole SCTP packet */
    size_t mtu_max;         /* no packet is larger, also where that is below mtu */
    size_t max_message;     /* larger ones are refused, both ways */
    size_t recv_window;     /* first receive window */
    size_t recv_window_max; /* and how far need makes it grow */
    /* What several share, or NULL; both outlive it. Of what the windows grow
     * by; and of what is held until it is acknowledged, beyond a mebibyte. */
    struct budget *received;
    struct budget *sent;
    uint64_t heartbeat_us;   /* of an idle path; 0: none */
    unsigned max_retransmit; /* timeouts in a row that end the association */
    bool interleaving;       /* offer I-DATA (RFC 8260) */
    bool zero_checksum;      /* offer RFC 9653: only above DTLS */
    bool gathers;            /* on_packets copies or seals packets: a large payload
                                may come to it from where its message lies */
};

enum sctp_close_reason {
    SCTP_CLOSED_SHUTDOWN,      /* in order, by either side */
    SCTP_CLOSED_ABORTED,       /* by sctp_assoc_abort() */
    SCTP_CLOSED_PEER_ABORTED,  /* ABORT received */
    SCTP_CLOSED_TIMEOUT,       /* the peer does not answer any more */
    SCTP_CLOSED_PEER_VIOLATED, /* the peer broke the protocol; it was told */
};

/* For tests. */
const char *sctp_close_reason_name(enum sctp_close_reason reason);

enum sctp_reset_side {
    SCTP_RESET_INCOMING, /* the peer's side of the stream starts anew */
    SCTP_RESET_OUTGOING, /* ours does: the peer has confirmed it */
    SCTP_RESET_REFUSED,  /* the peer refused ours; the stream goes on */
};

struct sctp_message_info {
    uint16_t stream;
    bool unordered;
    uint32_t ppid;
};

struct sctp_assoc_handlers {
    /* Packets to put on the wire, in order; the arena is free again when
     * this returns. Equal sizes come in runs. */
    void (*on_packets)(void *arg, const struct sctp_packet *packets, size_t count);
    /* A whole message; the span lives until the return. */
    void (*on_message)(void *arg, const struct sctp_message_info *info, struct span message);
    void (*on_connected)(void *arg);
    /* The send queue fell below its low mark after having been above it. */
    void (*on_writable)(void *arg);
    void (*on_stream_reset)(void *arg, uint16_t stream, enum sctp_reset_side side);
    /* How large a packet the path carries: once a search has ended, if it came
     * to another size than the last one. May be NULL. */
    void (*on_mtu)(void *arg, size_t mtu);
    /* Last event of all. */
    void (*on_closed)(void *arg, enum sctp_close_reason reason);
};

/* A message to send: head and body joined; either may be empty. */
struct sctp_outgoing {
    uint16_t stream;
    bool unordered;
    bool limit_retransmits; /* partial reliability, RFC 3758 and 7496 */
    uint16_t max_retransmits;
    uint32_t ppid;
    uint64_t lifetime_us; /* given up this long after send(); 0: never */
    struct span head;
    struct span body;
};

struct sctp_stats {
    uint64_t srtt_us;
    uint64_t min_rtt_us;
    uint64_t rto_us;
    uint64_t pacing_rate; /* bytes per second */
    size_t cwnd;
    size_t in_flight;
    size_t mtu;
    size_t recv_window;
    uint64_t sent_packets;
    uint64_t received_packets;
    uint64_t sent_bytes; /* user data, first transmissions */
    uint64_t received_bytes;
    uint64_t retransmitted; /* chunks */
    uint64_t lost;          /* chunks declared lost */
    uint64_t timeouts;
    uint64_t tail_probes;
    uint64_t undone;  /* congestion responses that proved spurious */
    size_t memory;    /* bytes held now: queues, rings and reassembly */
    const char *cc;   /* name and state, for the curious */
    bool interleaved; /* I-DATA in use */
    bool zero_checksum_sent;
};

/* Defaults for everything but seed and arena. */
void sctp_assoc_config_init(struct sctp_assoc_config *config);

/* Copies both structs. Never NULL. */
struct sctp_assoc *sctp_assoc_new(const struct sctp_assoc_config *config,
                                  const struct sctp_assoc_handlers *handlers, void *arg);

/* Drops everything silently; not from within a handler. NULL is allowed. */
void sctp_assoc_free(struct sctp_assoc *a);

/* Sends INIT. Both ends may do so, or one; the other only feeds. */
void sctp_assoc_connect(struct sctp_assoc *a, uint64_t now_us);

/* SNAP (draft-hancke-tsvwg-snap): the INIT chunk goes to the other side by
 * another way, such as signalling, and there is no handshake. Writes that of
 * the association which this config will make, seed and all but mtu, mtu_max,
 * remote_port and arena; returns its length. */
enum { SCTP_INIT_MAX = 512 };
size_t sctp_init_encode(const struct sctp_assoc_config *config, uint8_t out[SCTP_INIT_MAX]);

/* Whether those bytes are one INIT chunk that an association can use. */
bool sctp_init_is_valid(struct span init);

/* Connected, in this call, to the association that wrote that INIT and has got
 * ours. rtt_us: what is known of the round trip, or 0. -EBADMSG where the INIT
 * is not valid, -EALREADY after connect(); nothing has changed then. */
int sctp_assoc_connect_with(struct sctp_assoc *a, struct span init, uint64_t rtt_us,
                            uint64_t now_us);

/* One packet from the peer. Whatever is wrong with it is handled inside. */
void sctp_assoc_feed(struct sctp_assoc *a, struct span packet, uint64_t now_us);

/* Ends a batch: acknowledges it and sends what may go now. */
void sctp_assoc_flush(struct sctp_assoc *a, uint64_t now_us);

/* When on_deadline() is next wanted: 0 for at once, or TIME_NEVER. */
uint64_t sctp_assoc_deadline(const struct sctp_assoc *a);
void sctp_assoc_on_deadline(struct sctp_assoc *a, uint64_t now_us);

/* Queues a message; the bytes are copied. May be called before the
 * association is up.
 *   -EAGAIN    the queue is full and this stream has its part in that;
 *              on_writable() will tell
 *   -EMSGSIZE  empty, or above max_message
 *   -EINVAL    the stream is beyond what was negotiated
 *   -EPIPE     the stream is being reset
 *   -ENOTCONN  the association is shutting down or done */
int sctp_assoc_send(struct sctp_assoc *a, const struct sctp_outgoing *message, uint64_t now_us);

/* Whether a message on a stream that has others queued would be taken now.
 * When not, on_writable() follows, or on_closed(). */
bool sctp_assoc_is_writable(struct sctp_assoc *a);

/* Bytes, with the cost of holding their messages, until it is not. */
size_t sctp_assoc_room(const struct sctp_assoc *a);

/* Whether nothing is queued on a stream: a message there would be taken also
 * beside a full queue, and go next. Never while shutting down or done. */
bool sctp_assoc_is_stream_idle(const struct sctp_assoc *a, uint16_t stream);

/* How many of a stream's messages under that PPID have not left at all: the
 * last of them. When it is done they never will. */
size_t sctp_assoc_unsent(const struct sctp_assoc *a, uint16_t stream, uint32_t ppid);

/* So many bytes of messages, give or take a packet, go until it is set anew,
 * however many are due: others may be waiting for their turn. The owner flushes
 * again, then: the deadline does not ask for it. SIZE_MAX, as at first: no
 * limit. */
void sctp_assoc_limit_burst(struct sctp_assoc *a, size_t bytes);
size_t sctp_assoc_burst_left(const struct sctp_assoc *a);

/* What is queued at most beyond what is in flight, give or take a message.
 * SIZE_MAX, as at first: as much as the rate asks for. */
void sctp_assoc_limit_queue(struct sctp_assoc *a, size_t bytes);

/* Bytes of messages that were queued and not yet sent once. */
size_t sctp_assoc_queued_bytes(const struct sctp_assoc *a);

/* A stream's share against the others', 1 to 65535; 256 until set. The
 * values that RFC 8831 section 6.4 gives: 128, 256, 512, 1024. */
int sctp_assoc_set_priority(struct sctp_assoc *a, uint16_t stream, uint16_t priority);

/* While not reading, messages stay in the engine and the receive window
 * closes. Reading again delivers them before this returns. */
void sctp_assoc_set_reading(struct sctp_assoc *a, bool reading, uint64_t now_us);

/* Resets our side of a stream once everything queued on it was sent
 * (RFC 6525); on_stream_reset() tells when the peer has confirmed.
 *   -EINVAL, -EPIPE, -ENOTCONN as above
 *   -EOPNOTSUPP  the peer cannot */
int sctp_assoc_reset_stream(struct sctp_assoc *a, uint16_t stream, uint64_t now_us);

/* Whether the retransmission timer has run out, and nothing was acknowledged
 * since. */
bool sctp_assoc_is_silent(const struct sctp_assoc *a);

/* There is a path again: the timeout, which may have grown long, is as short as
 * in the beginning. */
void sctp_assoc_try_path(struct sctp_assoc *a, uint64_t now_us);

/* There is another path: what was learnt of the last one (its round trip, its
 * rate, the size of its packets) says nothing any more. mtu_max as in the
 * config. */
void sctp_assoc_change_path(struct sctp_assoc *a, size_t mtu_max, uint64_t now_us);

/* Ends in order once everything queued was acknowledged. For tests. */
void sctp_assoc_shutdown(struct sctp_assoc *a, uint64_t now_us);

/* Ends now: what was said last goes, as far as it may and fits two packets, for
 * it often says why; then one ABORT, and on_closed(). Nothing when done
 * already, and from within a handler the ABORT alone. */
void sctp_assoc_abort(struct sctp_assoc *a, uint64_t now_us);

bool sctp_assoc_is_connected(const struct sctp_assoc *a);
/* Some of what was sent has been acknowledged. */
bool sctp_assoc_is_heard(const struct sctp_assoc *a);
void sctp_assoc_stats(const struct sctp_assoc *a, struct sctp_stats *out);

#endif
