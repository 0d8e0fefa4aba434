/*
 * The session: handshake, liveness, and who gets a frame that arrives.
 *
 * Liveness. Each side pings every 10 s, whatever else it sends, because the
 * other side may have stopped reading us: our PING is then the frame that
 * keeps it from giving us up, and a PONG could not be. Silence counts only
 * while we listen; a session whose reading is paused by a slow local reader
 * cannot hear.
 *
 * Frames that concern no queue (handshake, PING, PONG, ERROR) go out at once,
 * or wait in `control`, in front of every stream.
 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/utf8.h"
#include "tunnel/mux_internal.h"
#include "tunnel/payload.h"

static const unsigned our_features = FEATURE_SSE;

struct mux *mux_new(enum mux_role role, const struct mux_handlers *handlers, void *arg)
{
    struct mux *mux = xcalloc(1, sizeof *mux);
    mux->role = role;
    mux->handlers = *handlers;
    mux->arg = arg;
    mux->next_id = 1;
    mux->ping_at_us = TIME_NEVER;
    mux->dead_at_us = TIME_NEVER;
    for (size_t i = 0; i < MUX_BUCKETS; i++)
        list_init(&mux->buckets[i]);
    list_init(&mux->ready);
    buf_init(&mux->control, MUX_CONTROL_QUEUE_MAX);
    return mux;
}

void mux_free(struct mux *mux)
{
    assert(mux->streams == 0);
    buf_deinit(&mux->control);
    free(mux);
}

size_t mux_stream_count(const struct mux *mux)
{
    return mux->streams;
}

void mux_note(struct mux *mux, bool is_late, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mux->handlers.on_note(text, is_late, mux->arg);
}

/* --- the end -------------------------------------------------------------- */

void mux_die(struct mux *mux, const char *text, bool wrong_role)
{
    if (mux->state == MUX_DEAD)
        return;
    mux->state = MUX_DEAD;
    mux->handlers.on_dead(text, wrong_role, mux->arg);
}

void mux_fail(struct mux *mux, const char *text)
{
    mux->state = MUX_DEAD;
    for (size_t i = 0; i < MUX_BUCKETS; i++) {
        /* Always the first: a handler may end others, too. */
        for (struct list *link; (link = list_first(&mux->buckets[i])) != NULL;)
            mux_stream_fail(LIST_ENTRY(link, struct mux_stream, by_id), text);
    }
}

/* --- sending -------------------------------------------------------------- */

enum { CONTROL_LEN = 4 }; /* in front of each frame in the control queue */

void mux_send_control(struct mux *mux, uint8_t type, uint32_t stream_id, struct span payload)
{
    if (mux->state == MUX_DEAD)
        return;
    if (payload.len > FRAME_PAYLOAD_MAX)
        payload.len = FRAME_PAYLOAD_MAX;
    uint8_t prefix[CONTROL_LEN + FRAME_HEADER_LEN];
    put_u32be(prefix, (uint32_t)(FRAME_HEADER_LEN + payload.len));
    frame_encode_header(type, stream_id, prefix + CONTROL_LEN);
    if (mux->control.len == 0 && mux->handlers.can_send(mux->arg)) {
        mux->handlers.send(span_of(prefix + CONTROL_LEN, FRAME_HEADER_LEN), payload, mux->arg);
        return;
    }
    if (buf_room(&mux->control) < sizeof prefix + payload.len) {
        mux_die(mux, "the other side makes us answer but does not read", false);
        return;
    }
    buf_append(&mux->control, span_of(prefix, sizeof prefix));
    buf_append(&mux->control, payload);
}

static void flush_control(struct mux *mux)
{
    while (mux->control.len > 0 && mux->handlers.can_send(mux->arg)) {
        struct span queued = buf_bytes(&mux->control);
        assert(queued.data); /* there is a frame: the queue is not empty */
        size_t len = get_u32be(queued.data);
        struct span frame = span_of(queued.data + CONTROL_LEN, len);
        mux->handlers.send(frame, (struct span){0}, mux->arg);
        buf_consume(&mux->control, CONTROL_LEN + len);
    }
}

