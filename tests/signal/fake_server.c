#include "signal/fake_server.h"

#include "http/parse.h"
#include "net/websocket.h"

/* Sends the answer, with the key's counterpart in it. */
static void fake_answer(struct fake *f, const struct http_request *request)
{
    char accept[WEBSOCKET_ACCEPT_LEN + 1] = "";
    const struct http_field *key = http_fields_find(request->fields, "Sec-WebSocket-Key");
    assert_non_null(key);
    websocket_accept_key(key->value, accept);
    const char *hole = strstr(f->answer, "%s");
    size_t before = hole ? (size_t)(hole - f->answer) : strlen(f->answer);
    for (size_t i = 0; i < f->repeat; i++) {
        conn_write(f->conn, span_of(f->answer, before));
        if (hole) {
            conn_write(f->conn, span_from_string(accept));
            conn_write(f->conn, span_from_string(hole + 2));
        }
    }
}

static void fake_on_data(struct span bytes, void *arg)
{
    struct fake *f = arg;
    if (f->has_request)
        return;
    buf_append(&f->request, bytes);
    struct http_request request;
    struct http_field fields[HTTP_FIELDS_MAX];
    if (http_parse_request(buf_bytes(&f->request), &request, fields) <= 0)
        return;
    f->has_request = true;
    if (f->answer)
        fake_answer(f, &request);
    if (f->ends)
        conn_end(f->conn);
}

static void fake_on_accept(struct conn *conn, void *arg)
{
    static const struct conn_handlers handlers = {.on_data = fake_on_data};
    struct fake *f = arg;
    f->conn = conn;
    conn_set_handlers(conn, &handlers, f);
}

void fake_start(struct fake *f, struct loop *loop, const char *answer)
{
    *f = (struct fake){.loop = loop, .answer = answer, .repeat = 1};
    buf_init(&f->request, 1 << 20);
    assert_int_equal(listener_new(loop, "127.0.0.1", 0, fake_on_accept, f, &f->listener), 0);
    snprintf(f->url, sizeof f->url, "ws://127.0.0.1:%u", listener_port(f->listener));
}

void fake_stop(struct fake *f)
{
    if (f->conn)
        conn_close(f->conn);
    listener_close(f->listener);
    buf_deinit(&f->request);
}
