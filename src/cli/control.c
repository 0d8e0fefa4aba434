/*
 * Who follows and does not read is left behind: its connection breaks when a
 * megabyte waits for it.
 */
#include "cli/control.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/list.h"
#include "cli/tunnel_json.h"
#include "http/server.h"

enum { CONNECTIONS_MAX = 32, UNREAD_MAX = 1 << 20 };

#define HEAD_TIMEOUT_US (10 * US_PER_S)

struct control {
    const struct config *config;
    const struct tunnel *tunnel;
    struct http_server *server;
    struct list followers;
};

struct follower {
    struct list link;
    struct http_exchange *exchange;
};

/* ---- who follows ---- */

static void follower_free(struct follower *follower)
{
    list_remove(&follower->link);
    free(follower);
}

static void on_abort(struct http_exchange *x, void *arg)
{
    (void)x;
    follower_free(arg);
}

static void on_body_end(struct http_exchange *x, struct http_fields trailers, void *arg)
{
    (void)x;
    (void)trailers;
    (void)arg;
}

static const struct http_exchange_handlers follower_handlers = {
    .on_body_end = on_body_end,
    .on_abort = on_abort,
};

static void follow(struct control *control, struct http_exchange *x)
{
    struct follower *follower = xcalloc(1, sizeof *follower);
    follower->exchange = x;
    list_append(&control->followers, &follower->link);
    http_exchange_accept(x, &follower_handlers, follower);
}

void control_on_exchange(struct control *control)
{
    const struct history *history = tunnel_history(control->tunnel);
    if (list_is_empty(&control->followers))
        return;
    char *line = tunnel_json_exchange(history_find(history, history->count));
    LIST_EACH(link, next, &control->followers) {
        struct follower *follower = LIST_ENTRY(link, struct follower, link);
        if (http_exchange_queued(follower->exchange) <= UNREAD_MAX) {
            http_exchange_write(follower->exchange, span_from_string(line));
            continue;
        }
        http_exchange_break(follower->exchange);
        follower_free(follower);
    }
    free(line);
}

/* ---- requests ---- */

static void reply(struct http_exchange *x, int status, const char *type, const char *text)
{
    http_exchange_reply(x, status, type, (struct http_fields){0}, span_from_string(text));
}

static void reply_status(struct control *control, struct http_exchange *x)
{
    char *json = tunnel_json(control->tunnel, control->config);
    reply(x, 200, "application/json", json);
    free(json);
}

static void reply_requests(struct control *control, struct http_exchange *x, bool follows)
{
    static const struct http_field fields[] = {
        {SPAN_LITERAL("Content-Type"), SPAN_LITERAL("application/x-ndjson")}};
    const struct http_response response = {.status = 200,
                                           .minor_version = 1,
                                           .fields = {fields, 1}};
    const struct history *history = tunnel_history(control->tunnel);
    if (follows)
        follow(control, x);
    http_exchange_respond(x, &response);
    for (uint64_t i = history_first(history); i <= history->count; i++) {
        char *line = tunnel_json_exchange(history_find(history, i));
        http_exchange_write(x, span_from_string(line));
        free(line);
    }
    if (!follows)
        http_exchange_end(x, (struct http_fields){0});
}

static void on_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    struct control *control = arg;
    if (!span_is_string(request->method, "GET"))
        reply(x, 405, "text/plain", "only GET is of use here\n");
    else if (span_is_string(request->target, "/status"))
        reply_status(control, x);
    else if (span_is_string(request->target, "/requests"))
        reply_requests(control, x, false);
    else if (span_is_string(request->target, "/requests?follow"))
        reply_requests(control, x, true);
    else
        reply(x, 404, "text/plain", "here are /status, /requests and /requests?follow\n");
}

/* ---- the whole ---- */

int control_new(struct loop *loop, const char *path, const struct config *config,
                const struct tunnel *tunnel, struct control **out)
{
    struct control *control = xcalloc(1, sizeof *control);
    const struct http_server_config server = {
        .on_request = on_request,
        .arg = control,
        .connections_max = CONNECTIONS_MAX,
        .head_timeout_us = HEAD_TIMEOUT_US,
        .idle_timeout_us = HEAD_TIMEOUT_US,
    };
    control->config = config;
    control->tunnel = tunnel;
    list_init(&control->followers);
    int error = http_server_new(loop, path, 0, &server, &control->server);
    if (error < 0) {
        free(control);
        return error;
    }
    *out = control;
    return 0;
}

void control_free(struct control *control)
{
    if (!control)
        return;
    LIST_EACH(link, next, &control->followers) {
        struct follower *follower = LIST_ENTRY(link, struct follower, link);
        http_exchange_end(follower->exchange, (struct http_fields){0});
        follower_free(follower);
    }
    http_server_free(control->server);
    free(control);
}
