/*
 * Who gets a frame that arrives, and whether it may come now. What the other
 * side says is checked here and in the decoders, before a byte of it reaches
 * a user.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/utf8.h"
#include "tunnel/field_section.h"
#include "tunnel/mux_internal.h"
#include "tunnel/payload.h"

enum { REFUSAL_MAX = 128 };

struct mux *mux_new(enum mux_role role, unsigned features, const struct mux_handlers *handlers,
                    void *arg)
{
    struct mux *mux = xcalloc(1, sizeof *mux);
    mux->role = role;
    mux->offered = features_usable(features);
    mux->handlers = *handlers;
    mux->arg = arg;
    mux->next_id = 1;
    mux->ping_at_us = TIME_NEVER;
    mux->dead_at_us = TIME_NEVER;
    for (size_t i = 0; i < MUX_BUCKETS; i++)
        list_init(&mux->buckets[i]);
    mux_send_init(mux);
    return mux;
}

void mux_free(struct mux *mux)
{
    assert(mux->streams == 0);
    mux_send_deinit(mux);
    free(mux);
}

/* The other side broke the rules on a stream: tells both ends. */
static void violate(struct mux_stream *stream, const char *text)
{
    mux_send_error(stream->mux, stream->channel, stream->id, STREAM_MALFORMED, text);
    mux_stream_fail(stream, STREAM_MALFORMED, text);
}

/* --- heads ---------------------------------------------------------------- */

static int decode_request(const struct mux *mux, struct span payload, struct head *out)
{
    return mux_has(mux, FEATURE_FIELDS) ? request_fields_decode(payload, out)
                                        : request_json_decode(payload, out);
}

static int decode_response(const struct mux *mux, struct span payload, struct head *out)
{
    return mux_has(mux, FEATURE_FIELDS) ? response_fields_decode(payload, out)
                                        : response_json_decode(payload, out);
}

static void refuse(struct mux *mux, uint32_t id, enum stream_error error, const char *text)
{
    mux_note(mux, MUX_NOTE_DROPPED, "refused stream %u: %s", id, text);
    mux_send_error(mux, mux_channel_of(mux, id), id, error, text);
}

/* Else why not. */
static bool take_stream(const struct mux *mux, char why[REFUSAL_MAX])
{
    struct consumer *consumer = mux->consumer;
    bool has_room = mux->streams < MUX_STREAMS_MAX;
    if (has_room && (!consumer || budget_take(&consumer->streams, 1)))
        return true;
    if (consumer && consumer->streams.used == consumer->streams.most)
        snprintf(why, REFUSAL_MAX,
                 "%zu requests of this proxy are under way, and more are not allowed at once "
                 "(serve --max-streams)",
                 consumer->streams.used);
    else
        snprintf(why, REFUSAL_MAX, "too many requests at once");
    return false;
}

static void on_request(struct mux *mux, const struct frame *frame)
{
    char why[REFUSAL_MAX];
    uint32_t id = frame->stream_id;
    if (mux->state != MUX_READY || id == 0 || mux_stream_find(mux, id)) {
        mux_note(mux, MUX_NOTE_DROPPED, "dropped a request on stream %u, which is %s", id,
                 mux->state != MUX_READY ? "before HELLO"
                 : id                    ? "open"
                                         : "no stream");
        return;
    }
    struct head head;
    if (id > mux->highest_id) /* also of one that is refused: more of it is on its way */
        mux->highest_id = id;
    head_init(&head);
    bool is_valid = decode_request(mux, frame->payload, &head) == 0;
    if (!is_valid || (head.framing == HTTP_BODY_PIPE && !mux_has(mux, FEATURE_UPGRADE))) {
        refuse(mux, id, STREAM_MALFORMED, "the request's head is malformed");
    } else if (!take_stream(mux, why)) {
        refuse(mux, id, STREAM_TOO_MANY, why);
    } else {
        struct mux_stream *stream = mux_stream_new(mux, id);
        stream->received = HALF_BODY;
        stream->request_framing = head.framing;
        stream->is_framing_known = head.is_framing_known;
        stream->is_connect = span_is_string(head.method, "CONNECT");
        stream->is_detached = true; /* until it is accepted */
        mux->handlers.on_request(stream, &head, mux->arg);
    }
    head_deinit(&head);
}

/* What is malformed ends the stream, where the frames can say so. Version 1
 * drops it; what follows is then out of order. */
static void on_malformed_head(struct mux_stream *stream, const struct frame *frame)
{
    if (mux_has(stream->mux, FEATURE_FIELDS))
        violate(stream, "the response's head is malformed");
    else
        mux_note(stream->mux, MUX_NOTE_DROPPED, "dropped a %s on stream %u that is malformed",
                 frame_type_name(frame->type), frame->stream_id);
}

/* Whether that head may answer that request: of a pipe both ends of the tunnel
 * must think the same, or one would wait for an end that the other has seen. */