void mux_flush(struct mux *mux)
{
    if (mux->is_flushing || mux->state == MUX_DEAD)
        return;
    mux->is_flushing = true;
    flush_control(mux);
    while (mux->state != MUX_DEAD && mux->handlers.can_send(mux->arg)) {
        struct list *link = list_first(&mux->ready);
        if (!link)
            break;
        mux_stream_send_next(LIST_ENTRY(link, struct mux_stream, in_ready));
    }
    mux->is_flushing = false;
}

/* --- time ----------------------------------------------------------------- */

static void send_ping(struct mux *mux, uint64_t now_us)
{
    if (mux->ping_sent_us == 0)
        mux->ping_sent_us = now_us;
    mux->ping_at_us = now_us + MUX_PING_INTERVAL_US;
    mux_send_control(mux, FRAME_PING, 0, (struct span){0});
}

void mux_start(struct mux *mux, uint64_t now_us)
{
    assert(mux->state == MUX_STARTING);
    mux->last_heard_us = now_us;
    mux->dead_at_us = now_us + MUX_HELLO_TIMEOUT_US;
    if (mux->role == MUX_PROVIDER)
        return;
    struct hello hello = {PROTOCOL_VERSION, PROTOCOL_VERSION, our_features};
    char *json = hello_encode(&hello);
    mux_send_control(mux, FRAME_HELLO, 0, span_from_string(json));
    free(json);
}

static void become_ready(struct mux *mux, uint64_t now_us)
{
    if (mux->state != MUX_STARTING)
        return;
    mux->state = MUX_READY;
    mux->dead_at_us = TIME_NEVER;
    send_ping(mux, now_us);
    mux->handlers.on_ready(mux->arg);
}

void mux_probe(struct mux *mux, uint64_t now_us)
{
    if (mux->state != MUX_READY || mux->paused > 0)
        return;
    mux->dead_at_us = now_us + MUX_PROBE_US;
    send_ping(mux, now_us);
}

uint64_t mux_deadline_us(const struct mux *mux)
{
    if (mux->state == MUX_DEAD)
        return TIME_NEVER;
    uint64_t deadline = mux->dead_at_us;
    if (mux->state == MUX_READY) {
        uint64_t silent_at = mux->last_heard_us + MUX_DEAD_AFTER_US;
        if (silent_at < deadline)
            deadline = silent_at;
        if (mux->ping_at_us < deadline)
            deadline = mux->ping_at_us;
    }
    return deadline;
}

static const char *deadline_text(const struct mux *mux)
{
    if (mux->state == MUX_READY)
        return "the other side went silent";
    if (mux->role == MUX_CONSUMER)
        return "the other side did not answer HELLO; is it a tunnel?";
    return "the other side did not say HELLO; is it a `tunnel proxy`?";
}

void mux_on_deadline(struct mux *mux, uint64_t now_us)
{
    if (mux->paused > 0)
        mux->was_paused = true;
    if (mux->was_paused) {
        /* We have not listened: start counting anew. */
        mux->last_heard_us = now_us;
        mux->was_paused = mux->paused > 0;
        if (mux->state == MUX_READY)
            mux->dead_at_us = TIME_NEVER;
    }
    bool is_silent = mux->state == MUX_READY && now_us >= mux->last_heard_us + MUX_DEAD_AFTER_US;
    if (is_silent || now_us >= mux->dead_at_us) {
        mux_die(mux, deadline_text(mux), false);
        return;
    }
    if (mux->state == MUX_READY && now_us >= mux->ping_at_us)
        send_ping(mux, now_us);
}

/* --- receiving: the session ------------------------------------------------ */

static void on_hello(struct mux *mux, const struct frame *frame, uint64_t now_us)
{
    struct hello hello;
    if (mux->role == MUX_CONSUMER) {
        mux_die(mux, "the other side is a consumer (`tunnel proxy`), as we are", true);
        return;
    }
    int error = hello_decode(frame->payload, &hello);
    if (error) {
        mux_note(mux, false, "dropped a HELLO that is %s",
                 error == -EPROTONOSUPPORT ? "not of httptunnel" : "malformed");
        return;
    }
    if (hello.min_version > PROTOCOL_VERSION || hello.max_version < PROTOCOL_VERSION) {
        mux_send_control(mux, FRAME_ERROR, 0, SPAN_LITERAL("this side speaks version 1 only"));
        mux_die(mux, "the other side does not speak version 1", false);
        return;
    }
    struct agree agree = {PROTOCOL_VERSION, hello.features & our_features};
    char *json = agree_encode(&agree);
    mux_send_control(mux, FRAME_AGREE, 0, span_from_string(json));
    free(json);
    become_ready(mux, now_us);
}

