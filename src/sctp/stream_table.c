/*
 * A page is as long as a cache of pointers may cost for one stream; empty ones
 * are skipped as a whole.
 */
#include "sctp/stream_table.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

static size_t page_count(const struct stream_table *t)
{
    return (t->count + STREAM_PAGE - 1) / STREAM_PAGE;
}

void stream_table_init(struct stream_table *t, size_t count)
{
    *t = (struct stream_table){.count = count};
    t->pages = xcalloc(page_count(t), sizeof *t->pages);
}

void stream_table_deinit(struct stream_table *t)
{
    for (size_t p = 0; p < page_count(t); p++) {
        for (size_t i = 0; t->pages[p] && i < STREAM_PAGE; i++)
            free(t->pages[p][i]);
        free(t->pages[p]);
    }
    free(t->pages);
    *t = (struct stream_table){0};
}

void **stream_table_slot(struct stream_table *t, size_t id)
{
    assert(id < t->count);
    void ***page = &t->pages[id / STREAM_PAGE];
    if (!*page) {
        *page = xcalloc(STREAM_PAGE, sizeof **page);
        t->memory += STREAM_PAGE * sizeof **page;
    }
    return &(*page)[id % STREAM_PAGE];
}

void *stream_table_next(const struct stream_table *t, size_t *id)
{
    while (*id < t->count) {
        if (!t->pages[*id / STREAM_PAGE]) {
            *id = (*id / STREAM_PAGE + 1) * STREAM_PAGE;
            continue;
        }
        void *stream = stream_table_find(t, (*id)++);
        if (stream)
            return stream;
    }
    return NULL;
}
