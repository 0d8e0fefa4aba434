/*
 * Each stream has two queues, of ordered and of unordered messages. A queue
 * has one message under assembly, in one growing buffer that becomes the span
 * which is handed out, and a sorted set of fragments that are ahead of it. A
 * message of a single fragment in its turn is handed out of the packet
 * itself, uncopied: that is what almost every packet of a clean path takes.
 *
 * DATA has no fragment numbers: a message's fragments have consecutive TSNs,
 * so there the TSN is the sort key; for I-DATA it is message id and fragment.
 */
#include "sctp/reasm.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sctp/frag.h"

enum {
    FIRST_BUF = 4096,         /* of a message under assembly */
    MAX_MIDS_AHEAD = 1 << 15, /* of ordered messages beyond the next */
    PAGE_STREAMS = 64,
};

struct in_queue {
    struct frag_set ahead;
    uint8_t *buf;
    size_t len;
    size_t cap;
    uint32_t ppid;
    bool is_active;      /* buf holds the start of a message */
    uint64_t next_major; /* where that goes on */
    uint32_t next_minor;
};

struct in_stream {
    uint16_t id;
    uint64_t next_mid; /* of ordered messages */
    struct in_queue ordered;
    struct in_queue unordered;
};

/* A whole message, or a reset (is_reset), that waits for the reader. */
struct ready {
    struct list link;
    struct sctp_message_info info;
    bool is_reset;
    size_t len;
    uint8_t data[];
};

void reasm_init(struct reasm *r, size_t max_message, size_t max_held,
                const struct reasm_handlers *handlers, void *arg)
{
    *r = (struct reasm){.reading = true,
                        .max_message = max_message,
                        .max_held = max_held,
                        .handlers = *handlers,
                        .arg = arg};
    list_init(&r->ready);
}

static void queue_drop_active(struct reasm *r, struct in_queue *q)
{
    r->held -= q->cap;
    free(q->buf);
    q->buf = NULL;
    q->len = 0;
    q->cap = 0;
    q->is_active = false;
}

static void queue_clear(struct reasm *r, struct in_queue *q)
{
    queue_drop_active(r, q);
    r->held -= frag_set_clear(&q->ahead);
}

void reasm_set_streams(struct reasm *r, size_t streams)
{
    assert(!r->pages);
    r->streams = streams;
    r->pages = xcalloc((streams + PAGE_STREAMS - 1) / PAGE_STREAMS, sizeof *r->pages);
}

static struct in_stream *stream_find(const struct reasm *r, uint16_t id)
{
    if (id >= r->streams || !r->pages[id / PAGE_STREAMS])
        return NULL;
    return r->pages[id / PAGE_STREAMS][id % PAGE_STREAMS];
}

static struct in_stream *stream_get(struct reasm *r, uint16_t id)
{
    assert(id < r->streams);
    struct in_stream ***page = &r->pages[id / PAGE_STREAMS];
    if (!*page) {
        *page = xcalloc(PAGE_STREAMS, sizeof **page);
        r->fixed += PAGE_STREAMS * sizeof **page;
    }
    struct in_stream **slot = &(*page)[id % PAGE_STREAMS];
    if (!*slot) {
        *slot = xcalloc(1, sizeof **slot);
        r->fixed += sizeof **slot;
        (*slot)->id = id;
    }
    return *slot;
}

void reasm_deinit(struct reasm *r)
{
    for (size_t p = 0; p * PAGE_STREAMS < r->streams; p++) {
        for (size_t i = 0; r->pages[p] && i < PAGE_STREAMS; i++) {
            struct in_stream *s = r->pages[p][i];
            if (!s)
                continue;
            queue_clear(r, &s->ordered);
            queue_clear(r, &s->unordered);
            free(s);
        }
        free(r->pages[p]);
    }
    free(r->pages);
    LIST_EACH(pos, tmp, &r->ready)
    {
        free(LIST_ENTRY(pos, struct ready, link));
    }
    list_init(&r->ready);
}

static size_t ready_cost(const struct ready *m)
{
    return sizeof *m + m->len;
}

