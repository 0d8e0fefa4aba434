/*
 * Messages of a hostile peer against both roles of the multiplexer. The input
 * is a row of messages, each behind one byte of length; the first byte picks
 * the role (1) and whether all extensions were agreed on before (2). Streams
 * answer what they get.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/frame.h"
#include "tunnel/mux.h"
#include "tunnel/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STREAMS = 64 };

/* What a user of a stream keeps. */
struct user {
    struct mux_stream *stream;
    bool is_pipe;
    bool has_ended;     /* our direction */
    bool has_their_end; /* and theirs */
};

struct run {
    struct mux *mux;
    struct user users[STREAMS];
    size_t count;
    uint64_t now_us;
};

static struct run run;

static void check_head(const struct head *head)
{
    for (size_t i = 0; i < head->count; i++) {
        if (!http_is_token(head->at[i].name) || !http_is_field_value(head->at[i].value))
            abort();
    }
}

static void end(struct user *user)
{
    user->has_ended = true;
    mux_stream_end(user->stream, (struct http_fields){0});
}

static void on_interim(const struct head *head, void *arg)
{
    (void)arg;
    check_head(head);
    if (head->status < 100 || head->status > 199 || head->status == 101)
        abort();
}

static void on_head(const struct head *head, void *arg)
{
    struct user *user = arg;
    check_head(head);
    if (head->status != 101 && (head->status < 200 || head->status > 999))
        abort();
    user->is_pipe = head->framing == HTTP_BODY_PIPE;
}

static void on_body(struct span bytes, void *arg)
{
    struct user *user = arg;
    if (user->has_their_end)
        abort();
    mux_stream_set_held(user->stream, bytes.len % 3 ? 0 : bytes.len, run.now_us);
}

static void on_end(struct http_fields trailers, void *arg)
{
    struct user *user = arg;
    if (user->has_their_end || trailers.count > HTTP_FIELDS_MAX)
        abort();
    user->has_their_end = true;
    if (user->is_pipe && !user->has_ended)
        end(user);
}

static void on_error(enum stream_error error, const char *text, void *arg)
{
    (void)error;
    struct user *user = arg;
    if (strlen(text) > 1024)
        abort();
    user->stream = NULL;
}

static void on_drain(void *arg)
{
    (void)arg;
}

static const struct mux_stream_handlers stream_handlers = {
    on_interim, on_head, on_body, on_end, on_error, on_drain,
};

static void on_send(unsigned channel, struct span head, struct span body, void *arg)
{
    (void)arg;
    if (channel > MUX_CHANNELS_MAX || head.len + body.len > FRAME_MAX)
        abort();
}

static bool on_can_send(unsigned channel, enum mux_urgency urgency, void *arg)
{
    (void)channel;
    (void)urgency;
    (void)arg;
    return true;
}

static size_t on_room(void *arg)
{
    (void)arg;
    return SIZE_MAX;
}

static void on_end_turn_later(void *arg)
{
    (void)arg;
}

static void on_reading(bool reading, void *arg)
{
    (void)reading;
    (void)arg;
}

static void on_ready(void *arg)
{
    (void)arg;
}

static void on_rtt(uint64_t rtt_us, void *arg)
{
    (void)rtt_us;
    (void)arg;
}

static void respond(struct user *user, const struct head *request)
{
    static const uint8_t content[70000];
    struct head head;
    head_init(&head);
    head.status = 100;
    mux_stream_interim(user->stream, &head);
    bool is_connect = span_is_string(request->method, "CONNECT");
    head.framing = request->framing == HTTP_BODY_PIPE ? HTTP_BODY_PIPE : HTTP_BODY_UNKNOWN;
    head.status = head.framing == HTTP_BODY_PIPE && !is_connect ? 101 : 200;
    user->is_pipe = head.framing == HTTP_BODY_PIPE;
    if (mux_stream_respond(user->stream, &head) < 0)
        abort();
    mux_stream_write(user->stream, span_of(content, sizeof content));
    mux_stream_is_writable(user->stream);
}

