/*
 * Each stream has two assemblies, of ordered and of unordered messages. What
 * is next in one of them goes there; the rest waits in it as fragments.
 *
 * Unordered ids only group fragments; the order of ordered ones must not be
 * lost to a wrap, so they are counted in 64 bits from the next.
 */
#include "sctp/reasm.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { MAX_MIDS_AHEAD = 1 << 15 /* of ordered messages beyond the next */ };

struct in_stream {
    uint16_t id;
    uint64_t next_mid; /* of ordered messages */
    struct assembly ordered;
    struct assembly unordered;
};

void reasm_init(struct reasm *r, size_t max_message, size_t max_held,
                const struct inbox_handlers *handlers, void *arg)
{
    *r = (struct reasm){.max_held = max_held, .pool = {.max_message = max_message}};
    inbox_init(&r->inbox, handlers, arg);
}

void reasm_start(struct reasm *r, size_t streams, bool interleaved)
{
    assert(!r->streams.pages);
    r->pool.interleaved = interleaved;
    stream_table_init(&r->streams, streams);
}

static void clear(struct reasm *r, struct in_stream *s)
{
    assembly_clear(&r->pool, &s->ordered);
    assembly_clear(&r->pool, &s->unordered);
}

void reasm_deinit(struct reasm *r)
{
    struct in_stream *s;
    for (size_t id = 0; (s = stream_table_next(&r->streams, &id)) != NULL;)
        clear(r, s);
    stream_table_deinit(&r->streams);
    inbox_deinit(&r->inbox);
}

size_t reasm_memory(const struct reasm *r)
{
    return reasm_held(r) + r->fixed + r->streams.memory;
}

static struct in_stream *stream_get(struct reasm *r, uint16_t id)
{
    struct in_stream *s = stream_table_find(&r->streams, id);
    if (!s) {
        s = xcalloc(1, sizeof *s);
        s->id = id;
        *stream_table_slot(&r->streams, id) = s;
        r->fixed += sizeof *s;
    }
    return s;
}

static void hand_out(struct reasm *r, const struct in_stream *s, bool unordered,
                     const struct assembly_whole *whole)
{
    struct sctp_message_info info = {
        .stream = s->id,
        .unordered = unordered,
        .ppid = whole->ppid,
    };
    inbox_put_message(&r->inbox, &info, whole->bytes);
    free(whole->owned);
}

static int take(struct reasm *r, struct in_stream *s, struct assembly *q,
                const struct chunk_data *d, uint64_t major, uint32_t minor)
{
    struct assembly_whole whole;
    int got = assembly_take(&r->pool, q, d, major, minor, &whole);
    if (got <= 0)
        return got;
    if (q == &s->ordered)
        s->next_mid++;
    hand_out(r, s, q == &s->unordered, &whole);
    return 0;
}

static bool is_next(const struct reasm *r, const struct in_stream *s, const struct assembly *q,
                    uint64_t major, uint32_t minor, const struct chunk_data *d)
{
    if (q->is_active)
        return assembly_is_next(q, major, minor, d->flags);
    if (!(d->flags & DATA_BEGIN))
        return false;
    if (q == &s->unordered)
        return true;
    return r->pool.interleaved ? major == s->next_mid : (uint16_t)d->mid == (uint16_t)s->next_mid;
}

static struct chunk_data frag_as_chunk(struct frag *f)
{
    return (struct chunk_data){.flags = f->flags,
                               .mid = f->mid,
                               .ppid = f->ppid,
                               .payload = {frag_payload(f), f->len}};
}

/* The fragment that could be next, or NULL. */
static struct frag *candidate(const struct in_stream *s, const struct assembly *q)
{
    if (q->is_active)
        return frag_set_find(&q->ahead, q->next_major, q->next_minor);
    return q == &s->ordered ? q->ahead.first[0] : NULL;
}

/* After progress: takes what was waiting for it. */
static int pump(struct reasm *r, struct in_stream *s, struct assembly *q)
{
    struct frag *f;
    while ((f = candidate(s, q)) != NULL) {
        struct chunk_data d = frag_as_chunk(f);
        if (!is_next(r, s, q, f->major, f->minor, &d))
            return 0;
        int error = take(r, s, q, &d, f->major, f->minor);
        assembly_remove(&r->pool, q, f);
        if (error < 0)
            return error;
    }
    return 0;
}

