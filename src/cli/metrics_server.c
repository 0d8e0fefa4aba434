#include "cli/metrics_server.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"
#include "http/server.h"
#include "http/url.h"

enum { CONNECTIONS_MAX = 64, TEXT_MAX = 8 << 20 };

#define HEAD_TIMEOUT_US (10 * US_PER_S)
#define IDLE_TIMEOUT_US (120 * US_PER_S) /* more than what most scrape in */

struct metrics_server {
    struct metrics_source source;
    struct http_server *http;
    const char *host; /* the caller's */
};

/* ---- of the process: names as all clients of Prometheus have them ---- */

static uint64_t cpu_us(void)
{
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) < 0)
        return 0;
    return (uint64_t)used.tv_sec * US_PER_S + (uint64_t)used.tv_nsec / 1000;
}

static void write_process(struct metrics *m)
{
    static const char cpu[] = "process_cpu_seconds";
    metrics_family(m, METRIC_COUNTER, cpu, "seconds", "User and system CPU time.");
    metrics_seconds(m, NULL, cpu_us());
    metrics_gauge(m, "process_resident_memory_bytes", "bytes", "Resident memory.",
                  process_resident_bytes());
    metrics_gauge(m, "process_open_fds", NULL, "Open file descriptors.",
                  process_open_descriptors());
}

/* ---- requests ---- */

static void reply(struct http_exchange *x, int status, const char *type, struct span text)
{
    static const struct http_field fields[] = {
        {SPAN_LITERAL("Cache-Control"), SPAN_LITERAL("no-store")}};
    http_exchange_reply(x, status, type, (struct http_fields){fields, 1}, text);
}

static void reply_text(struct http_exchange *x, int status, const char *text)
{
    char *line = xasprintf("%s\n", text);
    reply(x, status, "text/plain; charset=utf-8", span_from_string(line));
    free(line);
}

/* Prometheus asks for OpenMetrics where it knows that. */
static bool takes_open_metrics(const struct http_request *request)
{
    const struct http_field *accept = http_fields_find(request->fields, "Accept");
    static const char type[] = "application/openmetrics-text";
    return accept && memmem(accept->value.data, accept->value.len, type, sizeof type - 1);
}

static void reply_metrics(struct metrics_server *server, struct http_exchange *x,
                          const struct http_request *request)
{
    bool is_open = takes_open_metrics(request);
    struct metrics metrics;
    struct buf text;
    buf_init(&text, TEXT_MAX);
    metrics_init(&metrics, &text, is_open);
    server->source.write(&metrics, server->source.arg);
    write_process(&metrics);
    metrics_end(&metrics);
    reply(x, 200, metrics_content_type(is_open), buf_bytes(&text));
    buf_deinit(&text);
}

static void reply_ready(struct metrics_server *server, struct http_exchange *x)
{
    const char *why = server->source.unready(server->source.arg);
    reply_text(x, why ? 503 : 200, why ? why : "ready");
}

/* Without its query. */
static struct span path_of(struct span target)
{
    const uint8_t *query = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;
    return query ? (struct span){target.data, (size_t)(query - target.data)} : target;
}

static void on_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    struct metrics_server *server = arg;
    struct span path = path_of(request->target);
    if (!span_is_string(request->method, "GET") && !span_is_string(request->method, "HEAD"))
        reply_text(x, 405, "only GET is of use here");
    else if (span_is_string(path, "/metrics"))
        reply_metrics(server, x, request);
    else if (span_is_string(path, "/healthz"))
        reply_text(x, 200, "ok");
    else if (span_is_string(path, "/readyz"))
        reply_ready(server, x);
    else
        reply_text(x, 404, "here are /metrics, /healthz and /readyz");
}

/* ---- the whole ---- */

static void tell_failure(const struct metrics_place *place, int error)
{
    char *listen = listen_address_format(place->host, place->port);
    fprintf(stderr, "%s: %s cannot be at '%s': %s\n", place->program, place->option, listen,
            error == -EADDRINUSE ? "something listens there already; choose another port"
            : error == -EACCES   ? "ports below 1024 need privileges; choose another port"
            : error == -EADDRNOTAVAIL || error == -EINVAL
                ? "that is no address or name of this machine, as 127.0.0.1 is"
                : strerror(-error));
    free(listen);
}

bool metrics_listening_open(const struct metrics_place *place, struct listening *out)
{
    int error = listening_open(place->host, place->port, out);
    if (error < 0)
        tell_failure(place, error);
    return error == 0;
}

struct metrics_server *metrics_server_adopt(struct loop *loop, const char *host,
                                            struct listening *listening,
                                            const struct metrics_source *source)
{
    struct metrics_server *server = xcalloc(1, sizeof *server);
    const struct http_server_config config = {
        .on_request = on_request,
        .arg = server,
        .listening = listening,
        .connections_max = CONNECTIONS_MAX,
        .head_timeout_us = HEAD_TIMEOUT_US,
        .idle_timeout_us = IDLE_TIMEOUT_US,
    };
    server->source = *source;
    server->host = host;
    int error = http_server_new(loop, NULL, 0, &config, &server->http);
    assert(error == 0); /* it listens already */
    (void)error;
    return server;
}

struct metrics_server *metrics_server_new(struct loop *loop, const struct metrics_place *place,
                                          const struct metrics_source *source)
{
    struct listening listening;
    if (!metrics_listening_open(place, &listening))
        return NULL;
    return metrics_server_adopt(loop, place->host, &listening, source);
}

void metrics_server_tell(const struct metrics_server *server)
{
    if (!server)
        return;
    char *listen = listen_address_format(server->host, http_server_port(server->http));
    log_info("metrics: http://%s/metrics", listen);
    free(listen);
}

void metrics_server_free(struct metrics_server *server)
{
    if (!server)
        return;
    http_server_free(server->http);
    free(server);
}
