/*
 * What either end tells of an exchange, one of each kind.
 */
#include "pair.h"

#include <stdio.h>

#include "base/clock.h"

/* ---- the API: the target says what it does ---- */

#define CONTENT  "some content"
#define PROMISED "100" /* bytes of /truncated, of which CONTENT comes */

static bool is_for(const struct http_request *request, const char *target)
{
    return span_starts_with(request->target, target);
}

static void respond(struct http_exchange *x, int status, const struct http_field *field)
{
    const struct http_response response = {
        .status = status,
        .reason = span_from_string(http_reason(status)),
        .minor_version = 1,
        .fields = {field, 1},
    };
    assert_int_equal(http_exchange_respond(x, &response), 0);
}

static void on_body(struct http_exchange *x, struct span bytes, void *arg)
{
    (void)arg;
    (void)bytes;
    (void)x;
}

static void echo(struct http_exchange *x, struct span bytes, void *arg)
{
    (void)arg;
    http_exchange_write(x, bytes);
}

static void end(struct http_exchange *x, struct http_fields trailers, void *arg)
{
    (void)arg;
    http_exchange_end(x, trailers);
}

static void answer(struct http_exchange *x, struct http_fields trailers, void *arg)
{
    (void)trailers;
    (void)arg;
    http_exchange_reply(x, 200, "text/plain", (struct http_fields){0}, SPAN_LITERAL(CONTENT));
}

static void on_abort(struct http_exchange *x, void *arg)
{
    (void)x;
    (void)arg;
}

static void on_api_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    static const struct http_exchange_handlers whole = {.on_body = on_body,
                                                        .on_body_end = answer,
                                                        .on_abort = on_abort};
    static const struct http_exchange_handlers silent = {.on_body = on_body, .on_abort = on_abort};
    static const struct http_exchange_handlers pipe = {.on_body = echo,
                                                       .on_body_end = end,
                                                       .on_abort = on_abort};
    static const struct http_field upgrade = {SPAN_LITERAL("Upgrade"), SPAN_LITERAL("echo")};
    static const struct http_field length = {SPAN_LITERAL("Content-Length"),
                                             SPAN_LITERAL(PROMISED)};
    struct pair *pair = arg;
    bool is_pipe = is_for(request, "/pipe");
    bool is_silent = is_for(request, "/silent") || is_for(request, "/begun");
    pair->is_asked |= is_silent;
    http_exchange_accept(x, is_pipe ? &pipe : is_silent ? &silent : &whole, pair);
    if (is_pipe)
        respond(x, 101, &upgrade);
    if (is_for(request, "/begun") || is_for(request, "/truncated")) {
        respond(x, 200, &length);
        http_exchange_write(x, SPAN_LITERAL(CONTENT));
    }
    if (is_for(request, "/truncated"))
        http_exchange_break(x);
}

/* ---- the pair ---- */

static int setup(void **state)
{
    *state = pair_new(on_api_request);
    return 0;
}

static int setup_up(void **state)
{
    struct pair *pair = pair_new(on_api_request);
    pair_start_provider(pair);
    pair_start_consumer(pair, 0);
    pair_run_until(pair, pair_is_up);
    *state = pair;
    return 0;
}

static int teardown(void **state)
{
    pair_free(*state);
    return 0;
}

/* ---- conditions ---- */

static bool both_told(struct pair *pair)
{
    return pair->provider.records == 1 && pair->consumer.records == 1;
}

static bool api_is_asked(struct pair *pair)
{
    return pair->is_asked;
}

static bool has_content(struct pair *pair)
{
    return pair_has_body(pair, CONTENT);
}

static bool is_switched(struct pair *pair)
{
    return pair->status == 101;
}

/* ---- checks ---- */

static void check(const struct end *end, enum exchange_end how, int status, const char *reason)
{
    assert_int_equal(end->records, 1);
    assert_string_equal(exchange_end_name(end->record.end), exchange_end_name(how));
    assert_int_equal(end->record.status, status);
    if (!reason)
        assert_string_equal(end->reason, "");
    else if (!strstr(end->reason, reason))
        fail_msg("'%s' has no '%s'", end->reason, reason);
}

