/*
 * Fragments into messages, for one stream's ordered or unordered ones: one
 * message under assembly, in a buffer that grows, and the fragments that are
 * ahead of it. Where a message begins and what it is called is the caller's.
 *
 * A fragment's place is (major, minor): with I-DATA message id and fragment
 * number; with DATA, whose fragments have consecutive TSNs, TSN and 0.
 */
#ifndef SCTP_ASSEMBLY_H
#define SCTP_ASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "sctp/chunk.h"
#include "sctp/frag.h"

/* What all assemblies of an association share. */
struct assembly_pool {
    bool interleaved;
    size_t max_message;
    size_t held;  /* memory of buffers and fragments */
    size_t usual; /* the length of the last message of several fragments */
};

struct assembly {
    struct frag_set ahead;
    uint8_t *buf;
    size_t len;
    size_t cap;
    uint32_t ppid;
    bool is_active;      /* buf holds the start of a message */
    uint64_t next_major; /* where that goes on */
    uint32_t next_minor;
};

/* A message that is complete. The caller frees `owned` when it is done with
 * the bytes; NULL when they are the chunk's own. */
struct assembly_whole {
    struct span bytes;
    uint32_t ppid;
    uint8_t *owned;
};

/* Drops all, or only the message under assembly. */
void assembly_clear(struct assembly_pool *pool, struct assembly *q);
void assembly_drop_active(struct assembly_pool *pool, struct assembly *q);

/* Whether a fragment goes on where the message under assembly ends. */
bool assembly_is_next(const struct assembly *q, uint64_t major, uint32_t minor, uint8_t flags);

/* Takes the fragment that is next, or begins a message. 1: *whole is complete;
 * 0: not yet; -EMSGSIZE: it grows past max_message. */
int assembly_take(struct assembly_pool *pool, struct assembly *q, const struct chunk_data *d,
                  uint64_t major, uint32_t minor, struct assembly_whole *whole);

/* Keeps a copy of a fragment ahead of its turn. NULL when its place is taken:
 * a peer's error, and ignored. */
struct frag *assembly_hold(struct assembly_pool *pool, struct assembly *q,
                           const struct chunk_data *d, uint64_t major, uint32_t minor);

/* Joins the message that this fragment completed among those held, where any
 * may be complete that has all its parts. As assembly_take(). */
int assembly_join(struct assembly_pool *pool, struct assembly *q, struct frag *f,
                  struct assembly_whole *whole);

/* Forgets a fragment that is held. */
void assembly_remove(struct assembly_pool *pool, struct assembly *q, struct frag *f);

/* DATA: the peer gave up what begins at or before this TSN. */
void assembly_forward(struct assembly_pool *pool, struct assembly *q, uint64_t cum);

#endif
