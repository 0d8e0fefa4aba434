/*
 * One exchange, from either end: what its user calls, and when it is over.
 *
 * A stream that only has to go out yet (a provider's complete response) is
 * detached from its user: it has no handlers, and frees itself with its last
 * frame.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "http/framing.h"
#include "tunnel/field_section.h"
#include "tunnel/mux_internal.h"
#include "tunnel/payload.h"

enum { SHORT_MAX = 512 /* a body that hardly needs a channel */ };

/* The response is complete. The provider waits for no content that the head
 * did not announce. */
static void end_consumer(struct mux_stream *stream)
{
    struct mux *mux = stream->mux;
    uint32_t id = stream->id;
    unsigned channel = stream->channel;
    bool is_end_sent = stream->sent == HALF_ENDED;
    bool has_content =
        stream->request_framing == HTTP_BODY_LENGTH || stream->request_framing == HTTP_BODY_UNKNOWN;
    mux_stream_free(stream);
    if (has_content && !is_end_sent)
        mux_send_error(mux, channel, id, STREAM_CANCELLED,
                       "the response was complete before the request");
}

/* Nothing more is read from the other side. */
static void detach(struct mux_stream *stream)
{
    stream->is_detached = true;
    mux_flow_close(stream);
    if (stream->sent == HALF_ENDED)
        mux_stream_free(stream);
}

void mux_stream_on_end(struct mux_stream *stream, struct http_fields trailers)
{
    struct mux_stream_handlers handlers = stream->handlers;
    void *arg = stream->arg;
    stream->received = HALF_ENDED;
    if (stream->mux->role == MUX_CONSUMER && !mux_stream_is_pipe(stream))
        end_consumer(stream);
    else if (stream->given == HALF_ENDED)
        detach(stream);
    handlers.on_end(trailers, arg);
}

/* --- heads ---------------------------------------------------------------- */

static int encode_request(struct mux_stream *stream, const struct head *request)
{
    if (mux_has(stream->mux, FEATURE_FIELDS))
        return request_fields_encode(request, &stream->heads);
    char *json = request_json_encode(request, stream->id);
    struct span payload = span_from_string(json);
    int error = payload.len > FRAME_PAYLOAD_MAX ? -EMSGSIZE : buf_append(&stream->heads, payload);
    free(json);
    return error;
}

static int encode_response(struct mux_stream *stream, const struct head *response)
{
    if (mux_has(stream->mux, FEATURE_FIELDS))
        return response_fields_encode(response, &stream->heads);
    bool was_lossy;
    char *json = response_json_encode(response, stream->id, &was_lossy);
    struct span payload = span_from_string(json);
    int error = payload.len > FRAME_PAYLOAD_MAX ? -EMSGSIZE : buf_append(&stream->heads, payload);
    free(json);
    if (was_lossy && error == 0)
        mux_note(stream->mux, MUX_NOTE_LOST,
                 "stream %u: of several Set-Cookie fields only the last got through: the other "
                 "side has no `fields`",
                 stream->id);
    return error;
}

/* Queues a head; what does not fit, or has more fields than the other side
 * takes, leaves nothing behind. */
static int queue_head(struct mux_stream *stream, uint8_t type, const struct head *head)
{
    if (head->count > HTTP_FIELDS_MAX)
        return -EMSGSIZE;
    size_t begun_at = mux_stream_begin_head(stream, type);
    int error =
        type == FRAME_REQ_HEADERS ? encode_request(stream, head) : encode_response(stream, head);
    if (error) {
        stream->heads.len = begun_at; /* it stands at the back */
        return -EMSGSIZE;
    }
    mux_stream_end_head(stream, begun_at);
    return 0;
}

static bool is_short(const struct head *head)
{
    uint64_t length;
    if (head->framing == HTTP_BODY_LENGTH)
        return http_content_length(head_fields(head), &length) > 0 && length <= SHORT_MAX;
    return head->framing == HTTP_BODY_NONE;
}

/* What is all said with its head, or soon behind it, shares a channel with what
 * else of that kind there is in this turn. Nothing was said on the stream. */
static void share_channel(struct mux_stream *stream, const struct head *head)
{
    if (stream->channel > 0 && mux_has(stream->mux, FEATURE_BUNDLE) && is_short(head))
        stream->channel = mux_turn_channel(stream->mux);
}

int mux_open(struct mux *mux, const struct head *request,
             const struct mux_stream_handlers *handlers, void *arg, struct mux_stream **out)
{
    assert(mux->role == MUX_CONSUMER);
    if (mux->state != MUX_READY && mux->state != MUX_EAGER)
        return -ENOTCONN;
    if (mux->streams >= MUX_STREAMS_MAX)
        return -EBUSY;
    if (mux->next_id == 0) /* wrapped around */
        return -EOVERFLOW;
    if (mux->state == MUX_EAGER)
        mux->eager_id = mux->next_id;
    struct mux_stream *stream = mux_stream_new(mux, mux->next_id);
    if (queue_head(stream, FRAME_REQ_HEADERS, request) < 0) {
        mux_stream_free(stream);
        return -EMSGSIZE;
    }
    mux->next_id++;
    stream->handlers = *handlers;
    stream->arg = arg;
    stream->given = HALF_BODY;
    stream->request_framing = request->framing;
    stream->is_connect = span_is_string(request->method, "CONNECT");
    share_channel(stream, request);
    *out = stream;
    mux_stream_line_up(stream);
    return 0;
}

