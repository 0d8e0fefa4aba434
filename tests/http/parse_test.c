/*
 * Heads: each good one whole, in every prefix, and flush to a guard page; each
 * bad one refused with its status, never sooner or later than it can be known.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/parse.h"

static struct http_field fields[HTTP_FIELDS_MAX];

static ssize_t parse_request(const char *text, size_t len, struct http_request *out)
{
    struct guard guard = guard_new(text, len);
    ssize_t result = http_parse_request(guard.bytes, out, fields);
    guard_free(&guard);
    return result;
}

static ssize_t parse_response(const char *text, size_t len, struct http_response *out)
{
    struct guard guard = guard_new(text, len);
    ssize_t result = http_parse_response(guard.bytes, out, fields);
    guard_free(&guard);
    return result;
}

static void test_request(void **state)
{
    (void)state;
    static const char text[] = "POST /v1/chat?x=%20&y HTTP/1.1\r\n"
                               "Host: localhost:8000\r\n"
                               "Empty:\r\n"
                               "Spaces: \t a  b \t \r\n"
                               "X-Latin: \xe9\r\n"
                               "\r\nBODY";
    size_t head_len = sizeof text - 1 - 4;
    struct http_request request;
    for (size_t len = 0; len < head_len; len++)
        assert_int_equal(parse_request(text, len, &request), 0);
    assert_int_equal(parse_request(text, head_len, &request), head_len);

    assert_int_equal(http_parse_request(SPAN_LITERAL(text), &request, fields), head_len);
    assert_true(span_is_string(request.method, "POST"));
    assert_true(span_is_string(request.target, "/v1/chat?x=%20&y"));
    assert_int_equal(request.minor_version, 1);
    assert_int_equal(request.fields.count, 4);
    assert_true(span_is_string(fields[0].name, "Host"));
    assert_true(span_is_string(fields[0].value, "localhost:8000"));
    assert_true(span_is_string(fields[1].value, ""));
    assert_true(span_is_string(fields[2].value, "a  b"));
    assert_true(span_is_string(fields[3].value, "\xe9"));
}

static void test_good_requests(void **state)
{
    (void)state;
    static const char *const good[] = {
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: [::1]:80\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "M-SEARCH /~a|b HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n",
        "GET HTTP://[::1]:80?q HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Host, Authorizations\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct http_request request;
        size_t len = strlen(good[i]);
        assert_int_equal(parse_request(good[i], len, &request), len);
        for (size_t cut = 0; cut < len; cut++)
            assert_int_equal(parse_request(good[i], cut, &request), 0);
    }
}

/* Each byte that a target may have passes as it is. */
static void test_target_bytes(void **state)
{
    (void)state;
    char text[300] = "GET /";
    size_t len = strlen(text);
    for (int c = 0x21; c < 0x7f; c++) {
        if (c != '#')
            text[len++] = (char)c;
    }
    size_t target_len = len - 4;
    len += (size_t)snprintf(text + len, sizeof text - len, " HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_request request;
    assert_int_equal(http_parse_request(span_of(text, len), &request, fields), len);
    assert_true(span_is_equal(request.target, span_of(text + 4, target_len)));
    for (int c = 0; c < 256; c++) {
        if ((c > 0x20 && c < 0x7f && c != '#') || c == ' ')
            continue;
        char bad[64];
        len = (size_t)snprintf(bad, sizeof bad, "GET /? HTTP/1.1\r\nHost: a\r\n\r\n");
        bad[5] = (char)c;
        assert_int_equal(http_parse_request(span_of(bad, len), &request, fields), -400);
    }
}

static void test_bad_requests(void **state)
{
    (void)state;
#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
    static const struct {
        const char *text;
        int error;
    } bad[] = {
        /* request lines */
        {"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
         HTTP_HEAD_TOO_LARGE},
        {"GET /\r\n", HTTP_BAD_SYNTAX},
        {"GET  / HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET /  HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET / HTTP/1.1 \r\n", HTTP_BAD_SYNTAX},
        {"GET\t/ HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {" GET / HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"G(T / HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET /a b HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET /a\x01 HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET /\xc3\xa4 HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET /a#b HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET a HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET ://a HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET * HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"CONNECT /a HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"CONNECT a HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"CONNECT a: HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"CONNECT :80 HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"CONNECT a:8x HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"CONNECT a:123456 HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"CONNECT u@a:80 HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"CONNECT a:80/ HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"CONNECT http://a:80 HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET http:///a HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET ftp://a/ HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET x/http://a/ HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET http://?a HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET http://u:p@a/ HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET http://a,b/ HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET /a\x7f HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET / HTTP/1.1\n", HTTP_BAD_SYNTAX},
        {"GET / HTTP/1.1\r\r\n", HTTP_BAD_SYNTAX},
        {"GET / HT\rTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET / http/1.1\r\n", HTTP_BAD_SYNTAX},
        {"GET / HTTP/1.10\r\n", HTTP_BAD_SYNTAX},
        {"GET / HTTP/1.\r\n", HTTP_BAD_SYNTAX},
        {"GET / HTTP/x.1\r\n", HTTP_BAD_SYNTAX},
        {"GET / HTTP/2.0\r\n", HTTP_BAD_VERSION},
        {"GET / HTTP/0.9\r\n", HTTP_BAD_VERSION},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HTTP_BAD_VERSION},
        {"\n", HTTP_BAD_SYNTAX},
        {"\x16\x03\x01\x02", HTTP_BAD_SYNTAX}, /* a TLS hello */
        /* hosts */
        {"GET / HTTP/1.1\r\n\r\n", HTTP_BAD_SYNTAX},
        {GET "Host: a\r\n\r\n", HTTP_BAD_SYNTAX},
        {GET "hOST: b\r\n\r\n", HTTP_BAD_SYNTAX},
        {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", HTTP_BAD_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", HTTP_BAD_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", HTTP_BAD_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", HTTP_BAD_SYNTAX},
        /* fields */
        {GET "X : a\r\n", HTTP_BAD_SYNTAX},
        {GET "X\t: a\r\n", HTTP_BAD_SYNTAX},
        {GET " X: a\r\n", HTTP_BAD_SYNTAX},
        {GET "X: a\r\n folded\r\n", HTTP_BAD_SYNTAX},
        {GET "X: a\r\n\tfolded: b\r\n", HTTP_BAD_SYNTAX},
        {GET ": a\r\n", HTTP_BAD_SYNTAX},
        {GET "X\r\n", HTTP_BAD_SYNTAX},
        {GET "X: a\n", HTTP_BAD_SYNTAX},
        {GET "X: a\rb\r\n", HTTP_BAD_SYNTAX},
        {GET "X: a\r\r\n", HTTP_BAD_SYNTAX},
        {GET "X: \x7f\r\n", HTTP_BAD_SYNTAX},
        {GET "X: \x01\r\n", HTTP_BAD_SYNTAX},
        {GET "X\xe9: a\r\n", HTTP_BAD_SYNTAX},
        {GET "\n", HTTP_BAD_SYNTAX},
        {GET "X\"y: a\r\n", HTTP_BAD_SYNTAX},
        {GET "X/y: a\r\n", HTTP_BAD_SYNTAX},
        {"GET / HTTP/1.1\r\n Host: a\r\n", HTTP_BAD_SYNTAX},
        {GET "Connection: host\r\n\r\n", HTTP_BAD_SYNTAX},
        {GET "Connection: close, content-LENGTH\r\n\r\n", HTTP_BAD_SYNTAX},
        {GET "Connection: close\r\nconnection: Authorization\r\n\r\n", HTTP_BAD_SYNTAX},
    };
    struct http_request request;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ssize_t result = parse_request(bad[i].text, strlen(bad[i].text), &request);
        if (result != bad[i].error)
            fail_msg("\"%s\" gave %zd", bad[i].text, result);
    }
    static const char nul_in_value[] = GET "X: a\0b\r\n\r\n";
    static const char nul_in_name[] = GET "X\0: b\r\n\r\n";
    static const char nul_in_target[] = "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n";
    static const char nul_in_host[] = "GET / HTTP/1.1\r\nHost: a\0\r\n\r\n";
    assert_int_equal(parse_request(nul_in_value, sizeof nul_in_value - 1, &request), -400);
    assert_int_equal(parse_request(nul_in_name, sizeof nul_in_name - 1, &request), -400);
    assert_int_equal(parse_request(nul_in_target, sizeof nul_in_target - 1, &request), -400);
    assert_int_equal(parse_request(nul_in_host, sizeof nul_in_host - 1, &request), -400);
}

