/*
 * Fields in, fields out: written as lines, so that order and letter case show.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "tunnel/rewrite.h"

static struct http_field parsed[HTTP_FIELDS_MAX];

/* "A: b|C: d" */
static struct http_fields parse(const char *text)
{
    size_t count = 0;
    struct span rest = span_from_string(text);
    while (rest.len > 0) {
        const uint8_t *bar = memchr(rest.data, '|', rest.len);
        struct span line = span_of(rest.data, bar ? (size_t)(bar - rest.data) : rest.len);
        const uint8_t *colon = memchr(line.data, ':', line.len);
        assert_non_null(colon);
        size_t name_len = (size_t)(colon - line.data);
        parsed[count++] = (struct http_field){span_of(line.data, name_len),
                                              http_trim(span_skip(line, name_len + 1))};
        rest = span_skip(rest, bar ? line.len + 1 : line.len);
    }
    return (struct http_fields){parsed, count};
}

static const char *format(const struct head *r)
{
    static char text[4096];
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < r->count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%.*s: %.*s", i ? "|" : "",
                                SPAN_ARG(r->at[i].name), SPAN_ARG(r->at[i].value));
    return text;
}

static void check_request(const char *in, const struct rewrite *how, const char *expected)
{
    static struct head out;
    head_init(&out);
    rewrite_request(&out, parse(in), how);
    assert_string_equal(format(&out), expected);
    head_deinit(&out);
}

static void test_what_travels(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"hOST: a|X-b: 1|Accept: c|x-B: 2|COOKIE: d", "hOST: a|X-b: 1|Accept: c|x-B: 2|COOKIE: d"},
        {"Host: a|Connection: keep-alive, X-Mine|X-Mine: 1|Keep-Alive: 5|Proxy-Connection: b",
         "Host: a"},
        {"Host: a|TE: trailers, gzip|Connection: TE", "Host: a|TE: trailers"},
        {"Host: a|TE: gzip", "Host: a"},
        {"Host: a|Transfer-Encoding: chunked|Trailer: X-Sum", "Host: a|Trailer: X-Sum"},
        {"Host: a|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Key: k",
         "Host: a|Sec-WebSocket-Key: k"},
        {"Host: a|Expect: 100-continue|Content-Length: 5", "Host: a|Content-Length: 5"},
        {"Host: a|Proxy-Authorization: b|Via: 1.1 x|X-Forwarded-For: 1",
         "Host: a|Proxy-Authorization: b|Via: 1.1 x|X-Forwarded-For: 1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_request(rows[i].in, &(struct rewrite){0}, rows[i].out);
}

static void test_what_may_travel(void **state)
{
    (void)state;
    const struct rewrite expect = {.keeps_expect = true};
    check_request("Host: a|Expect: 100-continue", &expect, "Host: a|Expect: 100-continue");
    const struct rewrite upgrade = {.keeps_upgrade = true};
    check_request("Host: a|Upgrade: websocket|Connection: Upgrade, TE, X|X: 1|TE: trailers|"
                  "Content-Length: 0|Origin: b",
                  &upgrade, "Host: a|Upgrade: websocket|Origin: b|TE: trailers");
}

static void test_host(void **state)
{
    (void)state;
    const struct rewrite how = {.host = SPAN_LITERAL("up:80")};
    check_request("A: b|host: c|D: e", &how, "A: b|host: up:80|D: e");
    check_request("A: b|D: e", &how, "Host: up:80|A: b|D: e");
    check_request("Host: a|A: b|HOST: c", &how, "Host: up:80|A: b");
    check_request("A: b|host: c|D: e", &(struct rewrite){0}, "A: b|host: c|D: e");
}

