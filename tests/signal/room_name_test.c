/*
 * What a room's name is worth, and what is shown of it.
 */
#include "testing.h"

#include "signal/room_name.h"

static void test_bits(void **state)
{
    (void)state;
    static const char *const weak[] = {
        "",
        "r",
        "test",
        "my-llm",
        "Home-Office-1",
        "12345678901234567890",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "0123456789abcdef",
        "----------",
    };
    static const char *const strong[] = {
        "00112233445566778899aabbccddeeff0123456789", /* doubled, as chance has it, too */
        "69b4a3c17d5e20f8a1b2c3d4e5f60718",           /* openssl rand -hex 16 */
        "2d05c5a4-ce84-4853-b97c-67ec3c0f3f40",       /* uuidgen */
        "uJ3sWq9ZtLm2XvBk",                           /* openssl rand -base64 12 */
        "kqjzvxwpmrtylfghdnbc",
        "1029384756102938475610293",
    };
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++)
        assert_true(room_name_bits(weak[i]) < ROOM_NAME_STRONG_BITS);
    for (size_t i = 0; i < sizeof strong / sizeof *strong; i++)
        assert_true(room_name_bits(strong[i]) >= ROOM_NAME_STRONG_BITS);
}

static void test_fingerprint(void **state)
{
    (void)state;
    char a[ROOM_FINGERPRINT_LEN], b[ROOM_FINGERPRINT_LEN];
    assert_int_equal(strlen(room_name_fingerprint("room", a)), 4);
    assert_string_equal(room_name_fingerprint("room", b), a);
    assert_string_not_equal(room_name_fingerprint("Room", b), a);
    assert_int_equal(strspn(b, "0123456789abcdef"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_fingerprint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