/* A head of size bytes in all, of which a field's value takes what is left. */
static char *sized_head(size_t size)
{
    static const char front[] = GET "X: ";
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'v', size);
    memcpy(text, front, sizeof front - 1);
    memcpy(text + size - 4, "\r\n\r\n", 4);
    return text;
}

static void test_limits(void **state)
{
    (void)state;
    struct http_request request;
    char *text = sized_head(HTTP_HEAD_MAX);
    assert_int_equal(parse_request(text, HTTP_HEAD_MAX, &request), HTTP_HEAD_MAX);
    assert_int_equal(parse_request(text, HTTP_HEAD_MAX - 1, &request), 0);
    free(text);
    text = sized_head(HTTP_HEAD_MAX + 1);
    assert_int_equal(parse_request(text, HTTP_HEAD_MAX + 1, &request), HTTP_HEAD_TOO_LARGE);
    assert_int_equal(parse_request(text, HTTP_HEAD_MAX, &request), HTTP_HEAD_TOO_LARGE);
    free(text);

    for (size_t target_len = HTTP_TARGET_MAX; target_len <= HTTP_TARGET_MAX + 1; target_len++) {
        static const char tail[] = " HTTP/1.1\r\nHost: a\r\n\r\n";
        size_t size = 4 + target_len + sizeof tail - 1;
        text = malloc(size);
        assert_non_null(text);
        memset(text, '/', size);
        memcpy(text, "GET ", 4);
        memcpy(text + 4 + target_len, tail, sizeof tail - 1);
        ssize_t want = target_len > HTTP_TARGET_MAX ? HTTP_TARGET_TOO_LONG : (ssize_t)size;
        assert_int_equal(parse_request(text, size, &request), want);
        free(text);
    }
    /* Without an end in sight it is refused before all of it came. */
    text = malloc(HTTP_TARGET_MAX + 100);
    assert_non_null(text);
    memset(text, 'a', HTTP_TARGET_MAX + 100);
    assert_int_equal(parse_request(text, HTTP_METHOD_MAX, &request), 0);
    assert_int_equal(parse_request(text, HTTP_METHOD_MAX + 1, &request), HTTP_METHOD_TOO_LONG);
    text[HTTP_METHOD_MAX + 1] = ' ';
    text[HTTP_METHOD_MAX + 3] = ' ';
    memcpy(text + HTTP_METHOD_MAX + 4, "HTTP/1.1\r\n", 10);
    assert_int_equal(parse_request(text, HTTP_METHOD_MAX + 14, &request), HTTP_METHOD_TOO_LONG);
    memcpy(text, "GET ", 4);
    memset(text + 4, 'a', HTTP_TARGET_MAX + 96);
    assert_int_equal(parse_request(text, HTTP_TARGET_MAX + 100, &request), HTTP_TARGET_TOO_LONG);
    free(text);
}