static void check_both(struct pair *pair, enum exchange_end how, int status, const char *reason)
{
    check(&pair->provider, how, status, reason);
    check(&pair->consumer, how, status, reason);
}

/* Its times are in order, and those that there are no more than that. */
static void check_times(const struct exchange_record *r, bool has_head, bool has_content_)
{
    assert_int_equal(r->head_us != TIME_NEVER, has_head);
    assert_int_equal(r->first_byte_us != TIME_NEVER, has_content_);
    assert_true(r->end_us != TIME_NEVER);
    assert_true(r->begun_us + r->end_us <= clock_now_us());
    if (has_head)
        assert_true(r->head_us <= r->end_us);
    if (has_content_)
        assert_true(r->head_us <= r->first_byte_us && r->first_byte_us <= r->end_us);
}

static void check_bytes(const struct exchange_record *r, uint64_t request, uint64_t response)
{
    assert_int_equal(r->request_bytes, request);
    assert_int_equal(r->response_bytes, response);
}

/* ---- tests ---- */

static void test_complete(void **state)
{
    static const struct http_field length = {SPAN_LITERAL("Content-Length"), SPAN_LITERAL("6")};
    struct pair *pair = *state;
    pair_begin(pair, "POST", "/v1/whole?key=secret", HTTP_BODY_LENGTH, &length);
    http_call_write(pair->call, SPAN_LITERAL("prompt"));
    http_call_end(pair->call, (struct http_fields){0});
    pair_finish(pair);
    pair_run_until(pair, both_told);
    check_both(pair, EXCHANGE_COMPLETE, 200, NULL);
    const struct exchange_record *records[] = {&pair->provider.record, &pair->consumer.record};
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(records[i]->method, "POST");
        assert_string_equal(records[i]->target, "/v1/whole");
        assert_false(records[i]->is_pipe);
        check_bytes(records[i], strlen("prompt"), strlen(CONTENT));
        check_times(records[i], true, true);
    }
}

static void check_pipe(struct pair *pair, const char *sent, int status)
{
    http_call_write(pair->call, span_from_string(sent));
    http_call_end(pair->call, (struct http_fields){0});
    pair_finish(pair);
    pair_run_until(pair, both_told);
    check_both(pair, EXCHANGE_COMPLETE, status, NULL);
    const struct exchange_record *records[] = {&pair->provider.record, &pair->consumer.record};
    for (size_t i = 0; i < 2; i++) {
        assert_true(records[i]->is_pipe);
        check_times(records[i], true, true);
        assert_int_equal(records[i]->request_bytes, strlen(sent));
        assert_true(records[i]->response_bytes >= strlen(sent));
    }
}

static void test_upgrade(void **state)
{
    static const struct http_field upgrade = {SPAN_LITERAL("Upgrade"), SPAN_LITERAL("echo")};
    struct pair *pair = *state;
    pair_begin(pair, "GET", "/pipe", HTTP_BODY_PIPE, &upgrade);
    pair_run_until(pair, is_switched);
    check_pipe(pair, "frames", 101);
}

/* What goes through it is a request to the API once more. */
static void test_connect(void **state)
{
    struct pair *pair = *state;
    pair_begin(pair, "CONNECT", pair->api_url.authority, HTTP_BODY_PIPE, NULL);
    check_pipe(pair, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200);
    assert_string_equal(pair->consumer.record.target, pair->api_url.authority);
    assert_string_equal(pair->provider.record.target, pair->api_url.authority);
}

static void test_client_leaves_before_the_head(void **state)
{
    struct pair *pair = *state;
    pair_begin(pair, "GET", "/silent", HTTP_BODY_NONE, NULL);
    pair_run_until(pair, api_is_asked);
    http_call_cancel(pair->call);
    pair_run_until(pair, both_told);
    check_both(pair, EXCHANGE_CANCELLED, 0, "the client went away");
    check_times(&pair->provider.record, false, false);
    check_times(&pair->consumer.record, false, false);
}

