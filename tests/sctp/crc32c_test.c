/*
 * CRC32C against published vectors, and its two ways against each other.
 */
#include "testing.h"

#include "sctp/crc32c.h"
#include "sctp/draw.h"

static void crc_vectors(void **state)
{
    (void)state;
    /* RFC 3720 appendix B.4. */
    uint8_t bytes[32];
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(crc32c(span_of(bytes, 32)), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(crc32c(span_of(bytes, 32)), 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = i;
    assert_int_equal(crc32c(span_of(bytes, 32)), 0x46dd794e);
    assert_int_equal(crc32c(SPAN_LITERAL("123456789")), 0xe3069283);
}

static void crc_ways_agree(void **state)
{
    (void)state;
    static uint8_t bytes[3000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)draw(256);
    for (size_t len = 0; len < 1600; len++) {
        struct span s = {bytes + len % 9, len};
        assert_int_equal(crc32c(s), crc32c_by_table(s));
    }
    memset(bytes + 8, 0, 4);
    uint32_t whole = crc32c(span_of(bytes, 1201));
    memset(bytes + 8, 0x5a, 4);
    assert_int_equal(crc32c_of_packet(span_of(bytes, 1201)), whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_vectors),
        cmocka_unit_test(crc_ways_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
