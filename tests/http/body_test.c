/*
 * Bodies fed whole, byte by byte and flush to a guard
 * page: the same content whatever the cuts.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "http/body.h"

static struct http_field fields[HTTP_FIELDS_MAX];

/* Feeds in pieces of at most step bytes, each flush to a guard page. Returns
 * the bytes used, or the error; content goes to out. */
static ssize_t feed(struct http_body *body, struct span in, size_t step, struct buf *out)
{
    size_t used = 0;
    while (used < in.len && !body->is_done) {
        size_t len = in.len - used < step ? in.len - used : step;
        struct guard guard = guard_new(in.data + used, len);
        struct span piece = guard.bytes;
        ssize_t took = 0;
        while (piece.len > 0 && !body->is_done) {
            struct span data;
            took = http_body_feed(body, piece, &data);
            if (took < 0)
                break;
            assert_true(took > 0);
            assert_true(data.len <= (size_t)took);
            assert_int_equal(buf_append(out, data), 0);
            piece = span_skip(piece, (size_t)took);
        }
        guard_free(&guard);
        if (took < 0)
            return took;
        used += len - piece.len;
    }
    return (ssize_t)used;
}

static void init_chunked(struct http_body *body, enum http_line_end line_end)
{
    if (line_end == HTTP_CRLF)
        http_body_init(body, HTTP1_BODY_CHUNKED, 0);
    else
        http_body_init_response(body, HTTP1_BODY_CHUNKED, 0);
}

static void expect_lines(enum http_line_end line_end, const char *text, const char *content,
                         size_t left_over)
{
    struct span in = span_from_string(text);
    for (size_t step = 1; step <= in.len; step++) {
        struct http_body body;
        struct buf out;
        buf_init(&out, 1 << 20);
        init_chunked(&body, line_end);
        assert_int_equal(feed(&body, in, step, &out), in.len - left_over);
        assert_true(body.is_done);
        assert_int_equal(http_body_feed_end(&body), 0);
        assert_true(span_is_string(buf_bytes(&out), content));
        http_body_deinit(&body);
        buf_deinit(&out);
    }
    /* Cut off anywhere, it is cut off. */
    for (size_t len = 0; len < in.len - left_over; len++) {
        struct http_body body;
        struct buf out;
        buf_init(&out, 1 << 20);
        init_chunked(&body, line_end);
        assert_int_equal(feed(&body, span_of(in.data, len), 1000, &out), len);
        assert_false(body.is_done);
        assert_int_equal(http_body_feed_end(&body), -ECONNRESET);
        http_body_deinit(&body);
        buf_deinit(&out);
    }
}

/* The same of a request and of a response. */
static void expect_chunked(const char *text, const char *content, size_t left_over)
{
    expect_lines(HTTP_CRLF, text, content, left_over);
    expect_lines(HTTP_CRLF_OR_LF, text, content, left_over);
}

static void test_chunked(void **state)
{
    (void)state;
    expect_chunked("0\r\n\r\n", "", 0);
    expect_chunked("3\r\nabc\r\n0\r\n\r\n", "abc", 0);
    expect_chunked("3\r\nabc\r\n00000000000000000000A\r\n0123456789\r\n000\r\n\r\nGET /",
                   "abc0123456789", 5);
    expect_chunked("3;a=b;c=\"x y\"\r\nabc\r\n0 ;z\r\n\r\n", "abc", 0);
    expect_chunked("3 \t ; a = b\r\na\r\n\r\n0\r\n\r\n", "a\r\n", 0);
    expect_chunked("1\r\na\r\n0\r\nTrailer: x\r\nB:\r\n\r\nX", "a", 1);
}

/* What a response may have in place of any CRLF. */
static void test_bare_lf(void **state)
{
    (void)state;
    expect_lines(HTTP_CRLF_OR_LF, "0\n\n", "", 0);
    expect_lines(HTTP_CRLF_OR_LF, "3\nabc\nA;x=y\n01234\n6789\n0\n\nHTTP/", "abc01234\n6789", 5);
    expect_lines(HTTP_CRLF_OR_LF, "1\r\na\n0\r\nA: b\nC:\r\n\nX", "a", 1);
    static const char *const bad[] = {"\n", "1\n\na", "1\nab\n", "1 \na", "0\nA\n\n", "1\na\r\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_body body;
        struct buf out;
        buf_init(&out, 1 << 10);
        http_body_init_response(&body, HTTP1_BODY_CHUNKED, 0);
        ssize_t result = feed(&body, span_from_string(bad[i]), 1, &out);
        if (result != -EINVAL)
            fail_msg("\"%s\" gave %zd", bad[i], result);
        http_body_deinit(&body);
        buf_deinit(&out);
    }
}

