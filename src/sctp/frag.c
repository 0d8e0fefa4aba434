/*
 * A node's height is drawn with a quarter of the chance for each further
 * level; seven levels serve 16,000 nodes, which is more than the receive
 * window lets in. Behind a loss most arrivals belong at the end, and once that
 * is mended all leave at the front: neither needs a search.
 */
#include "sctp/frag.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

size_t frag_cost(size_t len)
{
    return sizeof(struct frag) + 2 * sizeof(struct frag *) + len;
}

static uint8_t draw_levels(struct frag_set *set)
{
    uint32_t x = set->random ? set->random : UINT32_C(0x9E3779B9);
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    set->random = x;
    uint8_t levels = 1;
    while (levels < FRAG_LEVELS && (x & 3) == 0) {
        levels++;
        x >>= 2;
    }
    return levels;
}

struct frag *frag_new(struct frag_set *set, uint64_t major, uint32_t minor,
                      const struct chunk_data *d)
{
    uint8_t levels = draw_levels(set);
    struct frag *f = xmalloc(sizeof *f + levels * sizeof(struct frag *) + d->payload.len);
    *f = (struct frag){
        .major = major,
        .minor = minor,
        .mid = d->mid,
        .ppid = d->ppid,
        .len = (uint32_t)d->payload.len,
        .flags = d->flags,
        .levels = levels,
    };
    memcpy(frag_payload(f), d->payload.data, d->payload.len);
    return f;
}

uint8_t *frag_payload(struct frag *f)
{
    return (uint8_t *)&f->next[f->levels];
}

static int compare(const struct frag *f, uint64_t major, uint32_t minor)
{
    if (f->major != major)
        return f->major < major ? -1 : 1;
    if (f->minor != minor)
        return f->minor < minor ? -1 : 1;
    return 0;
}

/* Per level the last node before the place, or NULL where there is none.
 * Returns the first node at or after the place. */
static struct frag *seek(const struct frag_set *set, uint64_t major, uint32_t minor,
                         struct frag *before[FRAG_LEVELS])
{
    memset(before, 0, FRAG_LEVELS * sizeof before[0]);
    if (!set->first[0] || compare(set->first[0], major, minor) >= 0)
        return set->first[0];
    if (compare(set->last[0], major, minor) < 0) {
        memcpy(before, set->last, sizeof set->last);
        return NULL;
    }
    struct frag *const *links = set->first;
    struct frag *node = NULL;
    for (int level = FRAG_LEVELS - 1; level >= 0; level--) {
        while (links[level] && compare(links[level], major, minor) < 0) {
            node = links[level];
            links = node->next;
        }
        before[level] = node;
    }
    return links[0];
}

/* The link behind a node, or the set's own for NULL. */
static struct frag **link_of(struct frag_set *set, struct frag *node, int level)
{
    return node ? &node->next[level] : &set->first[level];
}

bool frag_set_insert(struct frag_set *set, struct frag *f)
{
    struct frag *before[FRAG_LEVELS];
    struct frag *after = seek(set, f->major, f->minor, before);
    if (after && compare(after, f->major, f->minor) == 0)
        return false;
    f->prev = before[0];
    if (after)
        after->prev = f;
    for (int level = 0; level < f->levels; level++) {
        struct frag **link = link_of(set, before[level], level);
        f->next[level] = *link;
        *link = f;
        if (!f->next[level])
            set->last[level] = f;
    }
    return true;
}

struct frag *frag_set_find(const struct frag_set *set, uint64_t major, uint32_t minor)
{
    struct frag *before[FRAG_LEVELS];
    struct frag *f = seek(set, major, minor, before);
    return f && compare(f, major, minor) == 0 ? f : NULL;
}

size_t frag_set_remove(struct frag_set *set, struct frag *f)
{
    struct frag *before[FRAG_LEVELS];
    seek(set, f->major, f->minor, before);
    if (f->next[0])
        f->next[0]->prev = f->prev;
    for (int level = 0; level < f->levels; level++) {
        *link_of(set, before[level], level) = f->next[level];
        if (!f->next[level])
            set->last[level] = before[level];
    }
    size_t cost = frag_cost(f->len);
    free(f);
    return cost;
}

size_t frag_set_clear(struct frag_set *set)
{
    size_t cost = 0;
    for (struct frag *f = set->first[0]; f;) {
        struct frag *next = f->next[0];
        cost += frag_cost(f->len);
        free(f);
        f = next;
    }
    memset(set->first, 0, sizeof set->first);
    memset(set->last, 0, sizeof set->last);
    return cost;
}
