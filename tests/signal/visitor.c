#include "signal/visitor.h"

#include "http/parse.h"
#include "signal/handshake.h"
#include "signal/message.h"

static void on_ws_message(struct span text, void *arg)
{
    struct visitor *v = arg;
    assert_int_equal(buf_append(&v->messages, text), 0);
    assert_int_equal(buf_append_string(&v->messages, "\n"), 0);
    v->has_message = true;
    v->message_count++;
}

static void on_ws_binary(struct span bytes, void *arg)
{
    struct visitor *v = arg;
    assert_int_equal(buf_append(&v->datagrams, bytes), 0);
    v->has_datagram = true;
}

static void on_ws_alive(void *arg)
{
    ((struct visitor *)arg)->alive_count++;
}

static void on_ws_close(const struct websocket_end *end, void *arg)
{
    struct visitor *v = arg;
    v->is_closed = true;
    v->code = end->code;
    snprintf(v->reason, sizeof v->reason, "%s", end->reason);
}

static void on_conn_open(void *arg)
{
    struct visitor *v = arg;
    struct buf request;
    buf_init(&request, 1 << 20);
    if (v->request)
        buf_append_string(&request, v->request);
    else
        handshake_write_request(&request, "/", "localhost", "dGhlIHNhbXBsZSBub25jZQ==");
    conn_write(v->conn, buf_bytes(&request));
    buf_deinit(&request);
}

static void on_conn_data(struct span bytes, void *arg)
{
    static const struct websocket_handlers handlers = {
        .on_message = on_ws_message,
        .on_alive = on_ws_alive,
        .on_close = on_ws_close,
        .on_binary = on_ws_binary,
    };
    struct visitor *v = arg;
    assert_int_equal(buf_append(&v->head, bytes), 0);
    struct http_response response;
    struct http_field fields[HTTP_FIELDS_MAX];
    ssize_t len = http_parse_response(buf_bytes(&v->head), &response, fields);
    if (len <= 0 || v->is_answered)
        return;
    v->status = response.status;
    v->is_answered = true;
    const struct http_field *protocol = http_fields_find(response.fields, "Sec-WebSocket-Protocol");
    if (protocol)
        snprintf(v->protocol, sizeof v->protocol, "%.*s", SPAN_ARG(protocol->value));
    if (response.status != 101)
        return;
    assert_true(handshake_is_accepted(&response, "dGhlIHNhbXBsZSBub25jZQ=="));
    v->ws = websocket_new(v->loop, v->conn, WEBSOCKET_CLIENT, 1 << 20,
                          span_skip(buf_bytes(&v->head), (size_t)len), &handlers, v);
    v->conn = NULL;
    v->is_open = true;
}

static void on_conn_end(void *arg)
{
    ((struct visitor *)arg)->has_ended = true;
}

static void on_conn_close(int error, const char *text, void *arg)
{
    (void)error;
    (void)text;
    ((struct visitor *)arg)->has_ended = true;
}

void visitor_connect(struct visitor *v, struct loop *loop, uint16_t port, const char *request)
{
    static const struct conn_handlers handlers = {.on_open = on_conn_open,
                                                  .on_data = on_conn_data,
                                                  .on_end = on_conn_end,
                                                  .on_close = on_conn_close};
    *v = (struct visitor){.loop = loop, .request = request};
    buf_init(&v->head, 1 << 20);
    buf_init(&v->messages, 1 << 20);
    buf_init(&v->datagrams, 1 << 20);
    v->conn = conn_connect(loop, "127.0.0.1", port, NULL, 10 * US_PER_S, &handlers, v);
}

void visitor_open(struct visitor *v, struct loop *loop, uint16_t port)
{
    visitor_connect(v, loop, port, NULL);
    run_until(loop, &v->is_open);
}

void visitor_free(struct visitor *v)
{
    if (v->ws)
        websocket_close(v->ws, WEBSOCKET_NORMAL, "");
    if (v->conn)
        conn_close(v->conn);
    v->ws = NULL;
    v->conn = NULL;
    buf_deinit(&v->head);
    buf_deinit(&v->messages);
    buf_deinit(&v->datagrams);
    free(v->message);
    v->message = NULL;
}

void visitor_send(struct visitor *v, const char *text)
{
    websocket_send(v->ws, span_from_string(text));
}

const char *visitor_receive(struct visitor *v)
{
    run_until(v->loop, &v->has_message);
    struct span lines = buf_bytes(&v->messages);
    const char *end = memchr(lines.data, '\n', lines.len);
    size_t len = (size_t)(end - (const char *)lines.data);
    free(v->message);
    v->message = strndup((const char *)lines.data, len);
    buf_consume(&v->messages, len + 1);
    v->has_message = v->messages.len > 0;
    return v->message;
}

void visitor_expect(struct visitor *v, const char *words)
{
    const char *message = visitor_receive(v);
    if (!strstr(message, words))
        fail_msg("\"%s\" is not in %s", words, message);
}

void visitor_join(struct visitor *v, const char *room, size_t others, char id[64])
{
    const struct signal_message join = {.type = SIGNAL_JOIN, .room = (char *)(uintptr_t)room};
    char *text = signal_message_encode(&join);
    visitor_send(v, text);
    free(text);
    struct signal_message joined;
    assert_int_equal(signal_message_decode(span_from_string(visitor_receive(v)), &joined), 0);
    assert_int_equal(joined.type, SIGNAL_JOINED);
    assert_int_equal(joined.peer_count, others);
    if (id)
        snprintf(id, 64, "%s", joined.peer_id);
    signal_message_deinit(&joined);
}

void visitor_accept_binary(struct visitor *v)
{
    websocket_accept_binary(v->ws);
}

void visitor_send_binary(struct visitor *v, struct span bytes)
{
    websocket_send_binary(v->ws, bytes);
}

void visitor_expect_close(struct visitor *v, int code)
{
    run_until(v->loop, &v->is_closed);
    assert_int_equal(v->code, code);
}

void visitor_expect_status(struct visitor *v, int status)
{
    run_until(v->loop, &v->is_answered);
    assert_int_equal(v->status, status);
}