static void ready_append(struct reasm *r, const struct sctp_message_info *info, struct span message,
                         bool is_reset)
{
    struct ready *m = xcalloc(1, sizeof *m + message.len);
    m->info = *info;
    m->is_reset = is_reset;
    m->len = message.len;
    if (message.len > 0)
        memcpy(m->data, message.data, message.len);
    list_append(&r->ready, &m->link);
    r->held += ready_cost(m);
}

static void deliver(struct reasm *r, const struct sctp_message_info *info, struct span message)
{
    if (r->reading && list_is_empty(&r->ready))
        r->handlers.on_message(r->arg, info, message);
    else
        ready_append(r, info, message, false);
}

void reasm_set_reading(struct reasm *r, bool reading)
{
    bool was_reading = r->reading;
    r->reading = reading;
    if (was_reading) /* an outer call is delivering, or nothing waits */
        return;
    while (r->reading && !list_is_empty(&r->ready)) {
        struct ready *m = LIST_ENTRY(list_first(&r->ready), struct ready, link);
        list_remove(&m->link);
        r->held -= ready_cost(m);
        if (m->is_reset)
            r->handlers.on_reset(r->arg, m->info.stream);
        else
            r->handlers.on_message(r->arg, &m->info, span_of(m->data, m->len));
        free(m);
    }
}

static int queue_append(struct reasm *r, struct in_queue *q, struct span payload)
{
    if (payload.len > r->max_message - q->len)
        return -EMSGSIZE;
    if (q->len + payload.len > q->cap) {
        size_t cap = q->cap ? q->cap : FIRST_BUF;
        while (cap < q->len + payload.len)
            cap *= 2;
        q->buf = xreallocarray(q->buf, cap, 1);
        r->held += cap - q->cap;
        q->cap = cap;
    }
    memcpy(q->buf + q->len, payload.data, payload.len);
    q->len += payload.len;
    return 0;
}

/* Takes the fragment that is next in this queue; at the last one the message
 * goes out. */
static int queue_take(struct reasm *r, struct in_stream *s, struct in_queue *q,
                      const struct chunk_data *d, uint64_t major, uint32_t minor)
{
    struct sctp_message_info info = {.stream = s->id,
                                     .unordered = q == &s->unordered,
                                     .ppid = d->ppid};
    if (!q->is_active)
        q->ppid = d->ppid;
    if (q->is_active || !(d->flags & DATA_END)) {
        int error = queue_append(r, q, d->payload);
        if (error < 0)
            return error;
        q->is_active = true;
        q->next_major = r->interleaved ? major : major + 1;
        q->next_minor = r->interleaved ? minor + 1 : 0;
    }
    if (!(d->flags & DATA_END))
        return 0;
    if (q == &s->ordered)
        s->next_mid++;
    if (!q->is_active) {
        if (d->payload.len > r->max_message)
            return -EMSGSIZE;
        deliver(r, &info, d->payload);
        return 0;
    }
    /* Detached first: the handler may come back to this stream. */
    uint8_t *buf = q->buf;
    struct span message = {buf, q->len};
    info.ppid = q->ppid;
    q->buf = NULL;
    queue_drop_active(r, q);
    deliver(r, &info, message);
    free(buf);
    return 0;
}

static bool is_next(const struct reasm *r, const struct in_stream *s, const struct in_queue *q,
                    uint64_t major, uint32_t minor, const struct chunk_data *d)
{
    if (q->is_active)
        return major == q->next_major && minor == q->next_minor && !(d->flags & DATA_BEGIN);
    if (!(d->flags & DATA_BEGIN))
        return false;
    if (q == &s->unordered)
        return true;
    return r->interleaved ? major == s->next_mid : (uint16_t)d->mid == (uint16_t)s->next_mid;
}

static struct chunk_data frag_as_chunk(struct frag *f)
{
    return (struct chunk_data){.flags = f->flags,
                               .mid = f->mid,
                               .ppid = f->ppid,
                               .payload = {frag_payload(f), f->len}};
}