static void test_bad_chunked(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\r\n",
        "g\r\n",
        "-1\r\n",
        "+1\r\n",
        " 1\r\n",
        "0x1\r\n",
        "1 \r\na",
        "1\n",
        "1\r\r\n",
        "1\rX",
        ";a\r\n",
        "1;\n",
        "1;a\x01\r\n",
        "1;a\rb\r\n",
        "1\r\nab\r\n",
        "1\r\na\n",
        "1\r\na\rb",
        "0\r\n\n",
        "0\r\n\rX",
        "0\r\nA\n",
        "0\r\nA: \x7f",
        "0\r\n A: b",
        "0\r\n: b",
        "0\r\nA: b\rX",
        "0\r\nA b: c\r\n\r\n",
        "0\r\nA\r\n\r\n",
        "0\r\nA : b\r\n\r\n",
        "1 1\r\n",
        "8000000000000000\r\n",
        "10000000000000000\r\n",
        "ffffffffffffffffffff\r\n",
        "1_0\r\n",
        "1.\r\n",
        "1,\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        for (size_t step = 1; step <= 32; step += 31) {
            struct http_body body;
            struct buf out;
            buf_init(&out, 1 << 10);
            http_body_init(&body, HTTP1_BODY_CHUNKED, 0);
            ssize_t result = feed(&body, span_from_string(bad[i]), step, &out);
            if (result != -EINVAL)
                fail_msg("\"%s\" gave %zd", bad[i], result);
            http_body_deinit(&body);
            buf_deinit(&out);
        }
    }
}

/* The fields come out as those of a head would, whatever the cuts; the barred
 * ones do not. */
static void test_trailers(void **state)
{
    (void)state;
    struct span in = SPAN_LITERAL("1\r\na\r\n0\r\nX-A:  b \r\nContent-Length: 1\r\n"
                                  "te: x\r\nX-a:\r\nCOOKIE: c\r\nETag: \"e\"\r\n\r\nGET");
    for (size_t step = 1; step <= in.len; step++) {
        struct http_body body;
        struct buf out;
        buf_init(&out, 16);
        http_body_init(&body, HTTP1_BODY_CHUNKED, 0);
        assert_int_equal(feed(&body, in, step, &out), in.len - 3);
        struct http_fields trailers = http_body_trailers(&body, fields);
        assert_int_equal(trailers.count, 3);
        assert_true(span_is_string(trailers.at[0].name, "X-A"));
        assert_true(span_is_string(trailers.at[0].value, "b"));
        assert_true(span_is_string(trailers.at[1].name, "X-a"));
        assert_int_equal(trailers.at[1].value.len, 0);
        assert_true(span_is_string(trailers.at[2].value, "\"e\""));
        http_body_deinit(&body);
        buf_deinit(&out);
    }
    struct http_body none;
    http_body_init(&none, HTTP1_BODY_PIPE, 0);
    assert_true(none.is_done);
    assert_int_equal(http_body_trailers(&none, fields).count, 0);
}

/* Those that Connection names are for one hop; its lines are one list. */
static void test_trailers_of_one_hop(void **state)
{
    (void)state;
    static const struct http_field head[] = {{SPAN_LITERAL("connection"),
                                              SPAN_LITERAL("close, x-A")},
                                             {SPAN_LITERAL("X-B"), SPAN_LITERAL("X-C")},
                                             {SPAN_LITERAL("Connection"), SPAN_LITERAL("X-D")}};
    struct span in = SPAN_LITERAL("0\r\nX-A: 1\r\nX-B: 2\r\nX-C: 3\r\nx-d: 4\r\n\r\n");
    struct http_body body;
    struct buf out;
    buf_init(&out, 16);
    http_body_init(&body, HTTP1_BODY_CHUNKED, 0);
    http_body_keep_connection(&body, (struct http_fields){head, 3});
    assert_int_equal(feed(&body, in, in.len, &out), in.len);
    struct http_fields trailers = http_body_trailers(&body, fields);
    assert_int_equal(trailers.count, 2);
    assert_true(span_is_string(trailers.at[0].name, "X-B"));
    assert_true(span_is_string(trailers.at[1].name, "X-C"));
    http_body_deinit(&body);
    buf_deinit(&out);
}

