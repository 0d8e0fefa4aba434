/*
 * Deficit round robin: a stream may send `quantum` bytes, scaled by its
 * priority, before the next one's turn. One that has just become busy goes
 * before all others for one turn, so that a small message waits for nothing.
 * What it does not use of that turn it has for the next messages, and then it
 * goes to the back of the line: a stream which is always just becoming busy
 * cannot starve the rest.
 *
 * With I-DATA (RFC 8260) turns change between fragments. With DATA the
 * fragments of a message have consecutive TSNs, so they change between
 * messages.
 */
#include "sctp/sendq.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum {
    DEFAULT_PRIORITY = 256,
    LEAST_QUANTUM = 64, /* bounds the turns until the lowest priority may send */
    LIMIT_LEAST = 16 << 10,
    LIMIT_MOST = 16 * (63 << 10), /* so many messages of 64 KiB */
    LIMIT_MS = 5,                 /* what the owner needs to come back */
};

enum turn {
    TURN_NEW,          /* just became busy */
    TURN_FIRST,        /* has the one turn before all others */
    TURN_AMONG_OTHERS, /* in line */
};

struct out_stream {
    struct list link; /* in fresh or busy */
    struct list messages;
    int64_t deficit;
    uint32_t next_mid; /* of ordered messages; of unordered ones */
    uint32_t next_unordered_mid;
    uint16_t id;
    uint16_t priority;
    enum turn turn;
};

void sendq_init(struct sendq *q, size_t streams)
{
    *q = (struct sendq){.quantum = 1200};
    stream_table_init(&q->streams, streams);
    list_init(&q->fresh);
    list_init(&q->busy);
}

static struct out_stream *stream_get(struct sendq *q, uint16_t id)
{
    struct out_stream *s = stream_table_find(&q->streams, id);
    if (!s) {
        s = xcalloc(1, sizeof *s);
        list_init(&s->link);
        list_init(&s->messages);
        s->id = id;
        s->priority = DEFAULT_PRIORITY;
        *stream_table_slot(&q->streams, id) = s;
        q->memory += sizeof *s;
    }
    return s;
}

static void stream_drop_messages(struct sendq *q, struct out_stream *s)
{
    LIST_EACH(pos, tmp, &s->messages) {
        sendq_abandon(q, LIST_ENTRY(pos, struct sctp_message, link));
    }
}

void sendq_limit_streams(struct sendq *q, size_t streams)
{
    struct out_stream *s;
    for (size_t id = streams; (s = stream_table_next(&q->streams, &id)) != NULL;)
        stream_drop_messages(q, s);
}

void sendq_deinit(struct sendq *q)
{
    sendq_limit_streams(q, 0);
    stream_table_deinit(&q->streams);
}

size_t sendq_memory(const struct sendq *q)
{
    return q->memory + q->streams.memory;
}

static size_t message_cost(const struct sctp_message *m)
{
    return sizeof *m + m->len;
}

/* A stream that was empty. */
static void line_up(struct sendq *q, struct out_stream *s)
{
    if (s->turn != TURN_FIRST)
        s->turn = TURN_NEW;
    list_append(&q->fresh, &s->link);
}

void sendq_add(struct sendq *q, const struct sctp_outgoing *out, uint64_t now_us)
{
    size_t len = out->head.len + out->body.len;
    struct sctp_message *m = xmalloc(sizeof *m + len);
    *m = (struct sctp_message){
        .expires_us = out->lifetime_us ? now_us + out->lifetime_us : UINT64_MAX,
        .ppid = out->ppid,
        .len = (uint32_t)len,
        .refs = 1,
        .stream = out->stream,
        .max_retransmits = out->max_retransmits,
        .unordered = out->unordered,
        .limit_retransmits = out->limit_retransmits,
    };
    if (out->head.len > 0)
        memcpy(m->data, out->head.data, out->head.len);
    if (out->body.len > 0)
        memcpy(m->data + out->head.len, out->body.data, out->body.len);
    struct out_stream *s = stream_get(q, out->stream);
    list_append(&s->messages, &m->link);
    q->queued += len;
    q->charged += message_cost(m);
    q->memory += message_cost(m);
    if (list_is_empty(&s->link) && q->current != s)
        line_up(q, s);
}