/* Every other request is answered at once, most of them in full. */
static void on_request(struct mux_stream *stream, const struct head *head, void *arg)
{
    (void)arg;
    check_head(head);
    if (run.count == STREAMS) {
        mux_stream_cancel(stream, STREAM_TOO_MANY, "enough");
        return;
    }
    struct user *user = &run.users[run.count++];
    user->stream = stream;
    mux_stream_accept(stream, &stream_handlers, user);
    if (mux_stream_id(stream) % 2)
        return;
    respond(user, head);
    if (mux_stream_id(stream) % 4 == 0)
        end(user);
}

static void on_alive(void *arg)
{
    (void)arg;
}

static void on_stream_closed(size_t streams, void *arg)
{
    (void)streams;
    (void)arg;
}

static void on_dead(const char *text, enum mux_likeness likeness, void *arg)
{
    (void)text;
    (void)likeness;
    (void)arg;
}

static void on_note(enum mux_note kind, const char *text, void *arg)
{
    (void)kind;
    (void)arg;
    if (strlen(text) > 1024)
        abort();
}

static const struct mux_handlers handlers = {
    on_send, on_can_send, on_room,    on_end_turn_later, on_reading, on_ready,
    on_rtt,  on_alive,    on_request, on_stream_closed,  on_dead,    on_note,
};

static void open_streams(void)
{
    static const char *const methods[] = {"GET", "POST", "GET", "CONNECT"};
    for (int i = 0; i < 4; i++) {
        struct head head;
        head_init(&head);
        head.method = span_from_string(methods[i]);
        head.target = i == 3 ? SPAN_LITERAL("a:1") : SPAN_LITERAL("/");
        if (i == 1)
            head.framing = HTTP_BODY_UNKNOWN;
        else if (i > 1 && mux_has(run.mux, FEATURE_UPGRADE))
            head.framing = HTTP_BODY_PIPE;
        if (i == 2)
            head_add(&head, SPAN_LITERAL("Upgrade"), SPAN_LITERAL("x"));
        struct user *user = &run.users[run.count++];
        if (mux_open(run.mux, &head, &stream_handlers, user, &user->stream) == 0 && i == 0)
            end(user);
    }
}

/* The handshake as a friend would have it. */
static void shake_hands(enum mux_role role, unsigned features)
{
    uint8_t frame[512];
    struct hello hello = {1, 1, {features, 1000, 4}};
    struct agree agree = {1, {features, 1000, 4}};
    char *json = role == MUX_PROVIDER ? hello_encode(&hello) : agree_encode(&agree);
    frame_encode_header(role == MUX_PROVIDER ? FRAME_HELLO : FRAME_AGREE, 0, frame);
    memcpy(frame + FRAME_HEADER_LEN, json, strlen(json));
    mux_feed(run.mux, 0, span_of(frame, FRAME_HEADER_LEN + strlen(json)), run.now_us);
    free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum mux_role role = data[0] & 1 ? MUX_PROVIDER : MUX_CONSUMER;
    bool is_extended = data[0] & 2;
    memset(&run, 0, sizeof run);
    run.mux = mux_new(role, FEATURES_ALL, &handlers, NULL);
    run.now_us = 1;
    mux_start(run.mux, (struct span){0}, run.now_us);
    if (role == MUX_CONSUMER || is_extended)
        shake_hands(role, is_extended ? FEATURES_ALL : 0);
    if (role == MUX_CONSUMER)
        open_streams();
    for (size_t at = 1; at < size;) {
        size_t len = data[at++];
        if (len > size - at)
            len = size - at;
        mux_feed(run.mux, (unsigned)(len % 6), span_of(data + at, len), run.now_us);
        mux_end_turn(run.mux);
        at += len;
        run.now_us += 1000;
    }
    mux_fail(run.mux, "over");
    mux_free(run.mux);
    return 0;
}