static bool is_answer(const struct mux_stream *stream, const struct head *head)
{
    int status = head->status;
    bool is_switch = stream->request_framing == HTTP_BODY_PIPE &&
                     (stream->is_connect ? status / 100 == 2 : status == 101);
    return status == 101 ? is_switch && head->framing == HTTP_BODY_PIPE
                         : status >= 200 && is_switch == (head->framing == HTTP_BODY_PIPE);
}

static void on_response(struct mux_stream *stream, const struct frame *frame)
{
    struct head head;
    head_init(&head);
    if (decode_response(stream->mux, frame->payload, &head) == 0 && is_answer(stream, &head)) {
        stream->received = HALF_BODY;
        stream->response_framing = head.framing;
        stream->handlers.on_head(&head, stream->arg);
    } else {
        on_malformed_head(stream, frame);
    }
    head_deinit(&head);
}

static void on_interim(struct mux_stream *stream, const struct frame *frame)
{
    struct head head;
    if (!mux_has(stream->mux, FEATURE_INTERIM) || ++stream->interim_count > MUX_INTERIM_MAX)
        return;
    head_init(&head);
    bool is_interim = decode_response(stream->mux, frame->payload, &head) == 0 &&
                      head.status < 200 && head.status != 101;
    if (is_interim)
        stream->handlers.on_interim(&head, stream->arg);
    else
        on_malformed_head(stream, frame);
    head_deinit(&head);
}

/* --- bodies and ends ------------------------------------------------------ */

static void on_body(struct mux_stream *stream, struct span bytes, uint64_t now_us)
{
    if (bytes.len == 0)
        return;
    if (!mux_flow_receive(stream, bytes.len, now_us))
        violate(stream, "a body is longer than was granted");
    else
        stream->handlers.on_body(bytes, stream->arg);
}