static int64_t quantum_of(const struct sendq *q, const struct out_stream *s)
{
    size_t quantum = q->quantum * s->priority / DEFAULT_PRIORITY;
    return (int64_t)(quantum > LEAST_QUANTUM ? quantum : LEAST_QUANTUM);
}

static void move_to_busy(struct sendq *q, struct out_stream *s)
{
    list_remove(&s->link);
    list_append(&q->busy, &s->link);
    s->turn = TURN_AMONG_OTHERS;
}

struct sctp_message *sendq_peek(struct sendq *q)
{
    if (q->current)
        return LIST_ENTRY(list_first(&q->current->messages), struct sctp_message, link);
    for (;;) {
        struct list *first = list_first(&q->fresh);
        if (!first)
            first = list_first(&q->busy);
        if (!first)
            return NULL;
        struct out_stream *s = LIST_ENTRY(first, struct out_stream, link);
        if (s->turn == TURN_NEW) {
            s->turn = TURN_FIRST;
            s->deficit = quantum_of(q, s);
        }
        if (list_is_empty(&s->messages)) {
            list_remove(&s->link);
        } else if (s->deficit <= 0) {
            s->deficit += quantum_of(q, s);
            move_to_busy(q, s);
        } else {
            return LIST_ENTRY(list_first(&s->messages), struct sctp_message, link);
        }
    }
}

bool sendq_has_fresh(const struct sendq *q)
{
    return !list_is_empty(&q->fresh);
}

/* The message left its queue; whoever is in its middle no longer is. */
static void message_unlink(struct sendq *q, struct sctp_message *m)
{
    struct out_stream *s = stream_table_find(&q->streams, m->stream);
    list_remove(&m->link);
    q->charged -= sizeof *m;
    if (q->current == s)
        q->current = NULL;
}

void sendq_take(struct sendq *q, struct sctp_message *m, size_t len)
{
    struct out_stream *s = stream_table_find(&q->streams, m->stream);
    if (m->sent == 0)
        m->mid = m->unordered && q->interleaved ? s->next_unordered_mid++
                 : m->unordered                 ? 0
                                                : s->next_mid++;
    m->sent += (uint32_t)len;
    m->next_fsn++;
    m->refs++;
    q->queued -= len;
    q->charged -= len;
    s->deficit -= (int64_t)len;
    if (m->sent == m->len) {
        message_unlink(q, m);
        sendq_release(q, m);
    } else if (!q->interleaved) {
        q->current = s;
    }
}

void sendq_abandon(struct sendq *q, struct sctp_message *m)
{
    m->is_abandoned = true;
    if (m->sent == m->len)
        return;
    q->queued -= m->len - m->sent;
    q->charged -= m->len - m->sent;
    m->sent = m->len;
    message_unlink(q, m);
    sendq_release(q, m);
}

void sendq_release(struct sendq *q, struct sctp_message *m)
{
    assert(m->refs > 0);
    if (--m->refs > 0)
        return;
    q->memory -= message_cost(m);
    free(m);
}

size_t sendq_stream_unsent(const struct sendq *q, uint16_t stream, uint32_t ppid)
{
    struct out_stream *s = stream_table_find(&q->streams, stream);
    size_t unsent = 0;
    if (!s)
        return 0;
    LIST_EACH(pos, tmp, &s->messages) {
        const struct sctp_message *m = LIST_ENTRY(pos, struct sctp_message, link);
        unsent += m->sent == 0 && m->ppid == ppid;
    }
    return unsent;
}

bool sendq_stream_is_empty(const struct sendq *q, uint16_t stream)
{
    struct out_stream *s = stream_table_find(&q->streams, stream);
    return !s || list_is_empty(&s->messages);
}

void sendq_set_priority(struct sendq *q, uint16_t stream, uint16_t priority)
{
    stream_get(q, stream)->priority = priority;
}

void sendq_restart_stream(struct sendq *q, uint16_t stream)
{
    struct out_stream *s = stream_table_find(&q->streams, stream);
    if (s) {
        s->next_mid = 0;
        s->next_unordered_mid = 0;
    }
}

size_t sendq_limit(uint64_t rate)
{
    uint64_t limit = rate * LIMIT_MS / 1000;
    if (limit > LIMIT_MOST)
        return LIMIT_MOST;
    return limit > LIMIT_LEAST ? (size_t)limit : LIMIT_LEAST;
}
