/*
 * See splice.h. Which half goes into the stream is the role's: a consumer sends
 * the request, a provider the response.
 */
#include "tunnel/splice.h"

#include "net/conn.h"

_Static_assert((int)CONN_DRAIN_MARK <= (int)MUX_HELD_LOW, "a stream's credit could stall");

void splice_send(struct stream_splice *s, struct span bytes)
{
    mux_stream_write(s->stream, bytes);
    if (!mux_stream_is_writable(s->stream))
        s->ops->set_reading(s->local, false);
}

size_t splice_room(const struct stream_splice *s)
{
    return s->stream ? mux_stream_room(s->stream) : 0;
}

static void tell_held(struct stream_splice *s)
{
    mux_stream_set_held(s->stream, s->ops->queued(s->local), clock_now_us());
}

void splice_on_local_drain(struct stream_splice *s)
{
    if (s->stream)
        tell_held(s);
}

void splice_deliver(struct stream_splice *s, struct span bytes)
{
    s->ops->write(s->local, bytes);
    tell_held(s);
}

void splice_on_stream_drain(struct stream_splice *s)
{
    s->ops->set_reading(s->local, true);
}

void splice_respond(struct stream_splice *s, enum http_framing framing)
{
    s->response = HALF_BODY;
    s->is_pipe = framing == HTTP_BODY_PIPE;
}

static bool is_over(const struct stream_splice *s)
{
    return s->response == HALF_ENDED && (s->request == HALF_ENDED || !s->is_pipe);
}

bool splice_end_request(struct stream_splice *s)
{
    s->request = HALF_ENDED;
    return is_over(s);
}

bool splice_end_response(struct stream_splice *s)
{
    s->response = HALF_ENDED;
    return is_over(s);
}