static void on_end(struct mux_stream *stream, struct span payload)
{
    struct http_field fields[HTTP_FIELDS_MAX];
    size_t count = 0;
    if (mux_has(stream->mux, FEATURE_FIELDS) && trailers_decode(payload, fields, &count) < 0)
        violate(stream, "the trailers are malformed");
    else
        mux_stream_on_end(stream, (struct http_fields){fields, count});
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

/* Takes the code off; words alone where there is none. */
static enum stream_error take_code(const struct mux *mux, const struct frame *frame,
                                   struct span *text)
{
    *text = frame->payload;
    if (!mux_has(mux, FEATURE_FIELDS) || frame->stream_id == 0 || text->len < 2)
        return STREAM_UNSPECIFIED;
    unsigned code = get_u16be(text->data);
    *text = span_skip(*text, 2);
    return code < STREAM_ERRORS ? (enum stream_error)code : STREAM_UNSPECIFIED;
}

static void on_error(struct mux *mux, const struct frame *frame)
{
    char text[512];
    struct span words;
    enum stream_error error = take_code(mux, frame, &words);
    copy_error_text(words, text, sizeof text);
    if (frame->stream_id == 0) {
        char reason[600];
        mux->is_turned_away = !mux->is_let_in && mux_has(mux, FEATURE_FIELDS);
        snprintf(reason, sizeof reason, "the other side ended the session: %s", text);
        mux_die(mux, reason, MUX_UNLIKE);
        return;
    }
    struct mux_stream *stream = mux_stream_find(mux, frame->stream_id);
    /* For an unknown stream: the two ends crossed each other. */
    if (stream)
        mux_stream_fail(stream, error, text);
}

static void on_window(struct mux *mux, const struct frame *frame)
{
    struct mux_stream *stream = mux_stream_find(mux, frame->stream_id);
    if (!mux_has(mux, FEATURE_FLOW)) {
        mux_note(mux, MUX_NOTE_DROPPED, "dropped a WINDOW: `flow` was not agreed on");
        return;
    }
    if (!stream)
        return; /* it crossed the stream's end */
    if (!mux_flow_add_credit(stream, frame->payload)) {
        violate(stream, "a WINDOW is malformed or grants too much");
        return;
    }
    mux_stream_line_up(stream);
    /* It may be gone: its end was what waited. */
    stream = mux_stream_find(mux, frame->stream_id);
    if (stream)
        mux_stream_check_drain(stream);
}

/* --- dispatch ------------------------------------------------------------- */

/* Whether a frame of that type comes from the other side's role. */
static bool is_expected(const struct mux *mux, uint8_t type)
{
    bool is_request = type >= FRAME_REQ_HEADERS && type <= FRAME_REQ_END;
    return is_request == (mux->role == MUX_PROVIDER);
}

/* Whether the frame may come at this point of its exchange: a head first and
 * once, a body where the head announced one, nothing behind the end. */
static bool is_in_order(const struct mux_stream *stream, uint8_t type)
{
    if (stream->received == HALF_ENDED)
        return false;
    bool is_head = type == FRAME_RES_HEADERS || type == FRAME_RES_INTERIM;
    if (stream->mux->role == MUX_CONSUMER)
        return is_head == (stream->received == HALF_HEAD);
    if (type == FRAME_REQ_END || !stream->is_framing_known || mux_stream_is_pipe(stream))
        return true;
    return stream->request_framing == HTTP_BODY_LENGTH ||
           stream->request_framing == HTTP_BODY_UNKNOWN;
}

/* Whether the stream was open, or refused, once. */
static bool is_late(const struct mux *mux, uint32_t id)
{
    return id != 0 && (mux->role == MUX_CONSUMER ? id < mux->next_id : id <= mux->highest_id);
}

static void on_stream_frame(struct mux *mux, const struct frame *frame, uint64_t now_us)
{
    struct mux_stream *stream = mux_stream_find(mux, frame->stream_id);
    if (!is_expected(mux, frame->type) || !stream) {
        mux_note(mux, is_late(mux, frame->stream_id) ? MUX_NOTE_LATE : MUX_NOTE_DROPPED,
                 "dropped a %s on stream %u, which is %s", frame_type_name(frame->type),
                 frame->stream_id, stream ? "not ours to receive" : "not open");
        return;
    }
    if (stream->is_detached)
        return; /* the response is complete; the rest of the request does not matter */
    if (!is_in_order(stream, frame->type)) {
        violate(stream, "the exchange's frames are out of order");
        return;
    }
    switch (frame->type) {
    case FRAME_RES_HEADERS:
        on_response(stream, frame);
        break;
    case FRAME_RES_INTERIM:
        on_interim(stream, frame);
        break;
    case FRAME_REQ_BODY:
    case FRAME_RES_BODY:
        on_body(stream, frame->payload, now_us);
        break;
    default: /* FRAME_REQ_END, FRAME_RES_END */
        on_end(stream, frame->payload);
    }
}

/* Whether it may come from who lets nobody in (docs/PROTOCOL.md, "ERROR"). */
static bool is_of_doorkeeper(const struct frame *frame)
{
    return frame->type == FRAME_AGREE || frame->type == FRAME_PING ||
           (frame->type == FRAME_ERROR && frame->stream_id == 0);
}

static void on_frame(struct mux *mux, const struct frame *frame, uint64_t now_us)
{
    mux->is_let_in = mux->is_let_in || !is_of_doorkeeper(frame);
    switch (frame->type) {
    case FRAME_HELLO:
        mux_on_hello(mux, frame, now_us);
        break;
    case FRAME_AGREE:
        mux_on_agree(mux, frame, now_us);
        break;
    case FRAME_PING:
        mux->pinged_us = now_us;
        mux_send_control(mux, 0, FRAME_PONG, 0, (struct span){0});
        break;
    case FRAME_PONG:
        mux_on_pong(mux, now_us);
        break;
    case FRAME_WINDOW:
        on_window(mux, frame);
        break;
    case FRAME_ERROR:
        on_error(mux, frame);
        break;
    case FRAME_REQ_HEADERS:
        if (mux->role == MUX_PROVIDER)
            on_request(mux, frame);
        else
            mux_note(mux, MUX_NOTE_DROPPED, "dropped a request: this side is the consumer");
        break;
    case FRAME_REQ_BODY:
    case FRAME_REQ_END:
    case FRAME_RES_HEADERS:
    case FRAME_RES_BODY:
    case FRAME_RES_END:
    case FRAME_RES_INTERIM:
        on_stream_frame(mux, frame, now_us);
        break;
    default:
        mux_note(mux, MUX_NOTE_DROPPED, "dropped a frame of unknown type %u", frame->type);
    }
}

/* Each of its frames may end the session. What a malformed one was to say is
 * not known, and streams that lack it would look whole. */
static void on_bundle(struct mux *mux, struct span payload, uint64_t now_us)
{
    struct frame frame;
    if (!mux_has(mux, FEATURE_BUNDLE)) {
        mux_note(mux, MUX_NOTE_DROPPED, "dropped a BUNDLE: `bundle` was not agreed on");
    } else if (!bundle_is_valid(payload)) {
        mux_refuse(mux, "a BUNDLE is malformed");
        mux_die(mux, "the other side sent a BUNDLE that is malformed", MUX_UNLIKE);
    } else {
        while (mux->state != MUX_DEAD && bundle_next(&payload, &frame))
            on_frame(mux, &frame, now_us);
    }
}

void mux_feed(struct mux *mux, unsigned channel, struct span message, uint64_t now_us)
{
    if (mux->state == MUX_DEAD)
        return;
    struct frame frame;
    if (channel > mux->channels || frame_decode(message, &frame) < 0) {
        mux_note(mux, MUX_NOTE_DROPPED, "dropped a message of %zu bytes that is %s", message.len,
                 channel > mux->channels ? "on a channel which was not agreed on" : "no frame");
        return;
    }
    mux_hear(mux, now_us);
    if (frame.type == FRAME_BUNDLE)
        on_bundle(mux, frame.payload, now_us);
    else
        on_frame(mux, &frame, now_us);
}
