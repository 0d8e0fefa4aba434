/*
 * One exchange. What a stream wants to send stands in three places, in order:
 * its encoded head, its body queue, and the flag that the body is complete.
 * A stream with any of them is in the mux's ready list, and its turn sends
 * one frame.
 *
 * A write that finds the whole mux idle skips the queue: the bytes go from
 * the caller's buffer into the channel.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tunnel/mux_internal.h"
#include "tunnel/payload.h"

static struct list *bucket(struct mux *mux, uint32_t id)
{
    return &mux->buckets[id % MUX_BUCKETS];
}

struct mux_stream *mux_stream_find(struct mux *mux, uint32_t id)
{
    LIST_EACH(link, next, bucket(mux, id))
    {
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
    buf_init(&stream->queue, MUX_STREAM_QUEUE_MAX);
    list_init(&stream->in_ready);
    list_append(bucket(mux, id), &stream->by_id);
    mux->streams++;
    return stream;
}

void mux_stream_free(struct mux_stream *stream)
{
    struct mux *mux = stream->mux;
    mux_stream_set_reading(stream, true);
    list_remove(&stream->by_id);
    list_remove(&stream->in_ready);
    buf_deinit(&stream->queue);
    free(stream->head);
    free(stream);
    mux->streams--;
    mux->handlers.on_stream_closed(mux->streams, mux->arg);
}

void mux_stream_fail(struct mux_stream *stream, const char *text)
{
    struct mux_stream_handlers handlers = stream->handlers;
    void *arg = stream->arg;
    bool is_detached = stream->is_detached;
    mux_stream_free(stream);
    if (!is_detached)
        handlers.on_error(text, arg);
}

/* --- sending -------------------------------------------------------------- */

static uint8_t frame_of(const struct mux_stream *stream, enum frame_type request,
                        enum frame_type response)
{
    return (uint8_t)(stream->mux->role == MUX_CONSUMER ? request : response);
}

static void send_frame(struct mux_stream *stream, uint8_t type, struct span payload)
{
    uint8_t header[FRAME_HEADER_LEN];
    frame_encode_header(type, stream->id, header);
    stream->mux->handlers.send(span_of(header, sizeof header), payload, stream->mux->arg);
}

static bool has_more(const struct mux_stream *stream)
{
    return stream->head || stream->queue.len > 0 || stream->is_ended;
}

/* Puts the stream in line and lets the line move. */
static void get_in_line(struct mux_stream *stream)
{
    struct mux *mux = stream->mux;
    if (list_is_empty(&stream->in_ready))
        list_append(&mux->ready, &stream->in_ready);
    mux_flush(mux);
}

static void send_end(struct mux_stream *stream)
{
    send_frame(stream, frame_of(stream, FRAME_REQ_END, FRAME_RES_END), (struct span){0});
    stream->is_ended = false;
    stream->is_end_sent = true;
    if (stream->is_detached)
        mux_stream_free(stream);
}

static void send_body(struct mux_stream *stream)
{
    struct span bytes = buf_bytes(&stream->queue);
    if (bytes.len > FRAME_BODY_MAX)
        bytes.len = FRAME_BODY_MAX;
    send_frame(stream, frame_of(stream, FRAME_REQ_BODY, FRAME_RES_BODY), bytes);
    buf_consume(&stream->queue, bytes.len);
    if (stream->is_over_high && stream->queue.len <= MUX_STREAM_QUEUE_LOW) {
        stream->is_over_high = false;
        if (!stream->is_detached)
            stream->handlers.on_drain(stream->arg); /* may free the stream */
    }
}

void mux_stream_send_next(struct mux_stream *stream)
{
    struct mux *mux = stream->mux;
    list_remove(&stream->in_ready);
    if (stream->head) {
        char *head = stream->head;
        stream->head = NULL;
        if (has_more(stream))
            list_append(&mux->ready, &stream->in_ready);
        send_frame(stream, frame_of(stream, FRAME_REQ_HEADERS, FRAME_RES_HEADERS),
                   span_from_string(head));
        free(head);
    } else if (stream->queue.len > 0) {
        /* In line again before on_drain, under which the stream may go. */
        if (stream->queue.len > FRAME_BODY_MAX || stream->is_ended)
            list_append(&mux->ready, &stream->in_ready);
        send_body(stream);
    } else if (stream->is_ended) {
        send_end(stream);
    }
}

/* --- the user's calls ------------------------------------------------------ */