/* After progress: takes what was waiting for it. */
static int queue_pump(struct reasm *r, struct in_stream *s, struct in_queue *q)
{
    for (;;) {
        struct frag *f = NULL;
        if (q->is_active)
            f = frag_set_find(&q->ahead, q->next_major, q->next_minor);
        else if (q == &s->ordered)
            f = q->ahead.first[0];
        if (!f)
            return 0;
        struct chunk_data d = frag_as_chunk(f);
        if (!is_next(r, s, q, f->major, f->minor, &d))
            return 0;
        int error = queue_take(r, s, q, &d, f->major, f->minor);
        r->held -= frag_set_remove(&q->ahead, f);
        if (error < 0)
            return error;
    }
}

/* Whether b continues the message of a. */
static bool is_adjacent(const struct reasm *r, const struct frag *a, const struct frag *b)
{
    if ((a->flags & DATA_END) || (b->flags & DATA_BEGIN))
        return false;
    if (r->interleaved)
        return a->major == b->major && b->minor - a->minor == 1;
    return b->major - a->major == 1;
}

/* The first fragment of the message that f completed, or NULL. Looks both
 * ways in turn and stops at the first hole, so that joining two runs costs no
 * more than the shorter one. */
static struct frag *find_complete(const struct reasm *r, struct frag *f)
{
    struct frag *begin = f;
    struct frag *end = f;
    while (!(begin->flags & DATA_BEGIN) || !(end->flags & DATA_END)) {
        if (!(begin->flags & DATA_BEGIN)) {
            if (!begin->prev || !is_adjacent(r, begin->prev, begin))
                return NULL;
            begin = begin->prev;
        }
        if (!(end->flags & DATA_END)) {
            if (!end->next[0] || !is_adjacent(r, end, end->next[0]))
                return NULL;
            end = end->next[0];
        }
    }
    return begin;
}

static int deliver_run(struct reasm *r, struct in_stream *s, struct in_queue *q, struct frag *f)
{
    struct in_queue whole = {.ppid = f->ppid};
    struct sctp_message_info info = {.stream = s->id, .unordered = true, .ppid = f->ppid};
    for (bool more = true; more;) {
        struct frag *next = f->next[0];
        more = !(f->flags & DATA_END);
        int error = queue_append(r, &whole, span_of(frag_payload(f), f->len));
        r->held -= frag_set_remove(&q->ahead, f);
        if (error < 0) {
            queue_drop_active(r, &whole);
            return error;
        }
        f = next;
    }
    uint8_t *buf = whole.buf;
    struct span message = {buf, whole.len};
    whole.buf = NULL;
    queue_drop_active(r, &whole);
    deliver(r, &info, message);
    free(buf);
    return 0;
}

static int queue_hold(struct reasm *r, struct in_stream *s, struct in_queue *q,
                      const struct chunk_data *d, uint64_t major, uint32_t minor)
{
    struct frag *f = frag_new(&q->ahead, major, minor, d);
    if (!frag_set_insert(&q->ahead, f)) {
        free(f); /* a second fragment of the same number is a peer's error */
        return 0;
    }
    r->held += frag_cost(f->len);
    if (q == &s->ordered)
        return 0;
    struct frag *begin = find_complete(r, f);
    return begin ? deliver_run(r, s, q, begin) : 0;
}

