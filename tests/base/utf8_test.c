/*
 * Every code point, both edges of each length, and each kind of bad sequence,
 * flush to a guard page.
 */
#include "testing.h"

#include "base/utf8.h"

static size_t encode(uint32_t code, uint8_t out[4])
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xc0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xe0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (code & 0x3f));
    return 4;
}

static void test_all_code_points(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x110000; code++) {
        uint8_t bytes[4];
        size_t len = encode(code, bytes);
        uint32_t decoded = 0;
        bool is_good = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
        size_t got = utf8_decode(span_of(bytes, len), &decoded);
        assert_int_equal(got, is_good ? len : 0);
        if (is_good)
            assert_int_equal(decoded, code);
    }
}

static bool is_valid_at_guard(struct span text)
{
    struct guard guard = guard_new(text.data, text.len);
    bool is_valid = utf8_is_valid(guard.bytes);
    guard_free(&guard);
    return is_valid;
}

/* Wherever it stands among others. */
static void test_one_of_many(void **state)
{
    (void)state;
    enum { LEN = 40 };
    for (size_t at = 0; at + 2 <= LEN; at++) {
        uint8_t text[LEN];
        memset(text, 'a', sizeof text);
        memcpy(text + at, "\xc3\xbc", 2);
        assert_true(is_valid_at_guard(span_of(text, sizeof text)));
        text[at + 1] = 'a';
        assert_false(is_valid_at_guard(span_of(text, sizeof text)));
    }
}

static void test_texts(void **state)
{
    (void)state;
    assert_true(is_valid_at_guard(SPAN_LITERAL("")));
    assert_true(is_valid_at_guard(SPAN_LITERAL("a\0b")));
    assert_true(
        is_valid_at_guard(SPAN_LITERAL("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x9a\x87")));
    static const char *const bad[] = {
        "\x80",             /* a continuation alone */
        "\xc3",             /* cut off */
        "\xe2\x82",         /* cut off */
        "\xf0\x9f\x9a",     /* cut off */
        "\xc3(",            /* no continuation */
        "\xe2\x82(",        /* no continuation */
        "\xc0\x80",         /* overlong NUL */
        "\xc1\xbf",         /* overlong */
        "\xe0\x9f\xbf",     /* overlong */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xed\xa0\x80",     /* surrogate */
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xf8\x88\x80\x80\x80",
        "\xff",
        "ok\xfe",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(is_valid_at_guard(span_from_string(bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_code_points),
        cmocka_unit_test(test_one_of_many),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
