/*
 * A node's height is drawn with a quarter of the chance for each further
 * level; seven levels serve 16,000 nodes, which is more than the receive
 * window lets in. Arrivals mostly belong at the end, which is tried first.
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
    struct frag *f = xcalloc(1, sizeof *f + levels * sizeof(struct frag *) + d->payload.len);
    f->major = major;
    f->minor = minor;
    f->mid = d->mid;
    f->ppid = d->ppid;
    f->len = (uint32_t)d->payload.len;
    f->flags = d->flags;
    f->levels = levels;
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

/* Per level the link that leads to the first node at or after the place.
 * Returns that node. */
static struct frag *seek(const struct frag_set *set, uint64_t major, uint32_t minor,
                         struct frag **before[FRAG_LEVELS])
{
    struct frag *const *links = set->first;
    for (int level = FRAG_LEVELS - 1; level >= 0; level--) {
        while (links[level] && compare(links[level], major, minor) < 0)
            links = links[level]->next;
        before[level] = (struct frag **)&links[level];
    }
    return links[0];
}

bool frag_set_insert(struct frag_set *set, struct frag *f)
{
    struct frag **before[FRAG_LEVELS];
    struct frag *after = seek(set, f->major, f->minor, before);
    if (after && compare(after, f->major, f->minor) == 0)
        return false;
    f->prev = after ? after->prev : set->last;
    if (after)
        after->prev = f;
    else
        set->last = f;
    for (int level = 0; level < f->levels; level++) {
        f->next[level] = *before[level];
        *before[level] = f;
    }
    return true;
}

struct frag *frag_set_find(const struct frag_set *set, uint64_t major, uint32_t minor)
{
    struct frag **before[FRAG_LEVELS];
    if (!set->last || compare(set->last, major, minor) < 0)
        return NULL;
    struct frag *f = seek(set, major, minor, before);
    return f && compare(f, major, minor) == 0 ? f : NULL;
}

size_t frag_set_remove(struct frag_set *set, struct frag *f)
{
    struct frag **before[FRAG_LEVELS];
    seek(set, f->major, f->minor, before);
    if (f->next[0])
        f->next[0]->prev = f->prev;
    else
        set->last = f->prev;
    for (int level = 0; level < f->levels; level++)
        *before[level] = f->next[level];
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
    set->last = NULL;
    return cost;
}
