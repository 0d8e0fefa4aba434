/*
 * A message of a single fragment in its turn is handed out of the packet
 * itself, uncopied: that is what almost every packet of a clean path takes.
 * Others grow in one buffer, which becomes the span that is handed out. What
 * does not fit its first room gets as much as the message before had: most are
 * as long as that.
 */
#include "sctp/assembly.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { FIRST_BUF = 4096 };

void assembly_drop_active(struct assembly_pool *pool, struct assembly *q)
{
    pool->held -= q->cap;
    free(q->buf);
    q->buf = NULL;
    q->len = 0;
    q->cap = 0;
    q->is_active = false;
}

void assembly_clear(struct assembly_pool *pool, struct assembly *q)
{
    assembly_drop_active(pool, q);
    pool->held -= frag_set_clear(&q->ahead);
}

bool assembly_is_next(const struct assembly *q, uint64_t major, uint32_t minor, uint8_t flags)
{
    return q->is_active && major == q->next_major && minor == q->next_minor &&
           !(flags & DATA_BEGIN);
}

static int append(struct assembly_pool *pool, struct assembly *q, struct span payload)
{
    if (payload.len > pool->max_message - q->len)
        return -EMSGSIZE;
    if (q->len + payload.len > q->cap) {
        size_t cap = q->cap < FIRST_BUF ? FIRST_BUF : q->cap;
        if (q->cap > 0 && cap < pool->usual)
            cap = pool->usual;
        while (cap < q->len + payload.len)
            cap *= 2;
        q->buf = xreallocarray(q->buf, cap, 1);
        pool->held += cap - q->cap;
        q->cap = cap;
    }
    memcpy(q->buf + q->len, payload.data, payload.len);
    q->len += payload.len;
    return 0;
}

/* The buffer becomes the caller's; the queue is free for the next message, as
 * handlers may come back to this stream. */
static int detach(struct assembly_pool *pool, struct assembly *q, struct assembly_whole *whole)
{
    *whole = (struct assembly_whole){.bytes = {q->buf, q->len}, .ppid = q->ppid, .owned = q->buf};
    pool->usual = q->len;
    q->buf = NULL;
    assembly_drop_active(pool, q);
    return 1;
}

int assembly_take(struct assembly_pool *pool, struct assembly *q, const struct chunk_data *d,
                  uint64_t major, uint32_t minor, struct assembly_whole *whole)
{
    bool is_last = (d->flags & DATA_END) != 0;
    if (!q->is_active && is_last) {
        *whole = (struct assembly_whole){.bytes = d->payload, .ppid = d->ppid};
        return d->payload.len <= pool->max_message ? 1 : -EMSGSIZE;
    }
    if (!q->is_active)
        q->ppid = d->ppid;
    int error = append(pool, q, d->payload);
    if (error < 0)
        return error;
    q->is_active = true;
    q->next_major = pool->interleaved ? major : major + 1;
    q->next_minor = pool->interleaved ? minor + 1 : 0;
    return is_last ? detach(pool, q, whole) : 0;
}

struct frag *assembly_hold(struct assembly_pool *pool, struct assembly *q,
                           const struct chunk_data *d, uint64_t major, uint32_t minor)
{
    struct frag *f = frag_new(&q->ahead, major, minor, d);
    if (!frag_set_insert(&q->ahead, f)) {
        free(f);
        return NULL;
    }
    pool->held += frag_cost(f->len);
    return f;
}

void assembly_remove(struct assembly_pool *pool, struct assembly *q, struct frag *f)
{
    pool->held -= frag_set_remove(&q->ahead, f);
}

/* Whether b continues the message of a. */
static bool is_adjacent(const struct assembly_pool *pool, const struct frag *a,
                        const struct frag *b)
{
    if ((a->flags & DATA_END) || (b->flags & DATA_BEGIN))
        return false;
    if (pool->interleaved)
        return a->major == b->major && b->minor - a->minor == 1;
    return b->major - a->major == 1;
}

/* The first fragment of the message that f completed, or NULL. Looks both
 * ways in turn and stops at the first hole, so that joining two runs costs no
 * more than the shorter one. */
static struct frag *find_complete(const struct assembly_pool *pool, struct frag *f)
{
    struct frag *begin = f;
    struct frag *end = f;
    while (!(begin->flags & DATA_BEGIN) || !(end->flags & DATA_END)) {
        if (!(begin->flags & DATA_BEGIN)) {
            if (!begin->prev || !is_adjacent(pool, begin->prev, begin))
                return NULL;
            begin = begin->prev;
        }
        if (!(end->flags & DATA_END)) {
            if (!end->next[0] || !is_adjacent(pool, end, end->next[0]))
                return NULL;
            end = end->next[0];
        }
    }
    return begin;
}

int assembly_join(struct assembly_pool *pool, struct assembly *q, struct frag *f,
                  struct assembly_whole *whole)
{
    f = find_complete(pool, f);
    if (!f)
        return 0;
    struct assembly run = {.ppid = f->ppid};
    for (bool more = true; more;) {
        struct frag *next = f->next[0];
        more = !(f->flags & DATA_END);
        int error = append(pool, &run, span_of(frag_payload(f), f->len));
        assembly_remove(pool, q, f);
        if (error < 0) {
            assembly_drop_active(pool, &run);
            return error;
        }
        f = next;
    }
    return detach(pool, &run, whole);
}

/* Drops the runs that begin at or before cum, but for one that has its
 * beginning and reaches cum: what is still missing of it may yet come. */
static void forward_ahead(struct assembly_pool *pool, struct assembly *q, uint64_t cum)
{
    for (struct frag *f = q->ahead.first[0]; f && f->major <= cum;) {
        struct frag *end = f;
        while (end->next[0] && is_adjacent(pool, end, end->next[0]))
            end = end->next[0];
        struct frag *after = end->next[0];
        bool keep = (f->flags & DATA_BEGIN) && end->major >= cum;
        while (!keep && f != after) {
            struct frag *next = f->next[0];
            assembly_remove(pool, q, f);
            f = next;
        }
        f = after;
    }
}

void assembly_forward(struct assembly_pool *pool, struct assembly *q, uint64_t cum)
{
    if (q->is_active && q->next_major <= cum)
        assembly_drop_active(pool, q);
    forward_ahead(pool, q, cum);
}