static void on_agree(struct mux *mux, const struct frame *frame, uint64_t now_us)
{
    struct agree agree;
    if (mux->role == MUX_PROVIDER) {
        mux_die(mux, "the other side is a provider (`tunnel serve`), as we are", true);
        return;
    }
    if (agree_decode(frame->payload, &agree) < 0) {
        mux_note(mux, false, "dropped an AGREE that is malformed");
        return;
    }
    if (agree.version != PROTOCOL_VERSION) {
        mux_die(mux, "the other side agreed to a version that we did not offer", false);
        return;
    }
    become_ready(mux, now_us);
}

static void on_pong(struct mux *mux, uint64_t now_us)
{
    if (mux->ping_sent_us == 0)
        return;
    uint64_t rtt_us = now_us - mux->ping_sent_us;
    mux->ping_sent_us = 0;
    mux->handlers.on_rtt(rtt_us, mux->arg);
}

/* --- receiving: streams ----------------------------------------------------- */

static void on_request(struct mux *mux, const struct frame *frame)
{
    if (frame->stream_id == 0 || mux_stream_find(mux, frame->stream_id)) {
        mux_note(mux, false, "dropped a request on stream %u, which is %s", frame->stream_id,
                 frame->stream_id ? "open" : "no stream");
        return;
    }
    struct head head;
    head_init(&head);
    const char *refusal = NULL;
    if (request_decode(frame->payload, &head) < 0)
        refusal = "the request's head is malformed";
    else if (mux->streams >= MUX_STREAMS_MAX)
        refusal = "too many requests at once";
    if (refusal) {
        mux_note(mux, false, "refused stream %u: %s", frame->stream_id, refusal);
        mux_send_control(mux, FRAME_ERROR, frame->stream_id, span_from_string(refusal));
    } else {
        struct mux_stream *stream = mux_stream_new(mux, frame->stream_id);
        if (frame->stream_id > mux->highest_id)
            mux->highest_id = frame->stream_id;
        stream->is_detached = true; /* until it is accepted */
        mux->handlers.on_request(stream, &head, mux->arg);
    }
    head_deinit(&head);
}

static void on_response(struct mux *mux, struct mux_stream *stream, const struct frame *frame)
{
    struct head head;
    head_init(&head);
    if (response_decode(frame->payload, &head) == 0) {
        stream->has_head = true;
        stream->handlers.on_head(&head, stream->arg);
    } else {
        mux_note(mux, false, "dropped a RES_HEADERS on stream %u that is malformed",
                 frame->stream_id);
    }
    head_deinit(&head);
}

static void on_response_end(struct mux_stream *stream)
{
    struct mux *mux = stream->mux;
    struct mux_stream_handlers handlers = stream->handlers;
    void *arg = stream->arg;
    uint32_t id = stream->id;
    bool is_incomplete = !stream->is_end_sent;
    mux_stream_free(stream);
    if (is_incomplete)
        mux_send_control(mux, FRAME_ERROR, id,
                         SPAN_LITERAL("the response was complete before the request"));
    handlers.on_end(arg);
}

/* The text of an ERROR frame, made fit for logs and JSON. */
static void copy_error_text(struct span payload, char *out, size_t size)
{
    if (payload.len > size - 1)
        payload.len = size - 1;
    /* Cut back to whole characters. */
    while (payload.len > 0 && !utf8_is_valid(payload))
        payload.len--;
    snprintf(out, size, "%.*s", SPAN_ARG(payload));
    if (out[0] == '\0')
        snprintf(out, size, "no reason was given");
}

