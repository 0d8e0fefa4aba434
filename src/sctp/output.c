/*
 * Packets are written one after the other into the caller's arena, each with
 * its headroom and tailroom, and handed over together: when the call that
 * made them ends, or when the arena or the table of packets is full.
 *
 *   | headroom | packet … | tailroom | headroom | packet … | tailroom | …
 *
 * Replies to chunks are first queued in a buffer, since a batch that is being
 * fed must not touch an arena that other associations use as well.
 */
#include "sctp/assoc.h"

#include <assert.h>
#include <errno.h>

#include "base/bytes.h"
#include "sctp/crc32c.h"

static size_t arena_need(const struct sctp_assoc *a, size_t packet)
{
    const struct sctp_arena *arena = a->config.arena;
    return arena->headroom + packet + arena->tailroom;
}

static void open_packet(struct sctp_assoc *a, size_t need)
{
    struct output *o = &a->out;
    const struct sctp_arena *arena = a->config.arena;
    if (o->count == MAX_BURST || arena_need(a, need) > arena->len - o->used)
        output_send(a);
    assert(arena_need(a, need) <= arena->len - o->used);
    o->packet = arena->data + o->used + arena->headroom;
    o->len = SCTP_HEADER_LEN;
    o->may_fragment = false;
    o->needs_checksum = false;
}

size_t output_room(const struct sctp_assoc *a)
{
    size_t used = a->out.packet ? a->out.len : SCTP_HEADER_LEN;
    return used < a->mtu ? a->mtu - used : 0;
}

uint8_t *output_chunk(struct sctp_assoc *a, size_t len)
{
    struct output *o = &a->out;
    size_t padded = pad4(len);
    if (o->packet && o->len + padded > a->mtu)
        output_close(a);
    if (!o->packet)
        open_packet(a, SCTP_HEADER_LEN + padded > a->mtu ? SCTP_HEADER_LEN + padded : a->mtu);
    uint8_t *p = o->packet + o->len;
    for (size_t i = len; i < padded; i++)
        p[i] = 0;
    o->len += padded;
    if (o->len > a->mtu)
        o->may_fragment = true;
    return p;
}

void output_close_as(struct sctp_assoc *a, uint32_t tag)
{
    struct output *o = &a->out;
    if (!o->packet)
        return;
    uint8_t *p = o->packet;
    put_u16be(p, a->config.local_port);
    put_u16be(p + 2, a->config.remote_port);
    put_u32be(p + 4, tag);
    put_u32be(p + 8, 0);
    if (!a->zero_checksum || o->needs_checksum || tag != a->peer.tag) {
        uint32_t crc = crc32c_of_packet(span_of(p, o->len));
        for (int i = 0; i < 4; i++)
            p[8 + i] = (uint8_t)(crc >> (8 * i));
    }
    o->packets[o->count++] =
        (struct sctp_packet){.data = p, .len = o->len, .may_fragment = o->may_fragment};
    o->used += arena_need(a, o->len);
    o->used = (o->used + 7) & ~(size_t)7;
    if (o->used > a->config.arena->len)
        o->used = a->config.arena->len;
    o->packet = NULL;
    o->len = 0;
    a->stats.sent_packets++;
}

void output_close(struct sctp_assoc *a)
{
    output_close_as(a, a->peer.tag);
}

void output_send(struct sctp_assoc *a)
{
    struct output *o = &a->out;
    if (o->count == 0)
        return;
    size_t count = o->count;
    o->count = 0;
    o->used = 0;
    a->handlers.on_packets(a->arg, o->packets, count);
}

/* In the queue a chunk is preceded by this. */
struct queued {
    uint32_t tag;
    uint16_t len;
    uint16_t is_alone;
};

static int queue(struct sctp_assoc *a, struct span chunk, struct queued head)
{
    a->is_due = true;
    if (buf_room(&a->control) < sizeof head + chunk.len)
        return -ENOBUFS;
    head.len = (uint16_t)chunk.len;
    buf_append(&a->control, span_of(&head, sizeof head));
    return buf_append(&a->control, chunk);
}

int output_queue(struct sctp_assoc *a, struct span chunk)
{
    return queue(a, chunk, (struct queued){0});
}

int output_queue_alone(struct sctp_assoc *a, struct span chunk, uint32_t tag)
{
    return queue(a, chunk, (struct queued){.tag = tag, .is_alone = 1});
}

void output_write_queued(struct sctp_assoc *a)
{
    while (a->control.len > 0) {
        struct queued head;
        memcpy(&head, buf_bytes(&a->control).data, sizeof head);
        const uint8_t *chunk = buf_bytes(&a->control).data + sizeof head;
        if (head.is_alone)
            output_close(a);
        memcpy(output_chunk(a, head.len), chunk, head.len);
        if (head.is_alone)
            output_close_as(a, head.tag);
        buf_consume(&a->control, sizeof head + head.len);
    }
}