static int hold(struct reasm *r, struct in_stream *s, struct assembly *q,
                const struct chunk_data *d, uint64_t major, uint32_t minor)
{
    struct frag *f = assembly_hold(&r->pool, q, d, major, minor);
    if (!f || q == &s->ordered)
        return 0;
    struct assembly_whole whole;
    int got = assembly_join(&r->pool, q, f, &whole);
    if (got > 0)
        hand_out(r, s, true, &whole);
    return got < 0 ? got : 0;
}

/* Where a fragment belongs. False: old, or absurd, nothing would ever ask for
 * it. */
static bool find_place(const struct reasm *r, const struct in_stream *s, const struct chunk_data *d,
                       uint64_t tsn, uint64_t *major, uint32_t *minor)
{
    bool unordered = (d->flags & DATA_UNORDERED) != 0;
    *major = tsn;
    *minor = 0;
    if (!r->pool.interleaved)
        return unordered || (int16_t)(uint16_t)(d->mid - s->next_mid) >= 0;
    *minor = d->fsn;
    if (unordered) {
        *major = d->mid;
        return true;
    }
    uint32_t ahead = d->mid - (uint32_t)s->next_mid;
    *major = s->next_mid + ahead;
    return ahead <= MAX_MIDS_AHEAD;
}

int reasm_add(struct reasm *r, uint64_t tsn, const struct chunk_data *d, size_t limit)
{
    struct in_stream *s = stream_get(r, d->stream);
    struct assembly *q = d->flags & DATA_UNORDERED ? &s->unordered : &s->ordered;
    uint64_t major;
    uint32_t minor;
    if (!find_place(r, s, d, tsn, &major, &minor))
        return 0;
    if (reasm_held(r) > r->max_held)
        return -EMSGSIZE;
    if (is_next(r, s, q, major, minor, d)) {
        /* What is next is taken in above the limit, since only that lets
         * messages complete. */
        if (!r->inbox.reading && reasm_held(r) + d->payload.len > limit)
            return -ENOBUFS;
        int error = take(r, s, q, d, major, minor);
        return error < 0 || !q->ahead.first[0] ? error : pump(r, s, q);
    }
    if (reasm_held(r) + frag_cost(d->payload.len) > limit)
        return -ENOBUFS;
    return hold(r, s, q, d, major, minor);
}

static void drop_skipped(struct reasm *r, struct assembly *q, uint32_t mid)
{
    for (struct frag *f = q->ahead.first[0]; f;) {
        struct frag *next = f->next[0];
        bool is_skipped = r->pool.interleaved ? (int32_t)(f->mid - mid) <= 0
                                              : (int16_t)(uint16_t)(f->mid - mid) <= 0;
        if (is_skipped)
            assembly_remove(&r->pool, q, f);
        f = next;
    }
}

void reasm_skip(struct reasm *r, uint16_t stream, bool unordered, uint32_t mid)
{
    if (stream >= r->streams.count)
        return;
    struct in_stream *s = stream_get(r, stream);
    struct assembly *q = unordered ? &s->unordered : &s->ordered;
    if (!unordered) {
        uint64_t ahead = r->pool.interleaved ? (uint32_t)(mid - (uint32_t)s->next_mid)
                                             : (uint16_t)(mid - (uint16_t)s->next_mid);
        if (ahead > MAX_MIDS_AHEAD)
            return; /* already behind us */
        assembly_drop_active(&r->pool, q);
        s->next_mid += ahead + 1;
    } else if (q->is_active && (int32_t)((uint32_t)q->next_major - mid) <= 0) {
        assembly_drop_active(&r->pool, q);
    }
    drop_skipped(r, q, mid);
    (void)pump(r, s, q);
}

void reasm_forward(struct reasm *r, uint64_t cum)
{
    if (r->pool.interleaved)
        return; /* there every message is named */
    struct in_stream *s;
    for (size_t id = 0; (s = stream_table_next(&r->streams, &id)) != NULL;)
        assembly_forward(&r->pool, &s->unordered, cum);
}

void reasm_reset(struct reasm *r, uint16_t stream)
{
    struct in_stream *s = stream_table_find(&r->streams, stream);
    if (s) {
        clear(r, s);
        s->next_mid = 0;
    }
    inbox_put_reset(&r->inbox, stream);
}