static void test_field_count(void **state)
{
    (void)state;
    for (int count = HTTP_FIELDS_MAX; count <= HTTP_FIELDS_MAX + 1; count++) {
        char text[8192];
        size_t len = (size_t)snprintf(text, sizeof text, GET);
        for (int i = 1; i < count; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, "a:b\r\n");
        len += (size_t)snprintf(text + len, sizeof text - len, "\r\n");
        struct http_request request;
        ssize_t want = count > HTTP_FIELDS_MAX ? HTTP_HEAD_TOO_LARGE : (ssize_t)len;
        assert_int_equal(parse_request(text, len, &request), want);
    }
}

static void test_response(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.1 404 Not  here\r\nA: b\r\n\r\nHTTP/1.1 200";
    size_t head_len = sizeof text - 1 - 12;
    struct http_response response;
    for (size_t len = 0; len < head_len; len++)
        assert_int_equal(parse_response(text, len, &response), 0);
    assert_int_equal(parse_response(text, head_len, &response), head_len);
    assert_int_equal(http_parse_response(SPAN_LITERAL(text), &response, fields), head_len);
    assert_int_equal(response.status, 404);
    assert_true(span_is_string(response.reason, "Not  here"));
    assert_int_equal(response.minor_version, 1);
    assert_int_equal(response.fields.count, 1);

    static const struct {
        const char *text;
        int status;
        const char *reason;
    } good[] = {
        {"HTTP/1.0 200 OK\r\n\r\n", 200, "OK"},
        {"HTTP/1.1 200 \r\n\r\n", 200, ""},
        {"HTTP/1.1 200\r\n\r\n", 200, ""},
        {"HTTP/1.1 999 \xc3\xa4\r\n\r\n", 999, "\xc3\xa4"},
        {"HTTP/1.1 200 OK\nA: b\n\n", 200, "OK"},
        {"HTTP/1.1 200 OK\r\nA: b\nB:\r\n\n", 200, "OK"},
        {"HTTP/1.1 200\n\r\n", 200, ""},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct span in = span_from_string(good[i].text);
        assert_int_equal(http_parse_response(in, &response, fields), in.len);
        assert_int_equal(response.status, good[i].status);
        assert_true(span_is_string(response.reason, good[i].reason));
    }
}

