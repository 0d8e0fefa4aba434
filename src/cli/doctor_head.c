#include "cli/doctor_head.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "http/parse.h"
#include "net/conn.h"

enum { HEAD_MAX = 64 << 10 };

#define CONNECT_US (10 * US_PER_S)

struct doctor_head {
    const struct doctor_head_handlers *handlers; /* NULL once one has come */
    void *arg;
    struct conn *conn;
    struct buf request;
    struct buf response;
};

static void fail(struct doctor_head *head, bool has_answered, const char *text)
{
    const struct doctor_head_handlers *handlers = head->handlers;
    head->handlers = NULL;
    if (handlers)
        handlers->on_fail(has_answered, text, head->arg);
}

static void on_open(void *arg)
{
    struct doctor_head *head = arg;
    conn_write(head->conn, buf_bytes(&head->request));
}

static void on_data(struct span bytes, void *arg)
{
    struct doctor_head *head = arg;
    struct http_response response;
    struct http_field fields[HTTP_FIELDS_MAX];
    if (!head->handlers)
        return;
    ssize_t len = buf_append(&head->response, bytes) < 0
                      ? -1
                      : http_parse_response(buf_bytes(&head->response), &response, fields);
    if (len < 0)
        fail(head, true, "what answers there speaks no HTTP");
    if (len <= 0)
        return;
    const struct doctor_head_handlers *handlers = head->handlers;
    head->handlers = NULL;
    handlers->on_head(&response, head->arg);
}

static void on_end(void *arg)
{
    fail(arg, true, "it ends the connection without an answer");
}

static void on_close(int error, const char *text, void *arg)
{
    (void)error;
    fail(arg, false, text);
}

struct doctor_head *doctor_head_new(struct loop *loop, const struct url *url,
                                    const struct egress *egress, const struct tls_client *tls,
                                    struct span request,
                                    const struct doctor_head_handlers *handlers, void *arg)
{
    static const struct conn_handlers conn_handlers = {.on_open = on_open,
                                                       .on_data = on_data,
                                                       .on_end = on_end,
                                                       .on_close = on_close};
    const struct conn_target target = {.host = url->host, .port = url->port, .tls = tls};
    struct doctor_head *head = xcalloc(1, sizeof *head);
    head->handlers = handlers;
    head->arg = arg;
    buf_init(&head->request, request.len);
    buf_append(&head->request, request);
    buf_init(&head->response, HEAD_MAX);
    head->conn = conn_connect_through(loop, egress, &target, CONNECT_US, &conn_handlers, head);
    return head;
}

void doctor_head_free(struct doctor_head *head)
{
    if (!head)
        return;
    conn_reset(head->conn);
    buf_deinit(&head->request);
    buf_deinit(&head->response);
    free(head);
}
