/*
 * Bytes as text and back: the vectors of RFC 4648 section 10, and what is none.
 */
#include "testing.h"

#include <errno.h>

#include "base/armor.h"
#include "base/random.h"

static void test_vectors(void **state)
{
    (void)state;
    static const struct {
        enum armor armor;
        const char *bytes, *text;
    } rows[] = {
        {ARMOR_BASE32, "", ""},
        {ARMOR_BASE32, "f", "my"},
        {ARMOR_BASE32, "fo", "mzxq"},
        {ARMOR_BASE32, "foo", "mzxw6"},
        {ARMOR_BASE32, "foob", "mzxw6yq"},
        {ARMOR_BASE32, "fooba", "mzxw6ytb"},
        {ARMOR_BASE32, "foobar", "mzxw6ytboi"},
        {ARMOR_BASE64URL, "", ""},
        {ARMOR_BASE64URL, "f", "Zg"},
        {ARMOR_BASE64URL, "fo", "Zm8"},
        {ARMOR_BASE64URL, "foo", "Zm9v"},
        {ARMOR_BASE64URL, "foob", "Zm9vYg"},
        {ARMOR_BASE64URL, "\xfb\xff", "-_8"},
        {ARMOR_BASE64, "", ""},
        {ARMOR_BASE64, "f", "Zg=="},
        {ARMOR_BASE64, "fo", "Zm8="},
        {ARMOR_BASE64, "foo", "Zm9v"},
        {ARMOR_BASE64, "\xfb\xff", "+/8="},
        {ARMOR_HEX, "\x01\xfe", "01fe"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct span bytes = span_from_string(rows[i].bytes);
        char text[32];
        assert_string_equal(armor_encode(rows[i].armor, bytes, text), rows[i].text);
        assert_int_equal(strlen(text), ARMOR_LEN(rows[i].armor, bytes.len));
        uint8_t back[32];
        assert_int_equal(armor_decode(rows[i].armor, span_from_string(text), back), bytes.len);
        assert_memory_equal(back, bytes.data, bytes.len);
    }
}

static void test_there_and_back(void **state)
{
    (void)state;
    static const enum armor armors[] = {ARMOR_HEX, ARMOR_BASE32, ARMOR_BASE64URL, ARMOR_BASE64};
    for (size_t i = 0; i < sizeof armors / sizeof *armors; i++)
        for (size_t len = 0; len <= 64; len++) {
            uint8_t bytes[64];
            uint8_t back[64];
            char text[129];
            random_bytes(bytes, len);
            armor_encode(armors[i], span_of(bytes, len), text);
            struct guard guard = guard_new(text, strlen(text));
            assert_int_equal(armor_decode(armors[i], guard.bytes, back), len);
            assert_memory_equal(bytes, back, len);
            guard_free(&guard);
        }
}

static void test_what_is_none(void **state)
{
    (void)state;
    static const struct {
        enum armor armor;
        const char *text;
    } rows[] = {
        {ARMOR_BASE32, "m"},      {ARMOR_BASE32, "mzx"},      {ARMOR_BASE32, "mzxw6y"},
        {ARMOR_BASE32, "mz"},     {ARMOR_BASE32, "my======"}, {ARMOR_BASE32, "m1"},
        {ARMOR_BASE32, "m y"},    {ARMOR_BASE64URL, "Z"},     {ARMOR_BASE64URL, "Zh"},
        {ARMOR_BASE64URL, "+/8"}, {ARMOR_BASE64URL, "Zg=="},  {ARMOR_HEX, "0"},
        {ARMOR_HEX, "0g"},        {ARMOR_BASE64, "-_8="},     {ARMOR_BASE64, "===="},
        {ARMOR_BASE64, "Zg="},    {ARMOR_BASE64, "Z==="},     {ARMOR_BASE64, "=Zg="},
    };
    uint8_t out[16];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(armor_decode(rows[i].armor, span_from_string(rows[i].text), out), -EINVAL);
    assert_int_equal(armor_decode(ARMOR_BASE64URL, span_of("Zg\0", 3), out), -EINVAL);
}

static void test_padding_may_be_left_out(void **state)
{
    (void)state;
    uint8_t out[8];
    assert_int_equal(armor_decode(ARMOR_BASE64, SPAN_LITERAL("+/8"), out), 2);
    assert_memory_equal(out, "\xfb\xff", 2);
}

static void test_upper_case(void **state)
{
    (void)state;
    uint8_t out[8];
    assert_int_equal(armor_decode(ARMOR_BASE32, SPAN_LITERAL("MZXW6"), out), 3);
    assert_memory_equal(out, "foo", 3);
    assert_true(armor_is_character(ARMOR_BASE32, 'Z'));
    assert_false(armor_is_character(ARMOR_BASE32, '1'));
    assert_false(armor_is_character(ARMOR_BASE32, '\0'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),      cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_what_is_none), cmocka_unit_test(test_padding_may_be_left_out),
        cmocka_unit_test(test_upper_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
