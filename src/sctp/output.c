/*
 * Packets are written one after the other into the caller's arena, each with
 * its headroom and tailroom, and handed over together: when the call that
 * made them ends, or when the arena or the table of packets is full.
 *
 *   | headroom | packet … | tailroom | headroom | packet … | tailroom | …
 *
 * The last chunk's payload may stay in its message: who seals the packet reads
 * it once, from there, and it is never copied.
 *
 * Replies to chunks are first queued in a buffer, since a batch that is being
 * fed must not touch an arena that other associations use as well.
 */
#include "sctp/output.h"

#include <assert.h>
#include <errno.h>

#include "base/bytes.h"
#include "sctp/crc32c.h"

void output_init(struct output *o, const struct sctp_assoc_config *config,
                 const struct sctp_assoc_handlers *handlers, void *arg)
{
    *o = (struct output){
        .arena = config->arena,
        .on_packets = handlers->on_packets,
        .arg = arg,
        .local_port = config->local_port,
        .remote_port = config->remote_port,
        .gathers = config->gathers,
        .mtu = config->mtu,
    };
    buf_init(&o->replies, MAX_REPLIES);
}

void output_deinit(struct output *o)
{
    buf_deinit(&o->replies);
}

static size_t arena_need(const struct output *o, size_t packet)
{
    const struct sctp_arena *arena = o->arena;
    return arena->headroom + packet + arena->tailroom;
}

static void open_packet(struct output *o, size_t need)
{
    const struct sctp_arena *arena = o->arena;
    if (o->count == MAX_BURST || arena_need(o, need) > arena->len - o->used)
        output_send(o);
    assert(arena_need(o, need) <= arena->len - o->used);
    o->packet = arena->data + o->used + arena->headroom;
    o->len = SCTP_HEADER_LEN;
    o->body = (struct span){0};
    o->may_fragment = false;
    o->needs_checksum = false;
}

size_t output_room(const struct output *o)
{
    size_t used = output_len(o);
    return used < o->mtu && o->body.len == 0 ? o->mtu - used : 0;
}

uint8_t *output_chunk(struct output *o, size_t len)
{
    size_t padded = pad4(len);
    if (o->packet && padded > output_room(o))
        output_close(o);
    if (!o->packet)
        open_packet(o, SCTP_HEADER_LEN + padded > o->mtu ? SCTP_HEADER_LEN + padded : o->mtu);
    uint8_t *p = o->packet + o->len;
    for (size_t i = len; i < padded; i++)
        p[i] = 0;
    o->len += padded;
    if (o->len > o->mtu)
        o->may_fragment = true;
    return p;
}

/* A checksum, or padding, would be one more reading or piece; a packet that has
 * room is left open for what comes. */
static bool may_refer(const struct output *o, size_t header_len, struct span payload)
{
    size_t len = header_len + payload.len;
    bool is_in_this = o->packet && len <= output_room(o);
    size_t room = is_in_this ? output_room(o) : o->mtu - SCTP_HEADER_LEN;
    return o->gathers && o->zero_checksum && !(is_in_this && o->needs_checksum) &&
           payload.len % 4 == 0 && len <= room && room - len < header_len + LEAST_FRAGMENT;
}

uint8_t *output_chunk_with(struct output *o, size_t header_len, struct span payload)
{
    size_t len = header_len + payload.len;
    bool refers = may_refer(o, header_len, payload);
    uint8_t *header = output_chunk(o, len);
    if (refers) {
        o->len -= payload.len;
        o->body = payload;
    } else {
        memcpy(header + header_len, payload.data, payload.len);
    }
    return header;
}

void output_close_as(struct output *o, uint32_t tag)
{
    if (!o->packet)
        return;
    uint8_t *p = o->packet;
    put_u16be(p, o->local_port);
    put_u16be(p + 2, o->remote_port);
    put_u32be(p + 4, tag);
    put_u32be(p + 8, 0);
    if (!o->zero_checksum || o->needs_checksum || tag != o->tag) {
        uint32_t crc = crc32c_of_packet(span_of(p, o->len));
        for (int i = 0; i < 4; i++)
            p[8 + i] = (uint8_t)(crc >> (8 * i));
    }
    o->packets[o->count++] =
        (struct sctp_packet){p, o->len, .body = o->body, .may_fragment = o->may_fragment};
    o->used += arena_need(o, o->len);
    o->used = (o->used + 7) & ~(size_t)7;
    if (o->used > o->arena->len)
        o->used = o->arena->len;
    o->packet = NULL;
    o->len = 0;
    o->body = (struct span){0};
    o->sent++;
}

void output_close(struct output *o)
{
    output_close_as(o, o->tag);
}

void output_send(struct output *o)
{
    if (o->count == 0)
        return;
    size_t count = o->count;
    o->count = 0;
    o->used = 0;
    o->on_packets(o->arg, o->packets, count);
}

void output_padded(struct output *o, struct span chunk, size_t size)
{
    output_close(o);
    size_t mtu = o->mtu;
    o->mtu = size; /* for this packet only */
    memcpy(output_chunk(o, chunk.len), chunk.data, chunk.len);
    size_t pad = size - SCTP_HEADER_LEN - pad4(chunk.len);
    uint8_t *p = output_chunk(o, pad);
    memset(p, 0, pad);
    chunk_put_header(p, CHUNK_PAD, 0, pad);
    output_close(o);
    o->mtu = mtu;
}

/* In the queue a chunk is preceded by this. */
struct queued {
    uint32_t tag;
    uint16_t len;
    uint16_t is_alone;
};

static int queue(struct output *o, struct span chunk, struct queued head)
{
    if (buf_room(&o->replies) < sizeof head + chunk.len)
        return -ENOBUFS;
    head.len = (uint16_t)chunk.len;
    buf_append(&o->replies, span_of(&head, sizeof head));
    return buf_append(&o->replies, chunk);
}

int output_queue(struct output *o, struct span chunk)
{
    return queue(o, chunk, (struct queued){0});
}

int output_queue_alone(struct output *o, struct span chunk, uint32_t tag)
{
    return queue(o, chunk, (struct queued){.tag = tag, .is_alone = 1});
}

void output_write_queued(struct output *o)
{
    while (o->replies.len > 0) {
        struct queued head;
        memcpy(&head, buf_bytes(&o->replies).data, sizeof head);
        const uint8_t *chunk = buf_bytes(&o->replies).data + sizeof head;
        if (head.is_alone)
            output_close(o);
        memcpy(output_chunk(o, head.len), chunk, head.len);
        if (head.is_alone)
            output_close_as(o, head.tag);
        buf_consume(&o->replies, sizeof head + head.len);
    }
}