static ssize_t feed_padded(const char *front, char pad, size_t count, const char *back)
{
    struct buf in, out;
    buf_init(&in, 1 << 20);
    buf_init(&out, 1 << 10);
    assert_int_equal(buf_append_string(&in, front), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(buf_append(&in, span_of(&pad, 1)), 0);
    assert_int_equal(buf_append_string(&in, back), 0);
    struct http_body body;
    http_body_init(&body, HTTP1_BODY_CHUNKED, 0);
    ssize_t result = feed(&body, buf_bytes(&in), 4096, &out);
    if (result >= 0)
        assert_int_equal(result, in.len);
    buf_deinit(&in);
    http_body_deinit(&body);
    buf_deinit(&out);
    return result < 0 ? result : body.is_done;
}

static void test_chunk_limits(void **state)
{
    (void)state;
    /* The size line counts with its CRLF. */
    assert_int_equal(feed_padded("1;", 'e', HTTP_CHUNK_LINE_MAX - 4, "\r\na\r\n0\r\n\r\n"), 1);
    assert_int_equal(feed_padded("1;", 'e', HTTP_CHUNK_LINE_MAX - 3, "\r\na\r\n0\r\n\r\n"),
                     -EINVAL);
    assert_int_equal(feed_padded("", '0', HTTP_CHUNK_LINE_MAX + 1, ""), -EINVAL);
    assert_int_equal(feed_padded("0\r\nT:", 't', HTTP_TRAILERS_MAX - 6, "\r\n\r\n"), 1);
    assert_int_equal(feed_padded("0\r\nT:", 't', HTTP_TRAILERS_MAX - 5, "\r\n\r\n"), -EINVAL);
}

/* Extensions of many lines together. */
static void test_chunk_waste(void **state)
{
    (void)state;
    struct buf flood;
    buf_init(&flood, 1 << 20);
    char line[600];
    snprintf(line, sizeof line, "1;%0500d\r\na\r\n", 0);
    for (int i = 0; i < 40; i++)
        assert_int_equal(buf_append_string(&flood, line), 0);
    assert_int_equal(buf_append(&flood, span_of("", 1)), 0);
    assert_int_equal(feed_padded((const char *)buf_bytes(&flood).data, 'x', 0, ""), -EINVAL);
    buf_deinit(&flood);
    /* Content in small chunks, and extensions that do not outgrow it. */
    buf_init(&flood, 1 << 20);
    snprintf(line, sizeof line, "000000000001\r\na\r\n0f0;%0240d\r\n%0240d\r\n", 0, 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_append_string(&flood, line), 0);
    struct http_body many;
    struct buf much;
    buf_init(&much, 1 << 20);
    http_body_init(&many, HTTP1_BODY_CHUNKED, 0);
    assert_int_equal(feed(&many, buf_bytes(&flood), 4096, &much), flood.len);
    assert_int_equal(much.len, 241 * 1000);
    http_body_deinit(&many);
    buf_deinit(&much);
    buf_deinit(&flood);
}

/* The largest chunk size is read, and the content behind it comes out. */
static void test_largest_chunk(void **state)
{
    (void)state;
    struct http_body body;
    struct buf out;
    buf_init(&out, 16);
    http_body_init(&body, HTTP1_BODY_CHUNKED, 0);
    struct span in = SPAN_LITERAL("7fffffffffffffff\r\nabc");
    assert_int_equal(feed(&body, in, 5, &out), in.len);
    assert_true(span_is_string(buf_bytes(&out), "abc"));
    http_body_deinit(&body);
    buf_deinit(&out);
}

static void test_length_and_close(void **state)
{
    (void)state;
    struct span in = SPAN_LITERAL("0123456789");
    for (size_t step = 1; step <= in.len; step++) {
        struct http_body body;
        struct buf out;
        buf_init(&out, 100);
        http_body_init(&body, HTTP1_BODY_LENGTH, 7);
        assert_int_equal(feed(&body, span_of(in.data, 6), step, &out), 6);
        assert_int_equal(http_body_feed_end(&body), -ECONNRESET);
        assert_int_equal(feed(&body, span_skip(in, 6), step, &out), 1);
        assert_true(body.is_done);
        assert_true(span_is_string(buf_bytes(&out), "0123456"));

        buf_clear(&out);
        http_body_init(&body, HTTP1_BODY_UNTIL_CLOSE, 0);
        assert_int_equal(feed(&body, in, step, &out), in.len);
        assert_false(body.is_done);
        assert_int_equal(http_body_feed_end(&body), 0);
        assert_true(body.is_done);
        http_body_deinit(&body);
        buf_deinit(&out);
    }
    struct http_body body;
    struct span data;
    http_body_init(&body, HTTP1_BODY_LENGTH, 0);
    assert_true(body.is_done);
    http_body_init(&body, HTTP1_BODY_NONE, 0);
    assert_true(body.is_done);
    assert_int_equal(http_body_feed(&body, in, &data), 0);
    assert_int_equal(data.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunked),
        cmocka_unit_test(test_bare_lf),
        cmocka_unit_test(test_bad_chunked),
        cmocka_unit_test(test_trailers),
        cmocka_unit_test(test_trailers_of_one_hop),
        cmocka_unit_test(test_chunk_limits),
        cmocka_unit_test(test_chunk_waste),
        cmocka_unit_test(test_largest_chunk),
        cmocka_unit_test(test_length_and_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