static void test_client_leaves_behind_the_head(void **state)
{
    struct pair *pair = *state;
    pair_begin(pair, "GET", "/begun", HTTP_BODY_NONE, NULL);
    pair_run_until(pair, has_content);
    http_call_cancel(pair->call);
    pair_run_until(pair, both_told);
    check_both(pair, EXCHANGE_CANCELLED, 200, "the client went away");
    check_bytes(&pair->consumer.record, 0, strlen(CONTENT));
    check_times(&pair->consumer.record, true, true);
}

static void test_upstream_breaks_off(void **state)
{
    struct pair *pair = *state;
    pair_begin(pair, "GET", "/truncated", HTTP_BODY_NONE, NULL);
    pair_finish(pair);
    assert_true(pair->is_broken);
    check_both(pair, EXCHANGE_FAILED, 200, "in the middle of its response");
    check_bytes(&pair->provider.record, 0, strlen(CONTENT));
    check_bytes(&pair->consumer.record, 0, strlen(CONTENT));
}

static void test_upstream_is_not_there(void **state)
{
    struct pair *pair = *state;
    http_server_free(pair->api);
    pair->api = NULL;
    pair_ask(pair, "/");
    assert_int_equal(pair->status, 502);
    check(&pair->consumer, EXCHANGE_FAILED, 502, "connection refused");
    check(&pair->provider, EXCHANGE_FAILED, 0, "connection refused");
    check_times(&pair->consumer.record, false, false);
}

static void test_other_end_goes(void **state)
{
    struct pair *pair = *state;
    pair_begin(pair, "GET", "/begun", HTTP_BODY_NONE, NULL);
    pair_run_until(pair, has_content);
    end_stop(&pair->provider);
    pair_finish(pair);
    assert_true(pair->is_broken);
    check_both(pair, EXCHANGE_LOST, 200, "");
    assert_true(pair->consumer.reason[0] && pair->provider.reason[0]);
}

/* Only the consumer hears of these. */
static void test_proxy_refuses(void **state)
{
    static const struct http_field host = {SPAN_LITERAL("Host"), SPAN_LITERAL("evil.example")};
    struct pair *pair = *state;
    pair_begin(pair, "GET", "/?key=secret", HTTP_BODY_NONE, &host);
    pair_finish(pair);
    check(&pair->consumer, EXCHANGE_REFUSED, 421, "'evil.example'");
    assert_string_equal(pair->consumer.record.target, "/");
    assert_int_equal(pair->provider.records, 0);
}

/* TRACE and OPTIONS may be for the proxy. */
static void test_proxy_answers(void **state)
{
    static const struct http_field last = {SPAN_LITERAL("Max-Forwards"), SPAN_LITERAL("0")};
    struct pair *pair = *state;
    pair_begin(pair, "OPTIONS", "/", HTTP_BODY_NONE, &last);
    pair_finish(pair);
    check(&pair->consumer, EXCHANGE_COMPLETE, 204, NULL);
    assert_int_equal(pair->provider.records, 0);
}

static void test_serve_refuses(void **state)
{
    static const struct http_field key = {SPAN_LITERAL("X-Key"), SPAN_LITERAL("k")};
    static const struct http_field origin = {SPAN_LITERAL("Origin"),
                                             SPAN_LITERAL("https://evil.example")};
    struct pair *pair = *state;
    const struct serve_config config = {
        .upstream = {.url = &pair->api_url},
        .advertise = "/",
        .rules = &key,
        .rule_count = 1,
    };
    assert_int_equal(end_start(&pair->provider, &config, NULL), 0);
    pair_start_consumer(pair, 0);
    pair_begin(pair, "DELETE", "/x", HTTP_BODY_NONE, &origin);
    pair_finish(pair);
    /* To the consumer it is an answer as any other. */
    check(&pair->provider, EXCHANGE_REFUSED, 403, "--allow-origin");
    check(&pair->consumer, EXCHANGE_COMPLETE, 403, NULL);
}

static void test_serve_refuses_connect(void **state)
{
    struct pair *pair = *state;
    pair_begin(pair, "CONNECT", "elsewhere.example:1", HTTP_BODY_PIPE, NULL);
    http_call_end(pair->call, (struct http_fields){0});
    pair_finish(pair);
    check(&pair->provider, EXCHANGE_REFUSED, 403, "own host and port only");
    check(&pair->consumer, EXCHANGE_REFUSED, 403, "own host and port only");
}

