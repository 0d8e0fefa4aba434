/*
 * Receiving: fragments in, whole messages out, per stream in order or, when
 * they say so, as they complete. Messages of one stream never wait for
 * another's.
 *
 * While the owner does not read, whole messages are held here; everything
 * held is counted in `held` and bounded by the limit of reasm_add().
 */
#ifndef SCTP_REASM_H
#define SCTP_REASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/span.h"
#include "sctp/chunk.h"
#include "sctp/sctp.h"

struct in_stream;

struct reasm_handlers {
    void (*on_message)(void *arg, const struct sctp_message_info *info, struct span message);
    void (*on_reset)(void *arg, uint16_t stream);
};

struct reasm {
    struct in_stream ***pages; /* of streams by id, made at the first use */
    size_t streams;
    bool interleaved;
    bool reading;
    size_t max_message;
    size_t max_held;
    size_t held;
    size_t fixed;      /* memory of the streams themselves; not flow-controlled */
    struct list ready; /* of what waits for the owner to read */
    struct reasm_handlers handlers;
    void *arg;
};

/* max_held ends what even parts of messages in their turn may take. */
void reasm_init(struct reasm *r, size_t max_message, size_t max_held,
                const struct reasm_handlers *handlers, void *arg);
void reasm_deinit(struct reasm *r);

/* How many streams the peer may use; once, before the first chunk. */
void reasm_set_streams(struct reasm *r, size_t streams);

/* Takes a chunk whose TSN is new and whose stream exists; limit bounds r->held.
 *   0, or
 *   -ENOBUFS   no room now: as if the packet had been lost
 *   -EMSGSIZE  the message grows past max_message, or all parts past max_held */
int reasm_add(struct reasm *r, uint64_t tsn, const struct chunk_data *d, size_t limit);

/* The peer gave up: ordered or unordered messages of a stream up to this one
 * (FORWARD TSN, I-FORWARD TSN) will not come. */
void reasm_skip(struct reasm *r, uint16_t stream, bool unordered, uint32_t mid);

/* Fragments of unordered DATA up to this TSN will not be completed. */
void reasm_forward(struct reasm *r, uint64_t cum);

/* The peer's side of the stream starts anew; told in turn with messages. */
void reasm_reset(struct reasm *r, uint16_t stream);

/* Delivers what waited until it is all gone or reading is off again. */
void reasm_set_reading(struct reasm *r, bool reading);

#endif
