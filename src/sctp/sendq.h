/*
 * What is to be sent: messages per stream, and which stream is next. Bytes
 * get their TSN only when they leave for the wire; until then they wait here.
 */
#ifndef SCTP_SENDQ_H
#define SCTP_SENDQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/span.h"
#include "sctp/sctp.h"
#include "sctp/stream_table.h"

/* One message from send() until its last byte is acknowledged. Fragments in
 * flight point into it, so nothing is copied for a retransmission. */
struct sctp_message {
    struct list link; /* in its stream's queue */
    uint64_t expires_us;
    uint32_t ppid;
    uint32_t mid; /* given with the first fragment; DATA sends 16 bits of it */
    uint32_t len;
    uint32_t sent; /* bytes that have a TSN */
    uint32_t next_fsn;
    uint32_t refs; /* chunks in flight, and one while queued */
    uint16_t stream;
    uint16_t max_retransmits;
    bool unordered;
    bool limit_retransmits;
    bool is_abandoned;
    uint8_t data[];
};

struct out_stream;

struct sendq {
    struct stream_table streams;
    bool interleaved;
    struct list fresh;          /* streams that just became busy go first, once */
    struct list busy;           /* the others take turns */
    struct out_stream *current; /* DATA: its message must be finished first */
    size_t quantum;
    size_t queued;  /* bytes without a TSN */
    size_t charged; /* the same with the cost of holding each message */
    size_t memory;  /* of streams in the table, and messages, also those in flight */
};

void sendq_init(struct sendq *q, size_t streams);
void sendq_deinit(struct sendq *q);

/* The peer accepts fewer streams: what is queued on others is dropped. */
void sendq_limit_streams(struct sendq *q, size_t streams);

/* Queues a copy. */
void sendq_add(struct sendq *q, const struct sctp_outgoing *m, uint64_t now_us);

/* The message whose next fragment is to go next, or NULL. */
struct sctp_message *sendq_peek(struct sendq *q);

/* Whether what peek returned is of a stream that just became busy, or is to be
 * finished before one. */
bool sendq_has_fresh(const struct sendq *q);

/* The next len bytes of the message that peek returned get a TSN: its id is
 * assigned, its place in the turns moves on, and the chunk holds a
 * reference. */
void sendq_take(struct sendq *q, struct sctp_message *m, size_t len);

/* The unsent rest is dropped. */
void sendq_abandon(struct sendq *q, struct sctp_message *m);

/* Drops a reference. */
void sendq_release(struct sendq *q, struct sctp_message *m);

/* How many of a stream's messages under that PPID have no byte with a TSN: the
 * last of them. */
size_t sendq_stream_unsent(const struct sendq *q, uint16_t stream, uint32_t ppid);

bool sendq_stream_is_empty(const struct sendq *q, uint16_t stream);
void sendq_set_priority(struct sendq *q, uint16_t stream, uint16_t priority);

/* After a reset: the stream counts from zero again. */
void sendq_restart_stream(struct sendq *q, uint16_t stream);

/* All that is held, for those who count. */
size_t sendq_memory(const struct sendq *q);

/* How much is taken in beyond what is in flight, at a pacing rate in bytes a
 * second: little, so that the owner's own scheduling decides late. */
size_t sendq_limit(uint64_t rate);

#endif