static void test_no_tunnel(void **state)
{
    struct pair *pair = *state;
    pair_start_consumer(pair, 1);
    pair_ask(pair, "/x");
    assert_int_equal(pair->status, 503);
    check(&pair->consumer, EXCHANGE_DOWN, 503, "the tunnel is not connected");
}

/* What is too long is cut, and looks so. */
static void remember(const struct exchange_record *record, void *arg)
{
    *(struct exchange_record *)arg = *record;
}

static void check_names(const char *method, const char *target, const char *expected_method,
                        const char *expected_target)
{
    struct exchange_record record, told;
    struct loop *loop = loop_new();
    const struct exchange_watch watch = {.on_done = remember, .arg = &told, .loop = loop};
    struct guard g = guard_new(target, strlen(target));
    exchange_begin(&record, &watch, "phone", span_from_string(method), g.bytes);
    exchange_finish(&record, EXCHANGE_COMPLETE, NULL);
    assert_string_equal(told.device, "phone");
    assert_string_equal(told.method, expected_method);
    assert_string_equal(told.target, expected_target);
    guard_free(&g);
    loop_free(loop);
}

static void test_names(void **state)
{
    char target[EXCHANGE_TARGET_MAX + 1] = "/", cut[EXCHANGE_TARGET_MAX];
    (void)state;
    check_names("GET", "/a?b#c", "GET", "/a");
    check_names("GET", "/a#c?b", "GET", "/a");
    check_names("GET", "?b", "GET", "");
    check_names("OPTIONS", "*", "OPTIONS", "*");
    check_names("GET", "", "GET", "");
    memset(target + 1, 'x', EXCHANGE_TARGET_MAX - 2);
    check_names("GET", target, "GET", target);
    target[EXCHANGE_TARGET_MAX - 1] = 'x';
    snprintf(cut, sizeof cut, "%.*s...", EXCHANGE_TARGET_MAX - 4, target);
    check_names("A-METHOD-OF-TWENTYFOUR-XX", target, "A-METHOD-OF-TWENTYFO...", cut);
}

static void test_ends_of_streams(void **state)
{
    static const struct {
        enum stream_error error;
        enum exchange_end of_request, of_response;
    } rows[] = {
        {STREAM_UNSPECIFIED, EXCHANGE_CANCELLED, EXCHANGE_FAILED}, /* version 1 */
        {STREAM_CANCELLED, EXCHANGE_CANCELLED, EXCHANGE_FAILED},
        {STREAM_SESSION, EXCHANGE_LOST, EXCHANGE_LOST},
        {STREAM_MALFORMED, EXCHANGE_MALFORMED, EXCHANGE_MALFORMED},
        {STREAM_NOT_ALLOWED, EXCHANGE_CANCELLED, EXCHANGE_REFUSED},
        {STREAM_TOO_MANY, EXCHANGE_CANCELLED, EXCHANGE_REFUSED},
        {STREAM_TIMEOUT, EXCHANGE_CANCELLED, EXCHANGE_FAILED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(exchange_end_of_request(rows[i].error), rows[i].of_request);
        assert_int_equal(exchange_end_of_response(rows[i].error), rows[i].of_response);
    }
    for (int i = 0; i < EXCHANGE_ENDS; i++)
        assert_non_null(exchange_end_name((enum exchange_end)i));
}

int main(void)
{
#define UP(name)   cmocka_unit_test_setup_teardown(name, setup_up, teardown)
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_ends_of_streams),
        UP(test_complete),
        UP(test_upgrade),
        UP(test_connect),
        UP(test_client_leaves_before_the_head),
        UP(test_client_leaves_behind_the_head),
        UP(test_upstream_breaks_off),
        UP(test_upstream_is_not_there),
        UP(test_other_end_goes),
        UP(test_proxy_refuses),
        UP(test_proxy_answers),
        TEST(test_serve_refuses),
        UP(test_serve_refuses_connect),
        TEST(test_no_tunnel),
    };
#undef TEST
#undef UP
    return cmocka_run_group_tests(tests, NULL, NULL);
}