static void test_forwarded(void **state)
{
    (void)state;
    struct address v4, v6;
    assert_int_equal(address_parse("192.0.2.1", 4711, &v4), 0);
    assert_int_equal(address_parse("2001:db8::1", 4711, &v6), 0);
    struct rewrite_forwarded forwarded = {.client = &v4,
                                          .host = SPAN_LITERAL("h:80"),
                                          .minor_version = 1};
    const struct rewrite how = {.host = SPAN_LITERAL("up"), .forwarded = &forwarded};
    check_request("Host: h:80", &how,
                  "Host: up|Forwarded: for=192.0.2.1;host=\"h:80\";proto=http|"
                  "X-Forwarded-For: 192.0.2.1|Via: 1.1 tunnel|X-Forwarded-Host: h:80|"
                  "X-Forwarded-Proto: http");
    /* Behind others: at the end of their lists; what they said stays. */
    check_request("Host: h:80|x-forwarded-for: 1|X-Forwarded-For: 2, 3|X-Forwarded-Proto: https|"
                  "Forwarded: for=1|Via: 1.1 a, 1.0 b",
                  &how,
                  "Host: up|x-forwarded-for: 1|X-Forwarded-For: 2, 3, 192.0.2.1|"
                  "X-Forwarded-Proto: https|"
                  "Forwarded: for=1, for=192.0.2.1;host=\"h:80\";proto=http|"
                  "Via: 1.1 a, 1.0 b, 1.1 tunnel|X-Forwarded-Host: h:80");
    forwarded = (struct rewrite_forwarded){.client = &v6};
    check_request("Host: x", &how,
                  "Host: up|Forwarded: for=\"[2001:db8::1]\";proto=http|"
                  "X-Forwarded-For: 2001:db8::1|Via: 1.0 tunnel|X-Forwarded-Proto: http");
    /* A host that would break out of its quotes. */
    forwarded = (struct rewrite_forwarded){.host = SPAN_LITERAL("a\";for=b"), .minor_version = 1};
    check_request("Host: x", &how,
                  "Host: up|Forwarded: for=unknown;proto=http|X-Forwarded-For: unknown|"
                  "Via: 1.1 tunnel|X-Forwarded-Host: a\";for=b|X-Forwarded-Proto: http");
    /* A client that is gone before its request is looked at. */
    struct address gone = {0};
    forwarded = (struct rewrite_forwarded){.client = &gone, .minor_version = 1};
    check_request("Host: x", &how,
                  "Host: up|Forwarded: for=unknown;proto=http|X-Forwarded-For: unknown|"
                  "Via: 1.1 tunnel|X-Forwarded-Proto: http");
    /* A client that says it has been through a tunnel is not believed. */
    forwarded = (struct rewrite_forwarded){.client = &v4, .minor_version = 1};
    check_request("Host: x|Via: 1.1 a, 1.1 tunnel|X-Forwarded-For: 1", &how,
                  "Host: up|Via: 1.1 a, 1.1 tunnel, 1.1 tunnel|X-Forwarded-For: 1, 192.0.2.1|"
                  "Forwarded: for=192.0.2.1;proto=http|X-Forwarded-Proto: http");
}

/* TLS is told where nobody has told otherwise. */
static void test_tls(void **state)
{
    (void)state;
    struct rewrite_forwarded forwarded = {.minor_version = 1, .is_tls = true};
    struct rewrite how = {.is_tls = true};
    check_request("Host: x", &how, "Host: x|X-Forwarded-Proto: https");
    check_request("Host: x|x-forwarded-proto: http", &how, "Host: x|x-forwarded-proto: http");
    how.forwarded = &forwarded;
    check_request("Host: x", &how,
                  "Host: x|Forwarded: for=unknown;proto=https|X-Forwarded-For: unknown|"
                  "Via: 1.1 tunnel|X-Forwarded-Proto: https");
}

static void test_rules(void **state)
{
    (void)state;
    static const char *const texts[] = {"Authorization:  Bearer s \t",
                                        "x-old:",
                                        "X-New: 1",
                                        "X-New: 2",
                                        "Via: 1.1 mine",
                                        "Host: vhost"};
    enum { COUNT = sizeof texts / sizeof *texts };
    struct http_field rules[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        assert_null(rewrite_rule_parse(texts[i], &rules[i]));
    struct rewrite_forwarded forwarded = {.minor_version = 1};
    struct rewrite how = {.host = SPAN_LITERAL("up"), .rules = rules, .rule_count = COUNT};
    check_request("authorization: a|A: b|AUTHORIZATION: c|X-Old: d|B: e|x-old: f|host: g", &how,
                  "Authorization: Bearer s|A: b|B: e|Host: vhost|X-New: 2|Via: 1.1 mine");
    how.forwarded = &forwarded;
    check_request("Host: g", &how,
                  "Host: vhost|Forwarded: for=unknown;proto=http|X-Forwarded-For: unknown|"
                  "Via: 1.1 mine|X-Forwarded-Proto: http|Authorization: Bearer s|X-New: 2");
}

static void test_bad_rules(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "X",
        ": a",
        "a b: c",
        "X : a",
        "X: a\r\nY: b",
        "X: \x01",
        "Host:",
        "TE: x",
        "Upgrade: x",
        "connection: x",
        "Expect: x",
        "Trailer: x",
        "Content-Length: 5",
        "content-length:",
        "Transfer-Encoding: chunked",
        "Keep-Alive: 5",
    };
    struct http_field rule;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!rewrite_rule_parse(texts[i], &rule))
            fail_msg("\"%s\" was taken", texts[i]);
    }
}

