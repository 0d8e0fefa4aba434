/*
 * Fragments that arrived ahead of their turn, kept sorted in a skip list, so
 * that no order of arrival that a peer can choose makes insertion slow.
 */
#ifndef SCTP_FRAG_H
#define SCTP_FRAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sctp/chunk.h"

enum { FRAG_LEVELS = 7 };

struct frag {
    uint64_t major; /* I-DATA: message id; DATA: TSN; both 64 bits wide */
    uint32_t minor; /* I-DATA: fragment number; DATA: 0 */
    uint32_t mid;   /* as it came on the wire */
    uint32_t ppid;
    uint32_t len;
    uint8_t flags;
    uint8_t levels;
    struct frag *prev;
    struct frag *next[]; /* by level; the payload follows the last */
};

struct frag_set {
    struct frag *first[FRAG_LEVELS]; /* by level */
    struct frag *last[FRAG_LEVELS];
    uint32_t random;
};

/* What a fragment of this payload counts against the receive window: its
 * memory, so that a flood of tiny ones is charged for what it costs. */
size_t frag_cost(size_t len);

/* A copy, in no set yet; free() it when it never gets into one. */
struct frag *frag_new(struct frag_set *set, uint64_t major, uint32_t minor,
                      const struct chunk_data *d);
uint8_t *frag_payload(struct frag *f);

/* False when the place is taken. */
bool frag_set_insert(struct frag_set *set, struct frag *f);
struct frag *frag_set_find(const struct frag_set *set, uint64_t major, uint32_t minor);

/* Out of the set and freed; returns what it had cost. */
size_t frag_set_remove(struct frag_set *set, struct frag *f);
size_t frag_set_clear(struct frag_set *set);

#endif
