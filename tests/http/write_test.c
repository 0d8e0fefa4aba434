/*
 * Heads out: what is written parses back, and what could end a line early is
 * refused with nothing written.
 */
#include "testing.h"

#include <errno.h>

#include "http/parse.h"
#include "http/write.h"

static struct http_field fields[HTTP_FIELDS_MAX];

static void test_request(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    assert_int_equal(http_write_request_line(&out, SPAN_LITERAL("GET"), SPAN_LITERAL("/a?b")), 0);
    assert_int_equal(http_write_field(&out, SPAN_LITERAL("Host"), SPAN_LITERAL("h")), 0);
    assert_int_equal(http_write_field(&out, SPAN_LITERAL("Empty"), SPAN_LITERAL("")), 0);
    assert_int_equal(http_write_end_of_head(&out), 0);
    assert_true(span_is_string(buf_bytes(&out), "GET /a?b HTTP/1.1\r\nHost: h\r\nEmpty: \r\n\r\n"));
    struct http_request request;
    assert_int_equal(http_parse_request(buf_bytes(&out), &request, fields), out.len);
    buf_deinit(&out);
}

static void test_response(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    assert_int_equal(http_write_status_line(&out, 200, SPAN_LITERAL("OK")), 0);
    assert_int_equal(http_write_status_line(&out, 999, SPAN_LITERAL("")), 0);
    assert_true(span_is_string(buf_bytes(&out), "HTTP/1.1 200 OK\r\nHTTP/1.1 999 \r\n"));
    buf_deinit(&out);
}

static void test_refused(void **state)
{
    (void)state;
    struct span ok = SPAN_LITERAL("a");
    static const char *const bad_values[] = {"a\r\nb", "a\rb", "a\nb", "a\x7f", "\x01"};
    static const char *const bad_names[] = {"", "a b", "a:", "a\r\n", "\xe9"};
    static const char *const bad_targets[] = {"", "/a b", "/\r\n", "/\xe9", "/#x", "/\t"};
    struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof bad_values / sizeof *bad_values; i++) {
        struct span value = span_from_string(bad_values[i]);
        assert_int_equal(http_write_field(&out, ok, value), -EINVAL);
        assert_int_equal(http_write_status_line(&out, 200, value), -EINVAL);
    }
    assert_int_equal(http_write_field(&out, ok, SPAN_LITERAL("a\0b")), -EINVAL);
    for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++) {
        struct span name = span_from_string(bad_names[i]);
        assert_int_equal(http_write_field(&out, name, ok), -EINVAL);
        assert_int_equal(http_write_request_line(&out, name, SPAN_LITERAL("/")), -EINVAL);
    }
    for (size_t i = 0; i < sizeof bad_targets / sizeof *bad_targets; i++) {
        struct span target = span_from_string(bad_targets[i]);
        assert_int_equal(http_write_request_line(&out, ok, target), -EINVAL);
    }
    assert_int_equal(http_write_status_line(&out, 99, ok), -EINVAL);
    assert_int_equal(http_write_status_line(&out, 1000, ok), -EINVAL);
    assert_int_equal(out.len, 0);
}

static void test_full(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 6);
    struct span a = SPAN_LITERAL("a");
    struct span b = SPAN_LITERAL("bb");
    assert_int_equal(http_write_field(&out, a, b), -ENOBUFS);
    assert_int_equal(out.len, 0);
    assert_int_equal(http_write_field(&out, a, a), 0);
    assert_int_equal(http_write_end_of_head(&out), -ENOBUFS);
    assert_int_equal(out.len, 6);
    buf_deinit(&out);
}

static void test_chunk_head(void **state)
{
    (void)state;
    char line[HTTP_CHUNK_HEAD_MAX + 1];
    assert_int_equal(http_write_chunk_head(line, 1), 3);
    assert_string_equal(line, "1\r\n");
    assert_int_equal(http_write_chunk_head(line, 65408), 6);
    assert_string_equal(line, "ff80\r\n");
    const size_t digits = 2 * sizeof(size_t);
    assert_int_equal(http_write_chunk_head(line, SIZE_MAX), digits + 2);
    assert_int_equal(strspn(line, "f"), digits);
    assert_string_equal(line + digits, "\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),    cmocka_unit_test(test_response),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_full),
        cmocka_unit_test(test_chunk_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
