/*
 * Character classes against the RFC's own lists, and list fields.
 */
#include "testing.h"

#include <stdlib.h>

#include "http/field.h"

static void test_token_chars(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        uint8_t byte = (uint8_t)c;
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool is_mark = c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
        assert_int_equal(http_is_token(span_of(&byte, 1)), is_alnum || is_mark);
    }
    assert_false(http_is_token(SPAN_LITERAL("")));
    assert_false(http_is_token(SPAN_LITERAL("a b")));
}

static void test_value_chars(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        uint8_t byte = (uint8_t)c;
        assert_int_equal(http_is_field_value(span_of(&byte, 1)),
                         c == '\t' || (c >= 0x20 && c != 0x7f));
        assert_int_equal(http_is_target(span_of(&byte, 1)), c > 0x20 && c < 0x7f && c != '#');
    }
    assert_true(http_is_field_value(SPAN_LITERAL("")));
    assert_false(http_is_target(SPAN_LITERAL("")));
}

/* Each byte at each place: values are looked at eight bytes at a time. */
static void test_value_places(void **state)
{
    (void)state;
    enum { LONGEST = 18 };
    uint8_t bytes[LONGEST];
    memset(bytes, 0xff, sizeof bytes);
    for (size_t len = 1; len <= LONGEST; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                bytes[at] = (uint8_t)c;
                assert_int_equal(http_is_field_value(span_of(bytes, len)),
                                 c == '\t' || (c >= 0x20 && c != 0x7f));
            }
            bytes[at] = 0xff;
        }
    }
}

#define FIELD(n, v)                      \
    {                                    \
        SPAN_LITERAL(n), SPAN_LITERAL(v) \
    }

static void test_find(void **state)
{
    (void)state;
    const struct http_field at[] = {FIELD("Accept", "a"), FIELD("X", "1"), FIELD("x", "2")};
    struct http_fields fields = {at, 3};
    assert_ptr_equal(http_fields_find(fields, "ACCEPT"), &at[0]);
    assert_ptr_equal(http_fields_find(fields, "x"), &at[1]);
    assert_null(http_fields_find(fields, "Accep"));
    assert_int_equal(http_fields_count(fields, "x"), 2);
    assert_int_equal(http_fields_count(fields, "y"), 0);
}

static void test_lists(void **state)
{
    (void)state;
    const struct http_field at[] = {FIELD("Connection", " ,, keep-alive ,\tX-Secret,"),
                                    FIELD("connection", "closed"), FIELD("Connection", "Upgrade"),
                                    FIELD("Empty", "")};
    struct http_fields fields = {at, 4};
    assert_true(http_fields_list_has(fields, "Connection", "Keep-Alive"));
    assert_true(http_fields_list_has(fields, "Connection", "x-secret"));
    assert_true(http_fields_list_has(fields, "Connection", "upgrade"));
    assert_false(http_fields_list_has(fields, "Connection", "close"));
    assert_false(http_fields_list_has(fields, "Connection", ""));
    assert_false(http_fields_list_has(fields, "Empty", ""));
    struct http_fields connection = http_fields_connection(fields);
    assert_ptr_equal(connection.at, &at[0]);
    assert_int_equal(connection.count, 3);
    assert_int_equal(http_fields_connection((struct http_fields){&at[3], 1}).count, 0);
}

static void test_hop_by_hop(void **state)
{
    (void)state;
    const struct http_field at[] = {
        FIELD("Connection", "x-mine, close, host, CONTENT-LENGTH, authorization")};
    struct http_fields fields = {at, 1};
    static const char *const hop[] = {"connection", "Keep-Alive",        "proxy-connection",
                                      "TE",         "Transfer-Encoding", "upgrade",
                                      "X-Mine",     "Authorization"};
    for (size_t i = 0; i < sizeof hop / sizeof *hop; i++)
        assert_true(http_field_is_hop_by_hop(span_from_string(hop[i]), fields));
    static const char *const end[] = {"Host",         "Content-Length",
                                      "Trailer",      "Proxy-Authenticate",
                                      "Content-Type", "X-Min"};
    for (size_t i = 0; i < sizeof end / sizeof *end; i++)
        assert_false(http_field_is_hop_by_hop(span_from_string(end[i]), fields));
}

static void test_target_authority(void **state)
{
    (void)state;
    static const struct {
        const char *target, *authority;
    } rows[] = {
        {"http://a/b", "a"},
        {"HTTPS://a:1?b", "a:1"},
        {"http://[::1]:80", "[::1]:80"},
        {"http:///b", ""},
        {"/http://a/b", ""},
        {"ftp://a/b", ""},
        {"*", ""},
        {"a:443", ""},
        {"", ""},
        {"http:/a", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct span got = http_target_authority(span_from_string(rows[i].target));
        assert_true(span_is_string(got, rows[i].authority));
    }
}

static void test_trailer_names(void **state)
{
    (void)state;
    static const char *const barred[] = {
        "content-length",    "Host",         "Authorization", "SET-COOKIE",
        "Transfer-Encoding", "Content-Type", "Expect",        "Via"};
    static const char *const free_ones[] = {"grpc-status", "Server-Timing", "ETag", "Digest"};
    for (size_t i = 0; i < sizeof barred / sizeof *barred; i++)
        assert_true(http_field_is_barred_from_trailers(span_from_string(barred[i])));
    for (size_t i = 0; i < sizeof free_ones / sizeof *free_ones; i++)
        assert_false(http_field_is_barred_from_trailers(span_from_string(free_ones[i])));
}

static void test_reasons(void **state)
{
    (void)state;
    assert_string_equal(http_reason(200), "OK");
    assert_string_equal(http_reason(502), "Bad Gateway");
    assert_string_equal(http_reason(299), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_chars),   cmocka_unit_test(test_value_chars),
        cmocka_unit_test(test_value_places),  cmocka_unit_test(test_find),
        cmocka_unit_test(test_lists),         cmocka_unit_test(test_hop_by_hop),
        cmocka_unit_test(test_reasons),       cmocka_unit_test(test_target_authority),
        cmocka_unit_test(test_trailer_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