int reasm_add(struct reasm *r, uint64_t tsn, const struct chunk_data *d, size_t limit)
{
    struct in_stream *s = stream_get(r, d->stream);
    bool unordered = (d->flags & DATA_UNORDERED) != 0;
    struct in_queue *q = unordered ? &s->unordered : &s->ordered;
    uint64_t major = tsn;
    uint32_t minor = 0;
    if (r->interleaved) {
        /* Unordered ids only group; the order of ordered ones must not be
         * lost to a wrap, so they are counted in 64 bits from the next. */
        major = unordered ? d->mid : s->next_mid + (uint32_t)(d->mid - (uint32_t)s->next_mid);
        minor = d->fsn;
        if (!unordered && major - s->next_mid > MAX_MIDS_AHEAD)
            return 0; /* old, or absurd: nothing would ever ask for it */
    } else if (!unordered && (int16_t)(uint16_t)(d->mid - s->next_mid) < 0) {
        return 0;
    }
    if (r->held > r->max_held)
        return -EMSGSIZE;
    if (is_next(r, s, q, major, minor, d)) {
        /* What is next is taken in above the limit, since only that lets
         * messages complete. */
        if (!r->reading && r->held + d->payload.len > limit)
            return -ENOBUFS;
        int error = queue_take(r, s, q, d, major, minor);
        return error < 0 || (!q->ahead.last) ? error : queue_pump(r, s, q);
    }
    if (r->held + frag_cost(d->payload.len) > limit)
        return -ENOBUFS;
    return queue_hold(r, s, q, d, major, minor);
}

static bool is_skipped(const struct reasm *r, const struct frag *f, uint32_t mid)
{
    return r->interleaved ? (int32_t)(f->mid - mid) <= 0 : (int16_t)(uint16_t)(f->mid - mid) <= 0;
}

void reasm_skip(struct reasm *r, uint16_t stream, bool unordered, uint32_t mid)
{
    if (stream >= r->streams)
        return;
    struct in_stream *s = stream_get(r, stream);
    struct in_queue *q = unordered ? &s->unordered : &s->ordered;
    if (!unordered) {
        uint64_t ahead = r->interleaved ? (uint32_t)(mid - (uint32_t)s->next_mid)
                                        : (uint16_t)(mid - (uint16_t)s->next_mid);
        if (ahead > MAX_MIDS_AHEAD)
            return; /* already behind us */
        queue_drop_active(r, q);
        s->next_mid += ahead + 1;
    } else if (q->is_active && (int32_t)((uint32_t)q->next_major - mid) <= 0) {
        queue_drop_active(r, q);
    }
    for (struct frag *f = q->ahead.first[0]; f;) {
        struct frag *next = f->next[0];
        if (is_skipped(r, f, mid))
            r->held -= frag_set_remove(&q->ahead, f);
        f = next;
    }
    (void)queue_pump(r, s, q);
}

/* Drops the runs that begin at or before cum, but for one that has its
 * beginning and reaches cum: what is still missing of it may yet come. */
static void drop_forwarded(struct reasm *r, struct in_queue *q, uint64_t cum)
{
    for (struct frag *f = q->ahead.first[0]; f && f->major <= cum;) {
        struct frag *end = f;
        while (end->next[0] && is_adjacent(r, end, end->next[0]))
            end = end->next[0];
        struct frag *after = end->next[0];
        bool keep = (f->flags & DATA_BEGIN) && end->major >= cum;
        while (!keep && f != after) {
            struct frag *next = f->next[0];
            r->held -= frag_set_remove(&q->ahead, f);
            f = next;
        }
        f = after;
    }
}

void reasm_forward(struct reasm *r, uint64_t cum)
{
    if (r->interleaved)
        return; /* there every message is named */
    for (size_t id = 0; id < r->streams; id++) {
        if (id % PAGE_STREAMS == 0 && !r->pages[id / PAGE_STREAMS]) {
            id += PAGE_STREAMS - 1;
            continue;
        }
        struct in_stream *s = stream_find(r, (uint16_t)id);
        if (!s)
            continue;
        struct in_queue *q = &s->unordered;
        if (q->is_active && q->next_major <= cum)
            queue_drop_active(r, q);
        drop_forwarded(r, q, cum);
    }
}

void reasm_reset(struct reasm *r, uint16_t stream)
{
    struct in_stream *s = stream_find(r, stream);
    if (s) {
        queue_clear(r, &s->ordered);
        queue_clear(r, &s->unordered);
        s->next_mid = 0;
    }
    if (r->reading && list_is_empty(&r->ready)) {
        r->handlers.on_reset(r->arg, stream);
        return;
    }
    struct sctp_message_info info = {.stream = stream};
    ready_append(r, &info, (struct span){0}, true);
}
