/*
 * Pointers by stream id, in pages that are made at the first use: tens of
 * thousands of streams may be agreed on, and few are used.
 */
#ifndef SCTP_STREAM_TABLE_H
#define SCTP_STREAM_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum { STREAM_PAGE = 64 };

struct stream_table {
    void ***pages;
    size_t count;  /* of streams */
    size_t memory; /* of pages */
};

void stream_table_init(struct stream_table *t, size_t count);

/* Frees the pages and what they point to. */
void stream_table_deinit(struct stream_table *t);

/* What is there, or NULL. */
static inline void *stream_table_find(const struct stream_table *t, size_t id)
{
    if (id >= t->count || !t->pages[id / STREAM_PAGE])
        return NULL;
    return t->pages[id / STREAM_PAGE][id % STREAM_PAGE];
}

/* Its place, to be filled: id is below count. */
void **stream_table_slot(struct stream_table *t, size_t id);

/* The first that is there at or after *id, which moves behind it; or NULL. */
void *stream_table_next(const struct stream_table *t, size_t *id);

#endif
