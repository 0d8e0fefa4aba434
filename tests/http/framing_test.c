/*
 * What the fields of a head say about its body, and what contradicts itself.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>

#include "http/framing.h"
#include "http/parse.h"

static struct http_field fields[HTTP_FIELDS_MAX];

static int request_framing(const char *version, const char *lines, enum http1_framing *framing,
                           uint64_t *length)
{
    char text[1024];
    int len = snprintf(text, sizeof text, "POST / HTTP/%s\r\nHost: a\r\n%s\r\n", version, lines);
    struct http_request request;
    assert_int_equal(http_parse_request(span_of(text, (size_t)len), &request, fields), len);
    return http_request_framing(&request, framing, length);
}

static int response_framing(const char *status_line, const char *lines, const char *method,
                            enum http1_framing *framing, uint64_t *length)
{
    char text[1024];
    int len = snprintf(text, sizeof text, "HTTP/%s\r\n%s\r\n", status_line, lines);
    struct http_response response;
    assert_int_equal(http_parse_response(span_of(text, (size_t)len), &response, fields), len);
    return http_response_framing(&response, span_from_string(method), framing, length);
}

static void test_request_framing(void **state)
{
    (void)state;
    static const struct {
        const char *version, *lines;
        int error;
        enum http1_framing framing;
        uint64_t length;
    } cases[] = {
        {"1.1", "", 0, HTTP1_BODY_NONE, 0},
        {"1.0", "Content-Length: 7\r\n", 0, HTTP1_BODY_LENGTH, 7},
        {"1.1", "content-length: 0\r\n", 0, HTTP1_BODY_LENGTH, 0},
        {"1.1", "Content-Length: 007\r\n", 0, HTTP1_BODY_LENGTH, 7},
        {"1.1", "Content-Length: 9223372036854775807\r\n", 0, HTTP1_BODY_LENGTH, INT64_MAX},
        {"1.1", "Content-Length: 9223372036854775808\r\n", -EINVAL, 0, 0},
        {"1.1", "Content-Length: 99999999999999999999999\r\n", -EINVAL, 0, 0},
        {"1.1", "Content-Length:\r\n", -EINVAL, 0, 0},
        {"1.1", "Content-Length: +7\r\n", -EINVAL, 0, 0},
        {"1.1", "Content-Length: -7\r\n", -EINVAL, 0, 0},
        {"1.1", "Content-Length: 7 7\r\n", -EINVAL, 0, 0},
        {"1.1", "Content-Length: 7, 7\r\n", -EINVAL, 0, 0},
        {"1.1", "Content-Length: 0x7\r\n", -EINVAL, 0, 0},
        {"1.1", "Content-Length: 7\r\nContent-Length: 7\r\n", -EINVAL, 0, 0},
        {"1.1", "Content-Length: 7\r\ncontent-length: 8\r\n", -EINVAL, 0, 0},
        {"1.1", "Transfer-Encoding: chunked\r\n", 0, HTTP1_BODY_CHUNKED, 0},
        {"1.1", "Transfer-Encoding: , CHUNKED ,\r\n", 0, HTTP1_BODY_CHUNKED, 0},
        {"1.0", "Transfer-Encoding: chunked\r\n", -EINVAL, 0, 0},
        {"1.1", "Transfer-Encoding: chunked\r\nContent-Length: 7\r\n", -EINVAL, 0, 0},
        {"1.1", "Content-Length: 7\r\nTransfer-Encoding: x\r\n", -EINVAL, 0, 0},
        {"1.1", "Transfer-Encoding: gzip, chunked\r\n", -ENOTSUP, 0, 0},
        {"1.1", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", -ENOTSUP, 0, 0},
        {"1.1", "Transfer-Encoding: chunked, gzip\r\n", -EINVAL, 0, 0},
        {"1.1", "Transfer-Encoding: chunked, chunked\r\n", -EINVAL, 0, 0},
        {"1.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", -EINVAL, 0, 0},
        {"1.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", -EINVAL, 0, 0},
        {"1.1", "Transfer-Encoding: identity\r\n", -ENOTSUP, 0, 0},
        {"1.1", "Transfer-Encoding: xchunked\r\n", -ENOTSUP, 0, 0},
        {"1.1", "Transfer-Encoding: gzip\r\n", -ENOTSUP, 0, 0},
        {"1.1", "Transfer-Encoding: [chunked]\r\n", -EINVAL, 0, 0},
        {"1.1", "Transfer-Encoding: \"chunked\"\r\n", -EINVAL, 0, 0},
        {"1.1", "Transfer-Encoding: chunked;a=b\r\n", -EINVAL, 0, 0},
        {"1.1", "Transfer-Encoding:\r\n", -EINVAL, 0, 0},
        {"1.1", "Connection: a, UPGRADE\r\nUpgrade: b\r\n", 0, HTTP1_BODY_PIPE, 0},
        {"1.1", "Connection: upgrade\r\nUpgrade: b\r\nContent-Length: 0\r\n", 0, HTTP1_BODY_PIPE,
         0},
        {"1.1", "Connection: upgrade\r\nUpgrade: b\r\nContent-Length: 1\r\n", 0, HTTP1_BODY_LENGTH,
         1},
        {"1.1", "Connection: upgrade\r\nUpgrade:\r\n", 0, HTTP1_BODY_NONE, 0},
        {"1.1", "Connection: upgrade\r\nUpgrade: ,\r\n", 0, HTTP1_BODY_NONE, 0},
        {"1.1", "Connection: upgrade\r\nUpgrade:\r\nUpgrade: b\r\n", 0, HTTP1_BODY_PIPE, 0},
        {"1.1", "Connection: upgrade\r\nUpgrade: h2c\r\n", 0, HTTP1_BODY_NONE, 0},
        {"1.1", "Connection: upgrade\r\nUpgrade: H2C,\r\nUpgrade: h2c\r\n", 0, HTTP1_BODY_NONE, 0},
        {"1.1", "Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 7\r\n", 0,
         HTTP1_BODY_LENGTH, 7},
        {"1.1", "Connection: upgrade\r\nUpgrade: h2c, b\r\n", 0, HTTP1_BODY_PIPE, 0},
        {"1.1", "Connection: upgrade\r\nUpgrade: h2c\r\nUpgrade: b\r\n", 0, HTTP1_BODY_PIPE, 0},
        {"1.1", "Upgrade: b\r\n", 0, HTTP1_BODY_NONE, 0},
        {"1.1", "Connection: upgrade\r\n", 0, HTTP1_BODY_NONE, 0},
        {"1.0", "Connection: upgrade\r\nUpgrade: b\r\n", 0, HTTP1_BODY_NONE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum http1_framing framing;
        uint64_t length;
        int error = request_framing(cases[i].version, cases[i].lines, &framing, &length);
        if (error != cases[i].error)
            fail_msg("%s gave %d", cases[i].lines, error);
        if (error == 0) {
            assert_int_equal(framing, cases[i].framing);
            assert_int_equal(length, cases[i].length);
        }
    }
}

static void test_response_framing(void **state)
{
    (void)state;
    static const struct {
        const char *status_line, *lines, *method;
        int error;
        enum http1_framing framing;
        uint64_t length;
    } cases[] = {
        {"1.1 200 OK", "", "GET", 0, HTTP1_BODY_UNTIL_CLOSE, 0},
        {"1.1 200 OK", "Content-Length: 5\r\n", "GET", 0, HTTP1_BODY_LENGTH, 5},
        {"1.1 200 OK", "Content-Length: 5\r\n", "HEAD", 0, HTTP1_BODY_NONE, 0},
        {"1.1 200 OK", "Transfer-Encoding: chunked\r\n", "HEAD", 0, HTTP1_BODY_NONE, 0},
        {"1.1 204 -", "Content-Length: 5\r\n", "GET", 0, HTTP1_BODY_NONE, 0},
        {"1.1 200 OK", "Transfer-Encoding: gzip, chunked\r\n", "HEAD", 0, HTTP1_BODY_NONE, 0},
        {"1.1 200 OK", "Content-Length: five\r\n", "HEAD", -EINVAL, 0, 0},
        {"1.1 304 -", "Content-Length: 5\r\nContent-Length: 5\r\n", "GET", -EINVAL, 0, 0},
        {"1.1 304 -", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "GET", -EINVAL, 0, 0},
        {"1.1 304 -", "Transfer-Encoding: chunked\r\n", "GET", 0, HTTP1_BODY_NONE, 0},
        {"1.1 103 -", "", "GET", 0, HTTP1_BODY_NONE, 0},
        {"1.1 500 -", "Transfer-Encoding: Chunked\r\n", "POST", 0, HTTP1_BODY_CHUNKED, 0},
        {"1.0 200 OK", "Transfer-Encoding: chunked\r\n", "GET", -EINVAL, 0, 0},
        {"1.1 200 OK", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "GET", -EINVAL, 0, 0},
        {"1.1 200 OK", "Transfer-Encoding: br, chunked\r\n", "GET", -ENOTSUP, 0, 0},
        {"1.1 200 OK", "Content-Length: 5\r\nContent-Length: 6\r\n", "GET", -EINVAL, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum http1_framing framing;
        uint64_t length;
        int error = response_framing(cases[i].status_line, cases[i].lines, cases[i].method,
                                     &framing, &length);
        assert_int_equal(error, cases[i].error);
        if (error == 0) {
            assert_int_equal(framing, cases[i].framing);
            assert_int_equal(length, cases[i].length);
        }
    }
}

static void test_connect_framing(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        int error;
    } cases[] = {
        {"", 0},
        {"Content-Length: 0\r\n", -EINVAL},
        {"Content-Length: 5\r\n", -EINVAL},
        {"Transfer-Encoding: chunked\r\n", -EINVAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        int len = snprintf(text, sizeof text, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n%s\r\n",
                           cases[i].lines);
        struct http_request request;
        enum http1_framing framing;
        uint64_t length;
        assert_int_equal(http_parse_request(span_of(text, (size_t)len), &request, fields), len);
        assert_int_equal(http_request_framing(&request, &framing, &length), cases[i].error);
        assert_int_equal(framing, HTTP1_BODY_PIPE);
    }
}

/* What a response is mended to, and whether its connection is of use. */
static void test_mend_length(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *mended;
        bool closes;
    } cases[] = {
        {"A: 1\r\n", "A=1;", false},
        {"Content-Length: 5\r\n", "Content-Length=5;", false},
        {"Content-Length: 5\r\nA: 1\r\ncontent-length: 5\r\n", "Content-Length=5;A=1;", false},
        {"A: 1\r\nContent-Length: 5, 5 ,5\r\n", "A=1;Content-Length=5;", false},
        {"Content-Length: 5, 5\r\nContent-Length: 5\r\n", "Content-Length=5;", false},
        {"Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length=5;Content-Length=6;", false},
        {"Content-Length: 5\r\nContent-Length: 05\r\n", "Content-Length=5;Content-Length=05;",
         false},
        {"Content-Length: 5,\r\n", "Content-Length=5,;", false},
        {"Content-Length: , 5\r\n", "Content-Length=, 5;", false},
        {"Content-Length:\r\n", "Content-Length=;", false},
        {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding=chunked;", true},
        {"Transfer-Encoding: chunked\r\nContent-Length: 5, 5\r\n", "Transfer-Encoding=chunked;",
         true},
        {"Transfer-Encoding: chunked\r\nContent-Length: 5, 6\r\n",
         "Transfer-Encoding=chunked;Content-Length=5, 6;", false},
        {"Transfer-Encoding: chunked\r\n", "Transfer-Encoding=chunked;", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        char mended[256] = "";
        int len = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s\r\n", cases[i].lines);
        struct http_response response;
        assert_int_equal(http_parse_response(span_of(text, (size_t)len), &response, fields), len);
        assert_int_equal(http_response_mend_length(&response, fields), cases[i].closes);
        for (size_t k = 0; k < response.fields.count; k++) {
            size_t at = strlen(mended);
            snprintf(mended + at, sizeof mended - at, "%.*s=%.*s;",
                     SPAN_ARG(response.fields.at[k].name), SPAN_ARG(response.fields.at[k].value));
        }
        assert_string_equal(mended, cases[i].mended);
    }
    /* HTTP/1.0 has no codings; what speaks of one is refused, as it was. */
    static const char old[] =
        "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
    struct http_response response;
    assert_true(http_parse_response(SPAN_LITERAL(old), &response, fields) > 0);
    assert_false(http_response_mend_length(&response, fields));
    assert_int_equal(response.fields.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_framing),
        cmocka_unit_test(test_connect_framing),
        cmocka_unit_test(test_response_framing),
        cmocka_unit_test(test_mend_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
