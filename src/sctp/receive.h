/*
 * Data received: which TSNs came, the messages they make, and what the peer is
 * told about it. The owner asks after each packet and each batch what is due.
 */
#ifndef SCTP_RECEIVE_H
#define SCTP_RECEIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/clock.h"
#include "sctp/chunk.h"
#include "sctp/output.h"
#include "sctp/reasm.h"
#include "sctp/tsnmap.h"

enum {
    MAX_DUPLICATES = 16, /* TSNs told in one SACK */
    MAX_GAPS = 320,      /* blocks told in one SACK */
    MAX_PARTS = 16,      /* largest messages begun and not complete, that are
                            held above the window; then the peer violates */
};

/* How long an acknowledgement waits for company. */
#define SACK_DELAY_US (20 * US_PER_MS)

/* On a path that loses packets the last one is said twice, since it may get
 * lost as well: a peer without tail loss probes would wait for its timeout, a
 * second in most stacks. After so much quiet, for so long after a loss. */
#define SACK_REPEAT_US (100 * US_PER_MS)
#define LOSSY_US       (10 * US_PER_S)

struct receive {
    struct tsnmap map;
    struct reasm reasm;
    uint32_t duplicates[MAX_DUPLICATES];
    size_t duplicate_count;
    unsigned packets_unacked; /* with new data, since the last SACK */
    bool saw_data;            /* in the packet being fed */
    bool sack_now;
    uint64_t lossy_until_us;   /* a hole or a duplicate was seen not long ago */
    size_t window;             /* what we may hold; grows */
    struct budget_share extra; /* what it has grown by */
    size_t advertised;         /* in the last SACK */
    uint64_t epoch_us;         /* of the measurement that grows it */
    size_t epoch_bytes;
    size_t unasked_bytes; /* since the round trip was last asked for */
};

/* Takes window and limits of the config; the handlers get what is complete. */
void receive_init(struct receive *in, const struct sctp_assoc_config *config,
                  const struct inbox_handlers *handlers, void *arg);
void receive_deinit(struct receive *in);

/* Gives memory back while nothing is missing. */
void receive_trim(struct receive *in);

size_t receive_memory(const struct receive *in);

/* The association is up: everything up to cum has come, and this many streams
 * may be used. */
void receive_start(struct receive *in, uint64_t cum, size_t streams, bool interleaved,
                   uint64_t now_us);

enum receive_verdict {
    RECEIVE_TAKEN,
    RECEIVE_NO_STREAM, /* taken in and dropped: the stream does not exist */
    RECEIVE_IGNORED,   /* a duplicate, or no room: a SACK tells */
    RECEIVE_EMPTY,     /* no user data: a violation with a cause of its own */
    RECEIVE_VIOLATES,  /* what no peer that keeps to the protocol sends */
};

/* One chunk of DATA or I-DATA. Messages are handed out from
 * in here. */
enum receive_verdict receive_data(struct receive *in, const struct chunk_data *d);

/* New data of so many bytes: grows the window where it is what holds the peer
 * back. rtt_us is the round trip, quiet_us for how long nothing of ours could
 * have measured it. True when it should be asked for. */
bool receive_measure(struct receive *in, size_t bytes, uint64_t rtt_us, uint64_t quiet_us,
                     uint64_t now_us);

/* FORWARD-TSN or I-FORWARD-TSN: RECEIVE_TAKEN or RECEIVE_VIOLATES. */
enum receive_verdict receive_forward(struct receive *in, const struct chunk *c);

/* A packet is over. False when it brought no data; packets_unacked says how
 * many have since the last SACK. */
bool receive_packet_end(struct receive *in, uint64_t now_us);

/* Whether a window's worth waits for an owner that does not read. */
bool receive_is_full(const struct receive *in);

/* Whether a SACK is wanted now and not only to ride along or after a while. */
bool receive_wants_sack(const struct receive *in);

/* The delay is over. */
void receive_want_sack(struct receive *in);

/* The application has read: true when the peer should hear of the room. */
bool receive_window_opened(struct receive *in);

/* True when it should be said once more, unless other data comes first. */
bool receive_write_sack(struct receive *in, struct output *out, uint64_t now_us);

#endif