void mux_stream_accept(struct mux_stream *stream, const struct mux_stream_handlers *handlers,
                       void *arg)
{
    stream->handlers = *handlers;
    stream->arg = arg;
    stream->is_detached = false;
}

void mux_stream_interim(struct mux_stream *stream, const struct head *response)
{
    assert(stream->mux->role == MUX_PROVIDER && !stream->is_detached);
    assert(stream->given == HALF_HEAD);
    if (!mux_has(stream->mux, FEATURE_INTERIM) || stream->interim_count == MUX_INTERIM_MAX)
        return;
    /* Behind one that the channel has not taken yet there is no hurry, but for
     * that which a body waits for. */
    size_t most = response->status == 100 ? FRAME_MAX : 0;
    if (stream->heads.len > most || queue_head(stream, FRAME_RES_INTERIM, response) < 0)
        return;
    stream->interim_count++;
    mux_stream_line_up(stream);
}

int mux_stream_respond(struct mux_stream *stream, const struct head *response)
{
    assert(stream->mux->role == MUX_PROVIDER && !stream->is_detached);
    assert(stream->given == HALF_HEAD);
    int error = queue_head(stream, FRAME_RES_HEADERS, response);
    if (error)
        return error;
    stream->given = HALF_BODY;
    stream->response_framing = response->framing;
    if (stream->interim_count == 0)
        share_channel(stream, response);
    mux_stream_line_up(stream);
    return 0;
}

/* --- bodies --------------------------------------------------------------- */

void mux_stream_write(struct mux_stream *stream, struct span bytes)
{
    assert(stream->given == HALF_BODY && !stream->is_detached);
    if (stream->mux->state == MUX_DEAD)
        return;
    struct span rest = span_skip(bytes, mux_stream_write_through(stream, bytes));
    if (rest.len == 0)
        return;
    int error = buf_append(&stream->queue, rest);
    assert(error == 0); /* writers stop at MUX_STREAM_QUEUE_HIGH, long before the maximum */
    (void)error;
    stream->awaits_room = false;
    mux_stream_line_up(stream);
}

bool mux_stream_is_writable(struct mux_stream *stream)
{
    size_t queued = stream->queue.len;
    bool is_low = queued <= MUX_STREAM_QUEUE_HIGH && queued < mux_flow_credit(stream);
    if (is_low && !mux_stream_await_room(stream))
        return true;
    stream->is_drain_owed = true;
    return false;
}

void mux_stream_set_held(struct mux_stream *stream, size_t held, uint64_t now_us)
{
    uint32_t increment = mux_flow_hold(stream, held, now_us);
    if (increment == 0)
        return;
    uint8_t payload[4];
    put_u32be(payload, increment);
    mux_send_control(stream->mux, 0, FRAME_WINDOW, stream->id, span_of(payload, sizeof payload));
}

void mux_stream_end(struct mux_stream *stream, struct http_fields trailers)
{
    struct mux *mux = stream->mux;
    assert(stream->given == HALF_BODY && !stream->is_detached);
    stream->given = HALF_ENDED;
    if (trailers.count > 0 && mux_has(mux, FEATURE_FIELDS) &&
        trailers_encode(trailers, &stream->trailers) < 0)
        mux_note(mux, MUX_NOTE_LOST, "stream %u: its trailers do not fit a frame", stream->id);
    bool is_pipe = mux_stream_is_pipe(stream);
    if (is_pipe ? stream->received == HALF_ENDED : mux->role == MUX_PROVIDER)
        detach(stream);
    mux_stream_line_up(stream);
}

void mux_stream_break(struct mux_stream *stream, enum stream_error error, const char *text)
{
    assert(stream->mux->role == MUX_PROVIDER && !stream->is_detached);
    if (stream->sent == HALF_ENDED) { /* of a pipe: it is the other direction that broke */
        mux_stream_cancel(stream, error, text);
        return;
    }
    uint8_t storage[MUX_ERROR_CODE_LEN + MUX_ERROR_TEXT_MAX];
    struct span payload = mux_encode_error(stream->mux, stream->id, error, text, storage);
    buf_clear(&stream->trailers);
    int failed = buf_append(&stream->trailers, payload);
    assert(failed == 0); /* it is empty, and takes a whole frame */
    (void)failed;
    stream->given = HALF_ENDED;
    stream->is_broken = true;
    detach(stream);
    mux_stream_line_up(stream);
}

void mux_stream_cancel(struct mux_stream *stream, enum stream_error error, const char *text)
{
    struct mux *mux = stream->mux;
    uint32_t id = stream->id;
    unsigned channel = stream->channel;
    /* A head that never went out: the other side knows of no such stream. */
    bool is_known = mux->role == MUX_PROVIDER || stream->sent != HALF_HEAD;
    mux_stream_free(stream);
    if (is_known)
        mux_send_error(mux, channel, id, error, text);
}

uint32_t mux_stream_id(const struct mux_stream *stream)
{
    return stream->id;
}

bool mux_stream_has(const struct mux_stream *stream, enum feature feature)
{
    return mux_has(stream->mux, feature);
}
