/*
 * Made ones have the shape of version 4; texts are read or refused.
 */
#include "testing.h"

#include "base/uuid.h"

static void test_make(void **state)
{
    (void)state;
    char last[UUID_TEXT_LEN + 1] = "";
    for (int round = 0; round < 1000; round++) {
        char uuid[UUID_TEXT_LEN + 1];
        uint8_t bytes[UUID_LEN];
        uuid_make(uuid);
        assert_int_equal(strlen(uuid), UUID_TEXT_LEN);
        for (int i = 0; i < UUID_TEXT_LEN; i++) {
            bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
            assert_non_null(strchr(is_dash ? "-" : "0123456789abcdef", uuid[i]));
        }
        assert_int_equal(uuid[14], '4');
        assert_non_null(strchr("89ab", uuid[19]));
        assert_string_not_equal(uuid, last);
        memcpy(last, uuid, sizeof last);
        assert_true(uuid_parse(uuid, bytes));
    }
}

static void test_parse(void **state)
{
    (void)state;
    static const uint8_t expected[UUID_LEN] = {0xf8, 0x1d, 0x4f, 0xae, 0x7d, 0xec, 0x11, 0xd0,
                                               0xa7, 0x65, 0x00, 0xa0, 0xc9, 0x1e, 0x6b, 0xf6};
    static const char *const bad[] = {
        "",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf60",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bg6",
        "f81d4fae-7dec-11d0-a76500-a0c91e6bf6",
        "f81d4fae07dec011d00a765000a0c91e6bf6",
    };
    uint8_t bytes[UUID_LEN];
    assert_true(uuid_parse("f81d4fae-7dec-11d0-a765-00A0C91E6BF6", bytes));
    assert_memory_equal(bytes, expected, UUID_LEN);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(uuid_parse(bad[i], bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
