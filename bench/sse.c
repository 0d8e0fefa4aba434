/*
 * Server-sent events as a model writes tokens: each stream has one every
 * 20 ms, the streams spread evenly over that time. An event holds the time at
 * which it was written, so whoever reads it on the same machine knows how
 * long it was under way.
 *
 *   bench_sse serve PORT                 until killed
 *   bench_sse read PORT STREAMS SECONDS  prints "count p50_us p99_us"
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "http/client.h"
#include "http/server.h"

enum {
    INTERVAL_US = 20 * US_PER_MS,
    STREAMS_MAX = 1000,
    EVENT_LEN = 24, /* "data: " 16 hex digits "\n\n" */
    WARM_UP_US = 500 * US_PER_MS
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bench_sse: %s\n", what);
    exit(1);
}

/* ---- the server ---- */

struct feed {
    struct http_exchange *exchange;
    struct timer *timer;
    uint64_t next_us;
};

static struct {
    struct loop *loop;
    unsigned begun;
} upstream;

static void on_feed_time(void *arg)
{
    struct feed *feed = arg;
    char event[EVENT_LEN + 1];
    snprintf(event, sizeof event, "data: %016" PRIx64 "\n\n", clock_now_us());
    http_exchange_write(feed->exchange, span_from_string(event));
    feed->next_us += INTERVAL_US;
    timer_start_at(feed->timer, feed->next_us);
}

static void on_feed_abort(struct http_exchange *x, void *arg)
{
    (void)x;
    struct feed *feed = arg;
    timer_free(feed->timer);
    free(feed);
}

static void on_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    static const struct http_exchange_handlers handlers = {.on_abort = on_feed_abort};
    struct http_field type = {SPAN_LITERAL("Content-Type"), SPAN_LITERAL("text/event-stream")};
    struct http_response response = {
        .status = 200,
        .reason = SPAN_LITERAL("OK"),
        .minor_version = 1,
        .fields = {&type, 1},
        .framing = HTTP_BODY_UNKNOWN,
    };
    (void)request;
    (void)arg;
    struct feed *feed = xcalloc(1, sizeof *feed);
    feed->exchange = x;
    feed->timer = timer_new(upstream.loop, on_feed_time, feed);
    /* A step that is prime to the interval spreads any number of them. */
    feed->next_us = clock_now_us() + (uint64_t)(upstream.begun++) * 7919 % INTERVAL_US;
    http_exchange_accept(x, &handlers, feed);
    http_exchange_respond(x, &response);
    timer_start_at(feed->timer, feed->next_us);
}

static int serve(uint16_t port)
{
    struct http_server_config config = {.on_request = on_request, .connections_max = STREAMS_MAX};
    struct http_server *server;
    upstream.loop = loop_new();
    if (http_server_new(upstream.loop, "127.0.0.1", port, &config, &server) < 0)
        die("cannot listen on that port");
    loop_run(upstream.loop);
    return 0;
}

/* ---- the reader ---- */

struct reader {
    char event[EVENT_LEN + 1];
    size_t len;
};

static struct {
    struct loop *loop;
    uint64_t from_us; /* earlier events are not counted */
    uint32_t *delays_us;
    size_t count;
    size_t cap;
} reading;

static void take_event(struct reader *r)
{
    uint64_t now_us = clock_now_us();
    uint64_t written_us;
    r->event[EVENT_LEN] = '\0';
    if (sscanf(r->event, "data: %16" SCNx64, &written_us) != 1)
        die("an event came out other than it went in");
    if (written_us >= reading.from_us && reading.count < reading.cap)
        reading.delays_us[reading.count++] = (uint32_t)(now_us - written_us);
}

static void on_body(struct span bytes, void *arg)
{
    struct reader *r = arg;
    for (size_t i = 0; i < bytes.len; i++) {
        r->event[r->len++] = (char)bytes.data[i];
        if (r->len == EVENT_LEN) {
            take_event(r);
            r->len = 0;
        }
    }
}

static void on_response(const struct http_response *response, void *arg)
{
    (void)arg;
    if (response->status != 200)
        die("the answer was not 200");
}

static void on_end(struct http_fields trailers, void *arg)
{
    (void)trailers;
    (void)arg;
    die("a stream ended");
}

static void on_error(enum http_call_error error, const char *text, void *arg)
{
    (void)error;
    (void)arg;
    die(text);
}

static void on_time_up(void *arg)
{
    (void)arg;
    loop_stop(reading.loop);
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int read_streams(uint16_t port, size_t streams, unsigned seconds)
{
    static const struct http_call_handlers handlers = {
        .on_response = on_response,
        .on_body = on_body,
        .on_end = on_end,
        .on_error = on_error,
    };
    struct http_field host = {SPAN_LITERAL("Host"), SPAN_LITERAL("127.0.0.1")};
    struct http_request request = {
        .method = SPAN_LITERAL("GET"),
        .target = SPAN_LITERAL("/sse"),
        .minor_version = 1,
        .fields = {&host, 1},
    };
    reading.loop = loop_new();
    reading.from_us = clock_now_us() + WARM_UP_US;
    reading.cap = streams * (seconds + 1) * (US_PER_S / INTERVAL_US);
    reading.delays_us = xcalloc(reading.cap, sizeof *reading.delays_us);
    struct http_client_config config = {.host = "127.0.0.1",
                                        .port = port,
                                        .connect_timeout_us = 10 * US_PER_S};
    struct http_client *client = http_client_new(reading.loop, &config);
    struct reader *readers = xcalloc(streams, sizeof *readers);
    struct http_call *call;
    for (size_t i = 0; i < streams; i++)
        http_client_call(client, &request, &handlers, &readers[i], &call);
    struct timer *timer = timer_new(reading.loop, on_time_up, NULL);
    timer_start_in(timer, WARM_UP_US + seconds * US_PER_S);
    loop_run(reading.loop);

    if (reading.count == 0)
        die("no event came");
    qsort(reading.delays_us, reading.count, sizeof *reading.delays_us, by_value);
    printf("%zu %" PRIu32 " %" PRIu32 "\n", reading.count, reading.delays_us[reading.count / 2],
           reading.delays_us[reading.count * 99 / 100]);
    return 0;
}

static unsigned number(const char *text, unsigned long most)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value == 0 || value > most)
        die("usage: bench_sse serve PORT | bench_sse read PORT STREAMS SECONDS");
    return (unsigned)value;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        return serve((uint16_t)number(argv[2], UINT16_MAX));
    if (argc == 5 && strcmp(argv[1], "read") == 0)
        return read_streams((uint16_t)number(argv[2], UINT16_MAX), number(argv[3], STREAMS_MAX),
                            number(argv[4], 60));
    number("", 0);
}