int mux_open(struct mux *mux, const struct head *request,
             const struct mux_stream_handlers *handlers, void *arg, struct mux_stream **out)
{
    assert(mux->role == MUX_CONSUMER);
    if (mux->state != MUX_READY)
        return -ENOTCONN;
    if (mux->streams >= MUX_STREAMS_MAX)
        return -EBUSY;
    if (mux->next_id == 0) /* wrapped around */
        return -EOVERFLOW;
    char *json = request_encode(request, mux->next_id);
    if (strlen(json) > FRAME_PAYLOAD_MAX) {
        free(json);
        return -EMSGSIZE;
    }
    struct mux_stream *stream = mux_stream_new(mux, mux->next_id++);
    stream->handlers = *handlers;
    stream->arg = arg;
    stream->head = json;
    *out = stream;
    get_in_line(stream);
    return 0;
}

void mux_stream_accept(struct mux_stream *stream, const struct mux_stream_handlers *handlers,
                       void *arg)
{
    stream->handlers = *handlers;
    stream->arg = arg;
    stream->is_detached = false;
}

int mux_stream_respond(struct mux_stream *stream, const struct head *response)
{
    assert(stream->mux->role == MUX_PROVIDER && !stream->is_detached);
    bool was_lossy;
    char *json = response_encode(response, stream->id, &was_lossy);
    if (strlen(json) > FRAME_PAYLOAD_MAX) {
        free(json);
        return -EMSGSIZE;
    }
    if (was_lossy && !stream->mux->has_lost_cookies) {
        stream->mux->has_lost_cookies = true;
        mux_note(stream->mux, false,
                 "stream %u: of several Set-Cookie fields only the last fits the protocol (said "
                 "once)",
                 stream->id);
    }
    stream->head = json;
    get_in_line(stream);
    return 0;
}

/* Sends frames straight from the caller's bytes while nobody is in line and
 * the channel takes them. Returns how many bytes went. */
static size_t write_through(struct mux_stream *stream, struct span bytes)
{
    struct mux *mux = stream->mux;
    size_t sent = 0;
    if (mux->is_flushing || mux->control.len > 0 || !list_is_empty(&mux->ready))
        return 0;
    while (sent < bytes.len && mux->handlers.can_send(mux->arg)) {
        struct span part = span_skip(bytes, sent);
        if (part.len > FRAME_BODY_MAX)
            part.len = FRAME_BODY_MAX;
        send_frame(stream, frame_of(stream, FRAME_REQ_BODY, FRAME_RES_BODY), part);
        sent += part.len;
    }
    return sent;
}

void mux_stream_write(struct mux_stream *stream, struct span bytes)
{
    assert(!stream->is_ended && !stream->is_detached);
    if (stream->mux->state == MUX_DEAD)
        return;
    struct span rest = span_skip(bytes, write_through(stream, bytes));
    if (rest.len == 0)
        return;
    int error = buf_append(&stream->queue, rest);
    assert(error == 0); /* writers stop at MUX_STREAM_QUEUE_HIGH, long before the maximum */
    (void)error;
    if (stream->queue.len > MUX_STREAM_QUEUE_HIGH)
        stream->is_over_high = true;
    get_in_line(stream);
}

size_t mux_stream_queued(const struct mux_stream *stream)
{
    return stream->queue.len;
}

void mux_stream_end(struct mux_stream *stream)
{
    struct mux *mux = stream->mux;
    assert(!stream->is_ended && !stream->is_detached);
    stream->is_ended = true;
    if (mux->role == MUX_PROVIDER) {
        stream->is_detached = true;
        mux_stream_set_reading(stream, true);
    }
    get_in_line(stream);
}

void mux_stream_cancel(struct mux_stream *stream, const char *text)
{
    struct mux *mux = stream->mux;
    uint32_t id = stream->id;
    /* A head that never went out: the other side knows of no such stream. */
    bool is_known = mux->role == MUX_PROVIDER || !stream->head;
    mux_stream_free(stream);
    if (is_known)
        mux_send_control(mux, FRAME_ERROR, id, span_from_string(text));
}

void mux_stream_set_reading(struct mux_stream *stream, bool reading)
{
    struct mux *mux = stream->mux;
    if (stream->is_paused == !reading)
        return;
    stream->is_paused = !reading;
    if (reading) {
        if (--mux->paused > 0)
            return;
    } else if (mux->paused++ > 0) {
        return;
    }
    mux->handlers.on_reading(reading, mux->arg);
}

uint32_t mux_stream_id(const struct mux_stream *stream)
{
    return stream->id;
}