static void test_bad_responses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int error;
    } bad[] = {
        {"\r\n", HTTP_BAD_SYNTAX},
        {"HTTP/2.0 200 OK\r\n", HTTP_BAD_VERSION},
        {"HTTP/1.1  200 OK\r\n", HTTP_BAD_SYNTAX},
        {"HTTP/1.1 20 OK\r\n", HTTP_BAD_SYNTAX},
        {"HTTP/1.1 2000 OK\r\n", HTTP_BAD_SYNTAX},
        {"HTTP/1.1 099 OK\r\n", HTTP_BAD_SYNTAX},
        {"HTTP/1.1 +20 OK\r\n", HTTP_BAD_SYNTAX},
        {"HTTP/1.1\r\n", HTTP_BAD_SYNTAX},
        {"\n", HTTP_BAD_SYNTAX},
        {"HTTP/1.1 200 OK\r\r\n", HTTP_BAD_SYNTAX},
        {"HTTP/1.1 200 OK\nA: b\n c\n", HTTP_BAD_SYNTAX},
        {"HTTP/1.1 200 OK\nA: b\r\r\n", HTTP_BAD_SYNTAX},
        {"HTTP/1.1 200 O\rK\r\n", HTTP_BAD_SYNTAX},
        {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n", HTTP_BAD_SYNTAX},
        {"HTTP/1.1 200 OK\r\nA : b\r\n", HTTP_BAD_SYNTAX},
        {"HTTP/1.1 200 OK\r\nA: b\x01\r\n", HTTP_BAD_SYNTAX},
        {"HTTP/1.1 200 OK\r\nA(: b\r\n", HTTP_BAD_SYNTAX},
        {"HTTP/1.1 200 OK\r\nConnection: Content-Length\r\n\r\n", HTTP_BAD_SYNTAX},
        {"SSH-2.0-OpenSSH", HTTP_BAD_SYNTAX},
        {"HTTQ", HTTP_BAD_SYNTAX},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_response response;
        ssize_t result = parse_response(bad[i].text, strlen(bad[i].text), &response);
        if (result != bad[i].error)
            fail_msg("\"%s\" gave %zd", bad[i].text, result);
    }
}

static void test_head_may_end(void **state)
{
    (void)state;
    struct span in = SPAN_LITERAL(GET "X: abc\r\n\r\n");
    /* However the head is cut in two, its end is seen. */
    for (size_t old = 0; old < in.len; old++)
        assert_true(http_head_may_end(in, old, old));
    struct span bare = SPAN_LITERAL("HTTP/1.1 200 OK\nX: abc\n\n");
    for (size_t old = 0; old < bare.len; old++)
        assert_true(http_head_may_end(bare, old, old));
    struct span partial = SPAN_LITERAL(GET "X: abc\r\n");
    assert_false(http_head_may_end(partial, partial.len - 1, partial.len - 1));
    assert_true(http_head_may_end(partial, partial.len - 1, partial.len / 2));
    /* A target without end is refused when it is too long, not at twice
     * that. */
    static uint8_t line[HTTP_TARGET_MAX + 100];
    memset(line, 'x', sizeof line);
    assert_true(http_head_may_end(span_of(line, sizeof line), sizeof line - 80, sizeof line - 80));
    assert_false(http_head_may_end(span_of(line, sizeof line), sizeof line - 1, sizeof line - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),      cmocka_unit_test(test_good_requests),
        cmocka_unit_test(test_target_bytes), cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_limits),       cmocka_unit_test(test_field_count),
        cmocka_unit_test(test_response),     cmocka_unit_test(test_bad_responses),
        cmocka_unit_test(test_head_may_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
