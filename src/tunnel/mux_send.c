/*
 * What goes out, and in which order.
 *
 *   channel 0   control ─┐                    PING, PONG, WINDOW, handshake
 *   channel 1   control ─┼─ heads and ends ─┐ ERROR; HEADERS, INTERIM, END
 *   channel n   control ─┘                  ├──► channels
 *   all                        bodies ──────┘ a frame each in turn
 *
 * Each channel has a line of its own for what is small, because one channel
 * may take it while another has a backlog. Bodies share one line: they share
 * the path, and the SCTP queue that is kept short for the sake of the others.
 *
 * A stream stands in one place at most. A body without credit stands nowhere,
 * until a WINDOW comes.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "tunnel/mux_internal.h"

enum {
    LENGTH_LEN = 4, /* in front of each frame that waits */
    PREFIX_LEN = LENGTH_LEN + FRAME_HEADER_LEN
};

void mux_send_init(struct mux *mux)
{
    list_init(&mux->bulk);
    buf_init(&mux->spare, MUX_HEADS_MAX);
}

static struct mux_line *line_of(struct mux *mux, unsigned channel)
{
    struct mux_line **line = &mux->lines[channel];
    if (!*line) {
        *line = xcalloc(1, sizeof **line);
        buf_init(&(*line)->control, MUX_CONTROL_QUEUE_MAX);
        list_init(&(*line)->in_urgent);
    }
    return *line;
}

void mux_send_deinit(struct mux *mux)
{
    for (size_t i = 0; i <= MUX_CHANNELS_MAX; i++) {
        if (mux->lines[i])
            buf_deinit(&mux->lines[i]->control);
        free(mux->lines[i]);
    }
    buf_deinit(&mux->spare);
    mux_bundle_deinit(mux);
}

/* Whether a frame with a payload of that length may go. */
static bool can_send(struct mux *mux, unsigned channel, enum mux_urgency urgency, size_t payload)
{
    return mux->state != MUX_DEAD && mux_takes(mux, channel, FRAME_HEADER_LEN + payload) &&
           mux->handlers.can_send(channel, urgency, mux->arg);
}

/* --- control -------------------------------------------------------------- */

void mux_send_control(struct mux *mux, unsigned channel, uint8_t type, uint32_t stream_id,
                      struct span payload)
{
    struct buf *control = &line_of(mux, channel)->control;
    if (mux->state == MUX_DEAD)
        return;
    if (payload.len > FRAME_PAYLOAD_MAX)
        payload.len = FRAME_PAYLOAD_MAX;
    uint8_t prefix[PREFIX_LEN];
    put_u32be(prefix, (uint32_t)(FRAME_HEADER_LEN + payload.len));
    frame_encode_header(type, stream_id, prefix + LENGTH_LEN);
    if (control->len == 0 && can_send(mux, channel, MUX_SMALL, payload.len)) {
        mux_put(mux, channel, span_of(prefix + LENGTH_LEN, FRAME_HEADER_LEN), payload);
        return;
    }
    if (mux->control_bytes + sizeof prefix + payload.len > MUX_CONTROL_QUEUE_MAX) {
        mux_die(mux, "the other side makes us answer but does not read", MUX_UNLIKE);
        return;
    }
    buf_append(control, span_of(prefix, sizeof prefix));
    buf_append(control, payload);
    mux->control_bytes += sizeof prefix + payload.len;
}

struct span mux_encode_error(const struct mux *mux, uint32_t stream_id, enum stream_error error,
                             const char *text, uint8_t out[MUX_ERROR_CODE_LEN + MUX_ERROR_TEXT_MAX])
{
    struct span words = span_from_string(text);
    if (words.len > MUX_ERROR_TEXT_MAX)
        words.len = MUX_ERROR_TEXT_MAX;
    put_u16be(out, (uint16_t)error);
    memcpy(out + MUX_ERROR_CODE_LEN, words.data, words.len);
    struct span whole = span_of(out, MUX_ERROR_CODE_LEN + words.len);
    bool has_code = mux_has(mux, FEATURE_FIELDS) && stream_id != 0;
    return has_code ? whole : span_skip(whole, MUX_ERROR_CODE_LEN);
}

void mux_send_error(struct mux *mux, unsigned channel, uint32_t stream_id, enum stream_error error,
                    const char *text)
{
    uint8_t storage[MUX_ERROR_CODE_LEN + MUX_ERROR_TEXT_MAX];
    struct span payload = mux_encode_error(mux, stream_id, error, text, storage);
    mux_send_control(mux, channel, FRAME_ERROR, stream_id, payload);
}

/* The first of the frames that wait in a buffer. */
static struct span first_queued(const struct buf *frames)
{
    struct span queued = buf_bytes(frames);
    assert(queued.data); /* there is one: the queue is not empty */
    return span_of(queued.data + LENGTH_LEN, get_u32be(queued.data));
}

