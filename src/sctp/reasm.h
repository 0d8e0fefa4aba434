/*
 * Receiving: fragments in, whole messages out, per stream in order or, when
 * they say so, as they complete. Messages of one stream never wait for
 * another's.
 *
 * While the owner does not read, whole messages are held here; everything
 * held is counted, and bounded by the limit of reasm_add().
 */
#ifndef SCTP_REASM_H
#define SCTP_REASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sctp/assembly.h"
#include "sctp/chunk.h"
#include "sctp/inbox.h"
#include "sctp/stream_table.h"

struct reasm {
    struct stream_table streams;
    size_t fixed; /* memory of the streams themselves; not flow-controlled */
    size_t max_held;
    struct assembly_pool pool;
    struct inbox inbox;
};

/* max_held ends what even parts of messages in their turn may take. */
void reasm_init(struct reasm *r, size_t max_message, size_t max_held,
                const struct inbox_handlers *handlers, void *arg);
void reasm_deinit(struct reasm *r);

/* How many streams the peer may use, and whether by I-DATA; once, before the
 * first chunk. */
void reasm_start(struct reasm *r, size_t streams, bool interleaved);

/* What counts against the receive window. */
static inline size_t reasm_held(const struct reasm *r)
{
    return r->pool.held + r->inbox.held;
}

/* All of it, with the streams. */
size_t reasm_memory(const struct reasm *r);

/* Takes a chunk whose TSN is new and whose stream exists; limit bounds what is
 * held.
 *   0, or
 *   -ENOBUFS   no room now: as if the packet had been lost
 *   -EMSGSIZE  the message grows past max_message, or all past max_held */
int reasm_add(struct reasm *r, uint64_t tsn, const struct chunk_data *d, size_t limit);

/* The peer gave up: ordered or unordered messages of a stream up to this one
 * (FORWARD TSN, I-FORWARD TSN) will not come. */
void reasm_skip(struct reasm *r, uint16_t stream, bool unordered, uint32_t mid);

/* Fragments of unordered DATA up to this TSN will not be completed. */
void reasm_forward(struct reasm *r, uint64_t cum);

/* The peer's side of the stream starts anew; told in turn with messages. */
void reasm_reset(struct reasm *r, uint16_t stream);

#endif
