/*
 * A pipe between a stream and a connection, from the first byte: a splice whose
 * response begins when the connection is open. An error of either side breaks
 * the other.
 */
#include "tunnel/connect.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "net/conn.h"
#include "tunnel/splice.h"

struct connect {
    struct loop *loop;
    const struct upstream *upstream;
    struct upstream_turn turn;
    struct stream_splice splice; /* the stream is the mux's once both halves have ended */
    struct conn *conn;           /* NULL while it waits for its turn */
    struct span preface;         /* that the client still has to begin with */
    struct exchange_record record;
};

bool connect_is_allowed(struct span target, const struct url *url)
{
    char *own = listen_address_format(url->host, url->port);
    bool is_own = url->port != 0 && span_is_string_nocase(target, own);
    free(own);
    return is_own;
}

static enum stream_error error_of(int error)
{
    switch (error) {
    case -ENOENT:
    case -EAGAIN:
        return STREAM_DNS;
    case -ECONNREFUSED:
        return STREAM_REFUSED;
    case -ETIMEDOUT:
        return STREAM_TIMEOUT;
    default:
        return STREAM_UNREACHABLE;
    }
}

/* --- from the upstream ---------------------------------------------------- */

static void on_open(void *arg)
{
    struct connect *c = arg;
    struct head head;
    head_init(&head);
    head.status = 200;
    head.reason = span_from_string(http_reason(200));
    head.framing = HTTP_BODY_PIPE;
    splice_respond(&c->splice, head.framing);
    exchange_on_head(&c->record, head.status, (struct http_fields){0}, true);
    conn_set_abortive(c->conn, true);
    int error = mux_stream_respond(c->splice.stream, &head);
    (void)error; /* a head without fields fits any frame */
    if (c->splice.request == HALF_ENDED)
        conn_end(c->conn);
    /* What an upstream says unasked, as an SSH server does, is not for a client
     * that has not shown yet what it speaks. */
    if (c->preface.len > 0)
        conn_set_reading(c->conn, false);
}

static void on_data(struct span bytes, void *arg)
{
    struct connect *c = arg;
    exchange_on_response(&c->record, bytes);
    splice_send(&c->splice, bytes);
}

static void connect_done(struct connect *c, enum exchange_end end, const char *reason)
{
    exchange_finish(&c->record, end, reason);
    upstream_turn_leave(&c->turn);
    free(c);
}

/* conn_close() lets what is queued for the upstream go out. */
static void finish(struct connect *c)
{
    conn_close(c->conn);
    connect_done(c, EXCHANGE_COMPLETE, NULL);
}

static void on_upstream_end(void *arg)
{
    struct connect *c = arg;
    mux_stream_end(c->splice.stream, (struct http_fields){0});
    if (splice_end_response(&c->splice))
        finish(c);
}

static void on_conn_drain(void *arg)
{
    struct connect *c = arg;
    splice_on_local_drain(&c->splice);
}

static void on_close(int error, const char *text, void *arg)
{
    struct connect *c = arg;
    bool is_open = c->splice.response != HALF_HEAD;
    mux_stream_break(c->splice.stream, is_open ? STREAM_BROKEN : error_of(error), text);
    conn_close(c->conn);
    connect_done(c, EXCHANGE_FAILED, text);
}

static size_t room(void *arg)
{
    const struct connect *c = arg;
    return splice_room(&c->splice);
}

static const struct conn_handlers conn_handlers = {
    .on_open = on_open,
    .on_data = on_data,
    .room = room,
    .on_end = on_upstream_end,
    .on_drain = on_conn_drain,
    .on_close = on_close,
};

/* --- from the tunnel ------------------------------------------------------ */

/* False when the client speaks something else. */
static bool take_preface(struct connect *c, struct span bytes)
{
    size_t len = bytes.len < c->preface.len ? bytes.len : c->preface.len;
    if (memcmp(bytes.data, c->preface.data, len) != 0)
        return false;
    c->preface = span_skip(c->preface, len);
    if (c->preface.len == 0 && c->conn)
        conn_set_reading(c->conn, true);
    return true;
}

static void on_body(struct span bytes, void *arg)
{
    struct connect *c = arg;
    if (c->preface.len > 0 && !take_preface(c, bytes)) {
        const char *text = "it is not HTTP/2, and pipes for others are not allowed here "
                           "(serve --allow-tcp)";
        mux_stream_cancel(c->splice.stream, STREAM_NOT_ALLOWED, text);
        if (c->conn)
            conn_reset(c->conn);
        connect_done(c, EXCHANGE_REFUSED, text);
        return;
    }
    exchange_on_request(&c->record, bytes.len);
    splice_deliver(&c->splice, bytes);
}

static void on_client_end(struct http_fields trailers, void *arg)
{
    (void)trailers;
    struct connect *c = arg;
    bool is_over = splice_end_request(&c->splice);
    if (c->splice.response != HALF_HEAD)
        conn_end(c->conn);
    if (is_over)
        finish(c);
}

static void on_error(enum stream_error error, const char *text, void *arg)
{
    struct connect *c = arg;
    if (c->conn)
        conn_reset(c->conn);
    connect_done(c, exchange_end_of_request(error), text);
}

static void on_stream_drain(void *arg)
{
    struct connect *c = arg;
    splice_on_stream_drain(&c->splice);
}

static const struct mux_stream_handlers stream_handlers = {
    .on_body = on_body,
    .on_end = on_client_end,
    .on_error = on_error,
    .on_drain = on_stream_drain,
};

/* --- the pipe ------------------------------------------------------------- */

/* What comes before the connection is open is dropped: nothing was agreed on
 * yet. */
static void write_conn(void *local, struct span bytes)
{
    if (local)
        conn_write(local, bytes);
}

static size_t queued_conn(const void *local)
{
    return local ? conn_queued(local) : 0;
}

static void set_reading_conn(void *local, bool reading)
{
    conn_set_reading(local, reading);
}

static void on_turn(void *arg)
{
    struct connect *c = arg;
    const struct url *url = c->upstream->url;
    http_client_make_way(c->upstream->client);
    c->splice.local = c->conn = conn_connect(c->loop, url->host, url->port, NULL,
                                             UPSTREAM_CONNECT_TIMEOUT_US, &conn_handlers, c);
    conn_read_fully(c->conn);
}

static void on_tired(void *arg)
{
    struct connect *c = arg;
    const char *text = "no connection to the upstream was free for 10 minutes";
    mux_stream_break(c->splice.stream, STREAM_TOO_MANY, text);
    connect_done(c, EXCHANGE_FAILED, text);
}

void connect_start(struct loop *loop, struct mux_stream *stream, struct span target, bool is_any,
                   struct upstream *upstream, const struct exchange_watch *watch)
{
    static const struct splice_local ops = {write_conn, queued_conn, set_reading_conn};
    static const struct upstream_turn_handlers handlers = {on_turn, on_tired};
    struct connect *c = xcalloc(1, sizeof *c);
    struct consumer *consumer = mux_stream_consumer(stream);
    c->loop = loop;
    c->upstream = upstream;
    c->preface = is_any ? (struct span){0} : SPAN_LITERAL("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    c->splice = (struct stream_splice){.ops = &ops, .stream = stream, .request = HALF_BODY};
    exchange_begin(&c->record, watch, mux_stream_device(stream), SPAN_LITERAL("CONNECT"), target);
    c->record.consumer = consumer_number(consumer);
    mux_stream_accept(stream, &stream_handlers, c);
    if (upstream_turn_take(&c->turn, &upstream->line, consumer, &handlers, c))
        on_turn(c);
}
