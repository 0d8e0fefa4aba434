/*
 * See pair.h.
 */
#include "pair.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "http/client.h"
#include "signal/server.h"

enum { TIMEOUT_S = 120, BODY_MAX = 1 << 20 };

/* ---- running ---- */

static void on_turn(void *arg)
{
    struct pair *pair = arg;
    if (pair->is_done && pair->is_done(pair)) {
        pair->is_done = NULL;
        loop_stop(pair->loop);
    }
}

static void on_watchdog(void *arg)
{
    (void)arg;
    fail_msg("not done in %d s", TIMEOUT_S);
}

void pair_run_until(struct pair *pair, bool (*is_done)(struct pair *pair))
{
    pair->is_done = is_done;
    timer_start_in(pair->watchdog, TIMEOUT_S * US_PER_S);
    loop_run(pair->loop);
    timer_stop(pair->watchdog);
}

/* ---- the tunnels ---- */

static void on_status(size_t link, const struct keeper_status *status, void *arg)
{
    struct end *end = arg;
    if (link > 0)
        return;
    end->is_up = status->state == KEEPER_UP;
    end->is_waiting = status->state == KEEPER_WAITING;
    end->has_heard_goodbye |= status->is_goodbye;
}

static void on_bad_upstream(const char *why, void *arg)
{
    assert_non_null(strstr(why, "; "));
    ((struct end *)arg)->has_bad_upstream = true;
}

static void on_exchange_done(const struct exchange_record *record, void *arg)
{
    struct end *end = arg;
    end->records++;
    end->record = *record;
    end->record.reason = NULL;
    snprintf(end->reason, sizeof end->reason, "%s", record->reason ? record->reason : "");
}

int end_start(struct end *end, const struct serve_config *serve, const struct proxy_config *proxy)
{
    static const struct tunnel_handlers handlers = {
        .on_status = on_status,
        .on_bad_upstream = on_bad_upstream,
        .on_exchange_done = on_exchange_done,
    };
    const struct tunnel_config config = {
        .serve = serve,
        .proxy = proxy,
        .features = FEATURES_ALL,
        .signal = &end->pair->signal_url,
        .room = end->link || end->state ? NULL
                : end->room             ? end->room
                                        : "room",
        .links = end->link,
        .link_count = end->link ? 1 + end->more_links : 0,
        .state = end->state,
    };
    return tunnel_new(end->pair->loop, &config, &handlers, end, &end->tunnel);
}

void end_stop(struct end *end)
{
    tunnel_close(end->tunnel);
    end->tunnel = NULL;
    end->is_up = false;
}

void pair_start_provider(struct pair *pair)
{
    const struct serve_config config = {
        .upstream = {.url = &pair->api_url},
        .advertise = "/",
        .allows_connect = true,
    };
    assert_int_equal(end_start(&pair->provider, &config, NULL), 0);
}

void pair_start_consumer(struct pair *pair, uint64_t wait_us)
{
    const struct proxy_config config = {.host = "127.0.0.1", .wait_us = wait_us};
    assert_int_equal(end_start(&pair->consumer, NULL, &config), 0);
    const struct http_client_config client = {
        .host = "127.0.0.1",
        .port = tunnel_port(pair->consumer.tunnel),
        .connect_timeout_us = TIMEOUT_S * US_PER_S,
    };
    pair->client = http_client_new(pair->loop, &client);
}

/* ---- the client ---- */

static void on_response(const struct http_response *response, void *arg)
{
    ((struct pair *)arg)->status = response->status;
}

static void on_body(struct span bytes, void *arg)
{
    assert_int_equal(buf_append(&((struct pair *)arg)->body, bytes), 0);
}

static void on_end(struct http_fields trailers, void *arg)
{
    struct pair *pair = arg;
    (void)trailers;
    pair->has_response = true;
    pair->call = NULL;
}