static void on_error(struct mux *mux, const struct frame *frame)
{
    char text[512];
    copy_error_text(frame->payload, text, sizeof text);
    if (frame->stream_id == 0) {
        char reason[600];
        snprintf(reason, sizeof reason, "the other side ended the session: %s", text);
        mux_die(mux, reason, false);
        return;
    }
    struct mux_stream *stream = mux_stream_find(mux, frame->stream_id);
    /* For an unknown stream: the two ends crossed each other. */
    if (stream)
        mux_stream_fail(stream, text);
}

/* Whether a frame of that type comes from the other side's role. */
static bool is_expected(const struct mux *mux, uint8_t type)
{
    bool is_request = type >= FRAME_REQ_HEADERS && type <= FRAME_REQ_END;
    return is_request == (mux->role == MUX_PROVIDER);
}

/* Whether the frame may come at this point of its exchange: a head first and
 * once, nothing behind the end. */
static bool is_in_order(const struct mux_stream *stream, uint8_t type)
{
    if (stream->mux->role == MUX_PROVIDER)
        return !stream->is_request_complete;
    return stream->has_head == (type != FRAME_RES_HEADERS);
}

/* Whether the stream was open once. */
static bool is_late(const struct mux *mux, uint32_t id)
{
    return id != 0 && (mux->role == MUX_CONSUMER ? id < mux->next_id : id <= mux->highest_id);
}

static void on_stream_frame(struct mux *mux, const struct frame *frame)
{
    struct mux_stream *stream = mux_stream_find(mux, frame->stream_id);
    if (!is_expected(mux, frame->type) || !stream) {
        mux_note(mux, is_late(mux, frame->stream_id), "dropped a %s on stream %u, which is %s",
                 frame_type_name(frame->type), frame->stream_id,
                 stream ? "not ours to receive" : "not open");
        return;
    }
    if (stream->is_detached)
        return; /* the response is complete; the rest of the request does not matter */
    if (!is_in_order(stream, frame->type)) {
        static const char text[] = "the exchange's frames are out of order";
        mux_send_control(mux, FRAME_ERROR, frame->stream_id, SPAN_LITERAL(text));
        mux_stream_fail(stream, text);
        return;
    }
    switch (frame->type) {
    case FRAME_RES_HEADERS:
        on_response(mux, stream, frame);
        break;
    case FRAME_REQ_BODY:
    case FRAME_RES_BODY:
        if (frame->payload.len > 0)
            stream->handlers.on_body(frame->payload, stream->arg);
        break;
    case FRAME_REQ_END:
        stream->is_request_complete = true;
        stream->handlers.on_end(stream->arg);
        break;
    case FRAME_RES_END:
        on_response_end(stream);
        break;
    }
}

void mux_feed(struct mux *mux, struct span message, uint64_t now_us)
{
    if (mux->state == MUX_DEAD)
        return;
    struct frame frame;
    if (frame_decode(message, &frame) < 0) {
        mux_note(mux, false, "dropped a message of %zu bytes that is no frame", message.len);
        return;
    }
    mux->last_heard_us = now_us;
    if (mux->state == MUX_READY)
        mux->dead_at_us = TIME_NEVER;
    switch (frame.type) {
    case FRAME_HELLO:
        on_hello(mux, &frame, now_us);
        break;
    case FRAME_AGREE:
        on_agree(mux, &frame, now_us);
        break;
    case FRAME_PING:
        mux_send_control(mux, FRAME_PONG, 0, (struct span){0});
        break;
    case FRAME_PONG:
        on_pong(mux, now_us);
        break;
    case FRAME_ERROR:
        on_error(mux, &frame);
        break;
    case FRAME_REQ_HEADERS:
        if (mux->role == MUX_PROVIDER)
            on_request(mux, &frame);
        else
            mux_note(mux, false, "dropped a request: this side is the consumer");
        break;
    case FRAME_REQ_BODY:
    case FRAME_REQ_END:
    case FRAME_RES_HEADERS:
    case FRAME_RES_BODY:
    case FRAME_RES_END:
        on_stream_frame(mux, &frame);
        break;
    default:
        mux_note(mux, false, "dropped a frame of unknown type %u", frame.type);
    }
}
