/*
 * What a mux consists of: its streams, what they and it are told, and how they
 * end. The other parts stand on this one, and it on none but the credit's.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tunnel/mux_internal.h"

size_t mux_stream_count(const struct mux *mux)
{
    return mux->streams;
}

uint64_t mux_rtt_us(const struct mux *mux)
{
    return mux->rtt_us;
}

void mux_set_device(struct mux *mux, const char *device)
{
    snprintf(mux->device, sizeof mux->device, "%s", device);
}

const char *mux_device(const struct mux *mux)
{
    return mux->device[0] ? mux->device : NULL;
}

const char *mux_stream_device(const struct mux_stream *stream)
{
    return mux_device(stream->mux);
}

void mux_set_consumer(struct mux *mux, struct consumer *consumer)
{
    struct consumer *before = mux->consumer;
    if (consumer == before || mux->streams > 0)
        return;
    if (consumer)
        consumer_use(consumer);
    mux->consumer = consumer;
    consumer_leave(before);
}

struct consumer *mux_stream_consumer(const struct mux_stream *stream)
{
    return stream->mux->consumer;
}

bool mux_has(const struct mux *mux, enum feature feature)
{
    return (mux->features & (unsigned)feature) != 0;
}

void mux_note(struct mux *mux, enum mux_note kind, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mux->handlers.on_note(kind, text, mux->arg);
}

/* Before AGREE nothing may overtake HELLO. */
unsigned mux_channel_of(const struct mux *mux, uint32_t stream_id)
{
    bool is_spread = mux->channels > 0 && stream_id > mux->eager_id;
    return is_spread ? 1 + stream_id % mux->channels : 0;
}

/* --- streams -------------------------------------------------------------- */

static struct list *bucket(struct mux *mux, uint32_t id)
{
    return &mux->buckets[id % MUX_BUCKETS];
}

struct mux_stream *mux_stream_find(struct mux *mux, uint32_t id)
{
    LIST_EACH(link, next, bucket(mux, id)) {
        struct mux_stream *stream = LIST_ENTRY(link, struct mux_stream, by_id);
        if (stream->id == id)
            return stream;
    }
    return NULL;
}

struct mux_stream *mux_stream_new(struct mux *mux, uint32_t id)
{
    struct mux_stream *stream = xcalloc(1, sizeof *stream);
    stream->mux = mux;
    stream->id = id;
    stream->channel = mux_channel_of(mux, id);
    buf_init(&stream->heads, MUX_HEADS_MAX);
    buf_init(&stream->queue, MUX_STREAM_QUEUE_MAX);
    buf_init(&stream->trailers, FRAME_PAYLOAD_MAX);
    list_init(&stream->in_line);
    list_append(bucket(mux, id), &stream->by_id);
    mux_flow_open(stream);
    mux->streams++;
    return stream;
}

void mux_stream_leave_line(struct mux_stream *stream)
{
    if (stream->place == MUX_NOWHERE)
        return;
    list_remove(&stream->in_line);
    stream->place = MUX_NOWHERE;
    stream->mux->waiting--;
}

void mux_stream_free(struct mux_stream *stream)
{
    struct mux *mux = stream->mux;
    mux_flow_close(stream);
    mux_stream_leave_line(stream);
    list_remove(&stream->by_id);
    buf_deinit(&stream->heads);
    buf_deinit(&stream->queue);
    buf_deinit(&stream->trailers);
    if (mux->consumer)
        budget_give(&mux->consumer->streams, 1);
    free(stream);
    mux->streams--;
    mux->handlers.on_stream_closed(mux->streams, mux->arg);
}

void mux_stream_fail(struct mux_stream *stream, enum stream_error error, const char *text)
{
    struct mux_stream_handlers handlers = stream->handlers;
    void *arg = stream->arg;
    bool is_detached = stream->is_detached;
    mux_stream_free(stream);
    if (!is_detached)
        handlers.on_error(error, text, arg);
}

void mux_stream_check_drain(struct mux_stream *stream)
{
    size_t queued = stream->queue.len;
    if (!stream->is_drain_owed || stream->awaits_room || queued > MUX_STREAM_QUEUE_LOW ||
        queued >= mux_flow_credit(stream))
        return;
    stream->is_drain_owed = false;
    if (!stream->is_detached && stream->given != HALF_ENDED)
        stream->handlers.on_drain(stream->arg);
}

/* --- the end -------------------------------------------------------------- */

void mux_die(struct mux *mux, const char *text, enum mux_likeness likeness)
{
    if (mux->state == MUX_DEAD)
        return;
    mux->state = MUX_DEAD;
    mux->handlers.on_dead(text, likeness, mux->arg);
}

/* What stands in a bundle that has not left by now never will. */
static void take_back_bundles(struct mux *mux)
{
    for (uint64_t left = mux->bundled; left != 0; left &= left - 1) {
        struct bundle *bundle = &mux->bundles[__builtin_ctzll(left)];
        struct span frames = bundle_frames(bundle);
        struct frame frame;
        while (bundle_next(&frames, &frame)) {
            struct mux_stream *stream = mux_stream_find(mux, frame.stream_id);
            if (stream && frame.type == FRAME_REQ_HEADERS)
                stream->sent = HALF_HEAD;
        }
        bundle_clear(bundle);
    }
    mux->bundled = 0;
}

/* A head that has not gone out by now never will; nor will those that left us
 * and wait below. */
static void take_back_heads(struct mux *mux)
{
    size_t unsent[MUX_CHANNELS_MAX + 1];
    if (mux->role == MUX_PROVIDER || !mux->handlers.unsent)
        return;
    for (unsigned channel = 0; channel <= mux->channels; channel++)
        unsent[channel] = mux->handlers.unsent(channel, mux->arg);
    for (size_t i = 0; i < MUX_BUCKETS; i++) {
        LIST_EACH(link, next, &mux->buckets[i]) {
            struct mux_stream *stream = LIST_ENTRY(link, struct mux_stream, by_id);
            if (mux->messages[stream->channel] - stream->head_message < unsent[stream->channel])
                stream->sent = HALF_HEAD;
        }
    }
}

static enum stream_error error_of_end(const struct mux_stream *stream)
{
    const struct mux *mux = stream->mux;
    bool is_unsent =
        mux->role == MUX_CONSUMER && (mux->is_turned_away || stream->sent == HALF_HEAD);
    return is_unsent ? STREAM_UNSENT : STREAM_SESSION;
}

void mux_fail(struct mux *mux, const char *text)
{
    mux->state = MUX_DEAD;
    take_back_bundles(mux);
    take_back_heads(mux);
    for (size_t i = 0; i < MUX_BUCKETS; i++) {
        /* Always the first: a handler may end others, too. */
        for (struct list *link; (link = list_first(&mux->buckets[i])) != NULL;) {
            struct mux_stream *stream = LIST_ENTRY(link, struct mux_stream, by_id);
            mux_stream_fail(stream, error_of_end(stream), text);
        }
    }
    mux_set_consumer(mux, NULL);
}