static bool can_send_queued(struct mux *mux, unsigned channel, const struct buf *frames)
{
    return can_send(mux, channel, MUX_SMALL, first_queued(frames).len - FRAME_HEADER_LEN);
}

static uint64_t send_queued(struct mux *mux, unsigned channel, struct buf *frames)
{
    struct span frame = first_queued(frames);
    uint64_t message = mux_put(mux, channel, frame, (struct span){0});
    buf_consume(frames, LENGTH_LEN + frame.len);
    return message;
}

/* --- streams -------------------------------------------------------------- */

static uint8_t type_of(const struct mux_stream *stream, enum frame_type request,
                       enum frame_type response)
{
    return (uint8_t)(stream->mux->role == MUX_CONSUMER ? request : response);
}

static void send_frame(struct mux_stream *stream, uint8_t type, struct span payload)
{
    uint8_t header[FRAME_HEADER_LEN];
    frame_encode_header(type, stream->id, header);
    mux_put(stream->mux, stream->channel, span_of(header, sizeof header), payload);
}

/* Most heads go at once, so that one buffer does for all streams. */
static void swap_spare(struct mux_stream *stream)
{
    struct buf other = stream->mux->spare;
    stream->mux->spare = stream->heads;
    stream->heads = other;
}

size_t mux_stream_begin_head(struct mux_stream *stream, uint8_t type)
{
    uint8_t prefix[PREFIX_LEN] = {0}; /* the length comes last */
    if (!stream->heads.data)
        swap_spare(stream);
    size_t begun_at = stream->heads.len;
    frame_encode_header(type, stream->id, prefix + LENGTH_LEN);
    buf_append(&stream->heads, span_of(prefix, sizeof prefix));
    return begun_at;
}

void mux_stream_end_head(struct mux_stream *stream, size_t begun_at)
{
    struct buf *heads = &stream->heads;
    put_u32be(heads->data + heads->head + begun_at, (uint32_t)(heads->len - begun_at - LENGTH_LEN));
}

static enum mux_place place_of(const struct mux_stream *stream)
{
    if (stream->heads.len > 0)
        return MUX_IN_URGENT;
    if (stream->queue.len > 0)
        return mux_flow_credit(stream) > 0 ? MUX_IN_BULK : MUX_NOWHERE;
    if (stream->awaits_room && stream->given == HALF_BODY)
        return MUX_IN_BULK;
    bool is_end_due = stream->given == HALF_ENDED && stream->sent != HALF_ENDED;
    return is_end_due ? MUX_IN_URGENT : MUX_NOWHERE;
}

static void take_place(struct mux_stream *stream)
{
    struct mux *mux = stream->mux;
    enum mux_place place = place_of(stream);
    if (place == stream->place)
        return;
    mux_stream_leave_line(stream);
    if (place == MUX_NOWHERE)
        return;
    stream->place = place;
    list_append(place == MUX_IN_BULK ? &mux->bulk : &line_of(mux, stream->channel)->in_urgent,
                &stream->in_line);
    mux->waiting++;
}

static void send_end(struct mux_stream *stream)
{
    uint8_t type = stream->is_broken ? FRAME_ERROR : type_of(stream, FRAME_REQ_END, FRAME_RES_END);
    send_frame(stream, type, buf_bytes(&stream->trailers));
    buf_deinit(&stream->trailers);
    stream->sent = HALF_ENDED;
    if (stream->is_detached)
        mux_stream_free(stream);
}

static bool can_send_urgent(struct mux_stream *stream)
{
    struct mux *mux = stream->mux;
    return stream->heads.len > 0 ? can_send_queued(mux, stream->channel, &stream->heads)
                                 : can_send(mux, stream->channel, MUX_SMALL, stream->trailers.len);
}

/* A head, or the end. */
static void send_urgent(struct mux_stream *stream)
{
    mux_stream_leave_line(stream);
    if (stream->heads.len == 0) {
        send_end(stream);
        return;
    }
    stream->head_message = send_queued(stream->mux, stream->channel, &stream->heads);
    if (stream->heads.len == 0 && !stream->mux->spare.data)
        swap_spare(stream);
    if (stream->given != HALF_HEAD) /* of a provider's interim response the head is yet to come */
        stream->sent = HALF_BODY;
    take_place(stream);
}

/* So much of a body is one frame, if it may go now; else nothing. */
static struct span next_body(struct mux_stream *stream, struct span bytes)
{
    size_t credit = mux_flow_credit(stream);
    size_t most = credit < FRAME_BODY_MAX ? credit : FRAME_BODY_MAX;
    if (bytes.len > most)
        bytes.len = most;
    if (bytes.len > 0 && !can_send(stream->mux, stream->channel, MUX_BULK, bytes.len))
        bytes.len = 0;
    return bytes;
}