/* As many as there can be. */
static void test_full(void **state)
{
    (void)state;
    static struct http_field in[HTTP_FIELDS_MAX];
    static struct http_field rules[REWRITE_RULES_MAX];
    static char names[REWRITE_RULES_MAX][8];
    static struct head out;
    for (size_t i = 0; i < HTTP_FIELDS_MAX; i++)
        in[i] = (struct http_field){SPAN_LITERAL("A"), SPAN_LITERAL("b")};
    in[0] = (struct http_field){SPAN_LITERAL("TE"), SPAN_LITERAL("trailers")};
    for (size_t i = 0; i < REWRITE_RULES_MAX; i++) {
        snprintf(names[i], sizeof names[i], "R%zu", i);
        rules[i] = (struct http_field){span_from_string(names[i]), SPAN_LITERAL("1")};
    }
    const struct rewrite_forwarded forwarded = {.host = SPAN_LITERAL("h"), .minor_version = 1};
    const struct rewrite how = {.host = SPAN_LITERAL("up"),
                                .forwarded = &forwarded,
                                .owns_device = true,
                                .device = "phone",
                                .rules = rules,
                                .rule_count = REWRITE_RULES_MAX};
    head_init(&out);
    rewrite_request(&out, (struct http_fields){in, HTTP_FIELDS_MAX}, &how);
    assert_int_equal(out.count,
                     HEAD_FIELDS_MAX - 2); /* TE came with the others; room for a length */
    head_deinit(&out);
}

static void test_response(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum http_framing framing;
        const char *in, *out;
    } rows[] = {
        {200, HTTP_BODY_LENGTH, "content-length: 5|Set-Cookie: a|Set-Cookie: b|Server: c",
         "content-length: 5|Set-Cookie: a|Set-Cookie: b|Server: c"},
        {200, HTTP_BODY_UNKNOWN, "Transfer-Encoding: chunked|Connection: X, close|X: 1|Trailer: T",
         "Trailer: T"},
        {200, HTTP_BODY_NONE, "Content-Length: 5|Upgrade: h2c", "Content-Length: 5"},
        {304, HTTP_BODY_NONE, "Content-Length: 5", "Content-Length: 5"},
        {204, HTTP_BODY_NONE, "Content-Length: 5|A: b", "Content-Length: 5|A: b"},
        {103, HTTP_BODY_NONE, "Content-Length: 5|Link: b", "Link: b"},
        {101, HTTP_BODY_PIPE, "Upgrade: websocket|Connection: Upgrade|A: b",
         "Upgrade: websocket|A: b"},
        {200, HTTP_BODY_PIPE, "Content-Length: 5|A: b", "A: b"},
    };
    static struct head out;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct http_response response = {.status = rows[i].status,
                                               .fields = parse(rows[i].in),
                                               .framing = rows[i].framing};
        head_init(&out);
        rewrite_response(&out, &response);
        assert_string_equal(format(&out), rows[i].out);
        head_deinit(&out);
    }
}

/* Some servers put trailers into the head. */
static void test_trailers(void **state)
{
    (void)state;
    static const struct http_field rules[] = {{SPAN_LITERAL("X-Key"), SPAN_LITERAL("k")},
                                              {SPAN_LITERAL("X-Role"), {0}}};
    static const struct rewrite ruled = {.rules = rules, .rule_count = 2};
    static const struct rewrite owning = {.owns_device = true};
    static const struct {
        const struct rewrite *how;
        const char *out;
    } rows[] = {
        {NULL, "X-Sum: 1|x-key: 2|X-ROLE: 3|X_Tunnel-device: 4"},
        {&ruled, "X-Sum: 1|X_Tunnel-device: 4"},
        {&owning, "X-Sum: 1|x-key: 2|X-ROLE: 3"},
    };
    static struct head out;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        head_init(&out);
        rewrite_trailers(&out,
                         parse("X-Sum: 1|x-key: 2|Keep-Alive: 5|X-ROLE: 3|X_Tunnel-device: 4"),
                         rows[i].how);
        assert_string_equal(format(&out), rows[i].out);
        head_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_travels), cmocka_unit_test(test_what_may_travel),
        cmocka_unit_test(test_host),         cmocka_unit_test(test_forwarded),
        cmocka_unit_test(test_tls),          cmocka_unit_test(test_rules),
        cmocka_unit_test(test_bad_rules),    cmocka_unit_test(test_full),
        cmocka_unit_test(test_response),     cmocka_unit_test(test_trailers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
