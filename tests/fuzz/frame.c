/*
 * Messages of a hostile peer against both roles of the multiplexer. The input
 * is a row of messages, each behind one byte of length; the first byte picks
 * the role, and streams answer what they get.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/frame.h"
#include "tunnel/mux.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_head(struct head *head, void *arg)
{
    (void)head;
    (void)arg;
}

static void on_body(struct span bytes, void *arg)
{
    (void)bytes;
    (void)arg;
}

static void on_nothing(void *arg)
{
    (void)arg;
}

static void on_text(const char *text, void *arg)
{
    (void)arg;
    if (strlen(text) > 1024)
        abort();
}

static const struct mux_stream_handlers stream_handlers = {
    on_head, on_body, on_nothing, on_text, on_nothing,
};

static void on_send(struct span head, struct span body, void *arg)
{
    (void)arg;
    if (head.len + body.len > FRAME_MAX)
        abort();
}

static bool on_can_send(void *arg)
{
    (void)arg;
    return true;
}

static void on_reading(bool reading, void *arg)
{
    (void)reading;
    (void)arg;
}

static void on_rtt(uint64_t rtt_us, void *arg)
{
    (void)rtt_us;
    (void)arg;
}

/* Every other request is answered at once and in full. */
static void on_request(struct mux_stream *stream, struct head *head, void *arg)
{
    (void)arg;
    mux_stream_accept(stream, &stream_handlers, NULL);
    if (mux_stream_id(stream) % 2)
        return;
    head->status = 200;
    if (mux_stream_respond(stream, head) < 0)
        mux_stream_cancel(stream, "too large");
    else
        mux_stream_end(stream);
}

static void on_stream_closed(size_t streams, void *arg)
{
    (void)streams;
    (void)arg;
}

static void on_dead(const char *text, bool wrong_role, void *arg)
{
    (void)wrong_role;
    on_text(text, arg);
}

static void on_note(const char *text, bool is_late, void *arg)
{
    (void)is_late;
    on_text(text, arg);
}

static const struct mux_handlers handlers = {
    on_send,    on_can_send,      on_reading, on_nothing, on_rtt,
    on_request, on_stream_closed, on_dead,    on_note,
};

static void open_streams(struct mux *mux)
{
    struct head head;
    head_init(&head);
    head.method = strdup("GET");
    head.path = strdup("/");
    for (int i = 0; i < 4; i++) {
        struct mux_stream *stream;
        if (mux_open(mux, &head, &stream_handlers, NULL, &stream) == 0 && i % 2)
            mux_stream_end(stream);
    }
    head_deinit(&head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum mux_role role = data[0] & 1 ? MUX_PROVIDER : MUX_CONSUMER;
    struct mux *mux = mux_new(role, &handlers, NULL);
    uint64_t now_us = 1;
    mux_start(mux, now_us);
    if (role == MUX_CONSUMER) {
        mux_feed(mux, SPAN_LITERAL("\2\0\0\0\0{\"version\":1,\"features\":[]}"), now_us);
        open_streams(mux);
    }
    for (size_t at = 1; at < size;) {
        size_t len = data[at++];
        if (len > size - at)
            len = size - at;
        mux_feed(mux, span_of(data + at, len), now_us);
        at += len;
        now_us += 1000;
    }
    mux_fail(mux, "over");
    mux_free(mux);
    return 0;
}
