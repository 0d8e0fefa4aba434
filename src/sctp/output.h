/*
 * Packets on their way out: chunks are written in place into the owner's
 * arena, and packets handed over together. Replies wait in a queue until then.
 */
#ifndef SCTP_OUTPUT_H
#define SCTP_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "sctp/chunk.h"
#include "sctp/sctp.h"

enum {
    MAX_BURST = 64,        /* packets handed over at once */
    MAX_REPLIES = 8 << 10, /* bytes of replies queued in one batch: a flood of
                              HEARTBEATs is answered up to here */
    LEAST_FRAGMENT = 256   /* what is not made smaller only to fill up a packet */
};

struct output {
    const struct sctp_arena *arena;
    void (*on_packets)(void *arg, const struct sctp_packet *packets, size_t count);
    void *arg;
    uint16_t local_port;
    uint16_t remote_port;
    uint32_t tag; /* the peer's; 0: not known yet */
    bool zero_checksum;
    bool gathers;
    size_t mtu;
    uint64_t sent; /* packets */
    struct buf replies;

    struct sctp_packet packets[MAX_BURST];
    size_t count;
    size_t used;      /* of the arena */
    uint8_t *packet;  /* being written, or NULL */
    size_t len;       /* of it, without the body */
    struct span body; /* which ends it, or nothing */
    bool may_fragment;
    bool needs_checksum; /* although zero checksums are agreed on */
};

/* Takes arena, ports and first mtu of the config, and on_packets. */
void output_init(struct output *o, const struct sctp_assoc_config *config,
                 const struct sctp_assoc_handlers *handlers, void *arg);
void output_deinit(struct output *o);

/* Room for a chunk of len bytes in the packet being written, or in a new one
 * when it does not fit. Padding is zeroed. A chunk too large for the mtu is
 * alone in a packet that may be fragmented. */
uint8_t *output_chunk(struct output *o, size_t len);

/* The same for the header of a chunk whose payload is known: that is in its
 * place behind it, as a copy, or as a reference until output_send() where it
 * fills up its packet. */
uint8_t *output_chunk_with(struct output *o, size_t header_len, struct span payload);

/* Bytes of the packet being written; of an empty one when there is none. */
static inline size_t output_len(const struct output *o)
{
    return o->packet ? o->len + o->body.len : SCTP_HEADER_LEN;
}

/* Bytes left in the packet being written; of a new one when there is none. */
size_t output_room(const struct output *o);

/* The packet ends here; `tag` other than the peer's for one that stands
 * alone. */
void output_close(struct output *o);
void output_close_as(struct output *o, uint32_t tag);

/* A packet of its own and of this size, whatever the mtu: the chunk, and a PAD
 * (RFC 4820) for the rest, which is at least 4. */
void output_padded(struct output *o, struct span chunk, size_t size);

/* Hands over all that is closed. */
void output_send(struct output *o);

/* Queues a copy of a reply: 0 or -ENOBUFS. `alone`: in a packet of its own,
 * under this tag. */
int output_queue(struct output *o, struct span chunk);
int output_queue_alone(struct output *o, struct span chunk, uint32_t tag);
void output_write_queued(struct output *o);

#endif