static void put_body(struct mux_stream *stream, struct span bytes)
{
    send_frame(stream, type_of(stream, FRAME_REQ_BODY, FRAME_RES_BODY), bytes);
    mux_flow_spend(stream, bytes.len);
}

/* The stream is in line again before on_drain, under which it may go. */
static void send_body(struct mux_stream *stream, struct span bytes)
{
    mux_stream_leave_line(stream);
    put_body(stream, bytes);
    buf_consume(&stream->queue, bytes.len);
    take_place(stream);
    mux_stream_check_drain(stream);
}

/* Nobody waits. */
static bool is_first(const struct mux_stream *stream)
{
    const struct mux *mux = stream->mux;
    return !mux->is_flushing && mux->control_bytes == 0 && mux->waiting == 0 &&
           stream->queue.len == 0;
}

size_t mux_stream_room(const struct mux_stream *stream)
{
    const struct mux *mux = stream->mux;
    if (mux->state == MUX_DEAD || !is_first(stream))
        return 0;
    size_t room = mux->handlers.room(mux->arg);
    size_t credit = mux_flow_credit(stream);
    return room < credit ? room : credit;
}

size_t mux_stream_write_through(struct mux_stream *stream, struct span bytes)
{
    size_t sent = 0;
    if (!is_first(stream))
        return 0;
    for (struct span part; (part = next_body(stream, span_skip(bytes, sent))).len > 0;) {
        put_body(stream, part);
        sent += part.len;
    }
    return sent;
}

/* --- turns ---------------------------------------------------------------- */

static void flush_line(struct mux *mux, unsigned channel)
{
    struct mux_line *line = mux->lines[channel];
    if (!line)
        return;
    while (line->control.len > 0 && can_send_queued(mux, channel, &line->control)) {
        size_t before = line->control.len;
        send_queued(mux, channel, &line->control);
        mux->control_bytes -= before - line->control.len;
    }
    for (struct list *first; (first = list_first(&line->in_urgent)) != NULL;) {
        struct mux_stream *stream = LIST_ENTRY(first, struct mux_stream, in_line);
        if (!can_send_urgent(stream))
            return;
        send_urgent(stream);
    }
}

/* For what its user may bring; where not, mux_flush() follows. */
static bool has_room(const struct mux_stream *stream)
{
    const struct mux *mux = stream->mux;
    return mux->state != MUX_DEAD && mux->handlers.can_send(stream->channel, MUX_BULK, mux->arg);
}

/* It has the line's first place and nothing to send: where there is room its
 * user is asked for more. */
static bool ask_for_more(struct mux_stream *stream)
{
    if (!has_room(stream))
        return false;
    stream->awaits_room = false;
    mux_stream_leave_line(stream);
    mux_stream_check_drain(stream);
    return true;
}

static bool flush_one_body(struct mux *mux)
{
    struct list *first = list_first(&mux->bulk);
    if (!first)
        return false;
    struct mux_stream *stream = LIST_ENTRY(first, struct mux_stream, in_line);
    if (mux->bundled != 0 && can_send(mux, stream->channel, MUX_BULK, 0))
        mux_end_turn(mux); /* what is small goes first */
    if (stream->queue.len == 0)
        return ask_for_more(stream);
    struct span bytes = next_body(stream, buf_bytes(&stream->queue));
    if (bytes.len == 0)
        return false;
    send_body(stream, bytes);
    return true;
}

void mux_flush(struct mux *mux)
{
    if (mux->is_flushing)
        return;
    if (mux->bundled != 0) /* the channel may not have taken it when the last turn ended */
        mux->handlers.end_turn_later(mux->arg);
    mux->is_flushing = true;
    do {
        for (unsigned channel = 0; channel <= mux->channels; channel++)
            flush_line(mux, channel);
    } while (flush_one_body(mux));
    mux->is_flushing = false;
}

/* Most heads and ends find nobody else in line, and have no need to go from
 * channel to channel. */
static void flush_alone(struct mux *mux, unsigned channel)
{
    mux->is_flushing = true;
    flush_line(mux, channel);
    mux->is_flushing = false;
}

bool mux_stream_await_room(struct mux_stream *stream)
{
    stream->awaits_room = stream->queue.len == 0 && !has_room(stream);
    take_place(stream);
    return stream->awaits_room;
}

void mux_stream_line_up(struct mux_stream *stream)
{
    struct mux *mux = stream->mux;
    take_place(stream);
    bool is_alone = mux->waiting == 1 && mux->control_bytes == 0;
    if (is_alone && stream->place == MUX_IN_URGENT && !mux->is_flushing)
        flush_alone(mux, stream->channel);
    if (mux->waiting > 0 || mux->control_bytes > 0)
        mux_flush(mux);
}
