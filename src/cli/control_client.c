#include "cli/control_client.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "http/client.h"

enum { LINE_MAX_LEN = 4 << 20 };

#define CONNECT_TIMEOUT_US (5 * US_PER_S)
/* For the head of an answer, which takes a tunnel that runs milliseconds. The
 * kernel lets us connect to one that is stopped, too. */
#define ANSWER_TIMEOUT_US (3 * US_PER_S)

struct question {
    struct loop *loop;
    struct http_call *call; /* NULL: over */
    struct timer *patience;
    struct buf line;
    void (*on_line)(const char *line, void *arg);
    void *arg;
    char *why;
};

static void end(struct question *q, const char *why)
{
    q->call = NULL;
    if (why && !q->why)
        q->why = xstrdup(why);
    loop_stop(q->loop);
}

static void on_response(const struct http_response *response, void *arg)
{
    struct question *q = arg;
    timer_stop(q->patience);
    if (response->status != 200)
        q->why = xasprintf("it answers %d", response->status);
}

static void take_lines(struct question *q)
{
    const uint8_t *newline;
    struct span rest;
    while ((rest = buf_bytes(&q->line)).len > 0 &&
           (newline = memchr(rest.data, '\n', rest.len)) != NULL) {
        size_t len = (size_t)(newline - rest.data);
        char *line = xstrndup((struct span){rest.data, len});
        buf_consume(&q->line, len + 1);
        q->on_line(line, q->arg);
        free(line);
    }
}

static void on_body(struct span bytes, void *arg)
{
    struct question *q = arg;
    if (q->why)
        return;
    if (buf_append(&q->line, bytes) < 0)
        q->why = xstrdup("it answers with lines without end");
    else
        take_lines(q);
}

static void on_end(struct http_fields trailers, void *arg)
{
    (void)trailers;
    end(arg, NULL);
}

static void on_error(enum http_call_error error, const char *text, void *arg)
{
    (void)error;
    end(arg, text);
}

static void on_silence(void *arg)
{
    struct question *q = arg;
    if (!q->call)
        return; /* it failed in the same turn */
    q->why = xasprintf("it says nothing for %d s; is its process stopped (fg, or kill -CONT), or "
                       "stuck?",
                       (int)(ANSWER_TIMEOUT_US / US_PER_S));
    loop_stop(q->loop);
}

char *control_ask(struct loop *loop, const char *path, const char *target,
                  void (*on_line)(const char *line, void *arg), void *arg)
{
    static const struct http_call_handlers handlers = {
        .on_response = on_response,
        .on_body = on_body,
        .on_end = on_end,
        .on_error = on_error,
    };
    static const struct http_field host[] = {{SPAN_LITERAL("Host"), SPAN_LITERAL("localhost")}};
    const struct http_client_config config = {.host = path,
                                              .connect_timeout_us = CONNECT_TIMEOUT_US};
    const struct http_request request = {
        .method = SPAN_LITERAL("GET"),
        .target = span_from_string(target),
        .minor_version = 1,
        .fields = {host, 1},
        .framing = HTTP_BODY_NONE,
    };
    struct question q = {.loop = loop, .on_line = on_line, .arg = arg};
    struct http_client *client = http_client_new(loop, &config);
    buf_init(&q.line, LINE_MAX_LEN);
    q.patience = timer_new(loop, on_silence, &q);
    timer_start_in(q.patience, ANSWER_TIMEOUT_US);
    if (http_client_call(client, &request, &handlers, &q, &q.call) == 0)
        loop_run(loop);
    if (q.call)
        http_call_cancel(q.call);
    timer_free(q.patience);
    http_client_free(client);
    buf_deinit(&q.line);
    return q.why;
}