static void on_error(enum http_call_error error, const char *text, void *arg)
{
    struct pair *pair = arg;
    (void)error;
    (void)text;
    pair->is_broken = true;
    pair->call = NULL;
}

void pair_begin(struct pair *pair, const char *method, const char *target,
                enum http_framing framing, const struct http_field *field)
{
    static const struct http_call_handlers handlers = {
        .on_response = on_response,
        .on_body = on_body,
        .on_end = on_end,
        .on_error = on_error,
    };
    const struct http_field fields[] = {
        field && span_is_string(field->name, "Host")
            ? *field
            : (struct http_field){SPAN_LITERAL("Host"), SPAN_LITERAL("localhost")},
        field ? *field : (struct http_field){{0}, {0}},
    };
    const struct http_request request = {
        .method = span_from_string(method),
        .target = span_from_string(target),
        .fields = {fields, field && !span_is_string(field->name, "Host") ? 2 : 1},
        .framing = framing,
    };
    buf_clear(&pair->body);
    pair->status = 0;
    pair->has_response = false;
    pair->is_broken = false;
    assert_int_equal(http_client_call(pair->client, &request, &handlers, pair, &pair->call), 0);
}

static bool is_over(struct pair *pair)
{
    return pair->has_response || pair->is_broken;
}

void pair_finish(struct pair *pair)
{
    pair_run_until(pair, is_over);
}

void pair_ask(struct pair *pair, const char *target)
{
    pair_begin(pair, "GET", target, HTTP_BODY_NONE, NULL);
    pair_finish(pair);
    assert_false(pair->is_broken);
}

bool pair_has_body(const struct pair *pair, const char *text)
{
    struct span body = buf_bytes(&pair->body);
    return body.len > 0 && memmem(body.data, body.len, text, strlen(text)) != NULL;
}

/* ---- the pair ---- */

static void parse_url(const char *scheme, uint16_t port, struct url *out)
{
    char text[64];
    const char *why;
    snprintf(text, sizeof text, "%s://127.0.0.1:%u", scheme, port);
    assert_int_equal(url_parse(text, out, &why), 0);
}

struct pair *pair_new(void (*on_request)(struct http_exchange *x,
                                         const struct http_request *request, void *arg))
{
    struct pair *pair = xcalloc(1, sizeof *pair);
    struct signal_server_config signal;
    const struct http_server_config api = {
        .on_request = on_request,
        .arg = pair,
        .connections_max = 16,
    };
    log_configure(getenv("TEST_DEBUG") ? LOG_DEBUG : LOG_ERROR, LOG_TEXT);
    pair->loop = loop_new();
    pair->watchdog = timer_new(pair->loop, on_watchdog, pair);
    pair->hook = turn_hook_new(pair->loop, on_turn, NULL, pair);
    pair->provider.pair = pair;
    pair->consumer.pair = pair;
    buf_init(&pair->body, BODY_MAX);
    signal_server_config_init(&signal);
    signal.host = "127.0.0.1";
    signal.port = 0;
    assert_int_equal(signal_server_new(pair->loop, &signal, &pair->signal), 0);
    parse_url("ws", signal_server_port(pair->signal), &pair->signal_url);
    assert_int_equal(http_server_new(pair->loop, "127.0.0.1", 0, &api, &pair->api), 0);
    parse_url("http", http_server_port(pair->api), &pair->api_url);
    return pair;
}

void pair_free(struct pair *pair)
{
    tunnel_close(pair->provider.tunnel);
    tunnel_close(pair->consumer.tunnel);
    http_client_free(pair->client);
    http_server_free(pair->api);
    signal_server_close(pair->signal);
    turn_hook_free(pair->hook);
    timer_free(pair->watchdog);
    loop_free(pair->loop);
    url_deinit(&pair->api_url);
    url_deinit(&pair->signal_url);
    buf_deinit(&pair->body);
    free(pair);
}

bool pair_is_up(struct pair *pair)
{
    return pair->provider.is_up && pair->consumer.is_up;
}
