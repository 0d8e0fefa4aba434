/*
 * SipHash against published vectors; the cookie that it signs.
 */
#include "testing.h"

#include <errno.h>

#include "sctp/cookie.h"
#include "sctp/siphash.h"

static void siphash_vectors(void **state)
{
    (void)state;
    /* Of the reference implementation: key 00..0f, input 00, 01, … */
    uint8_t key[16];
    uint8_t input[15];
    for (uint8_t i = 0; i < 16; i++)
        key[i] = i;
    for (uint8_t i = 0; i < 15; i++)
        input[i] = i;
    assert_true(siphash(key, span_of(input, 0)) == UINT64_C(0x726fdb47dd0e0e31));
    assert_true(siphash(key, span_of(input, 1)) == UINT64_C(0x74f839c593dc67fd));
    assert_true(siphash(key, span_of(input, 15)) == UINT64_C(0xa129ca6149be45e5));
}

static void cookie_is_signed(void **state)
{
    (void)state;
    uint8_t key[16] = {1, 2, 3};
    struct cookie in = {.made_us = 123456789,
                        .my_tag = 1,
                        .my_first_tsn = 2,
                        .peer = {.tag = 3,
                                 .window = 4,
                                 .first_tsn = 5,
                                 .out_streams = 6,
                                 .in_streams = 7,
                                 .reconfig = true,
                                 .zero_checksum = true}};
    uint8_t bytes[COOKIE_LEN];
    cookie_encode(key, &in, bytes);
    struct cookie out;
    assert_int_equal(cookie_decode(key, span_of(bytes, sizeof bytes), &out), 0);
    assert_true(out.made_us == in.made_us && out.my_tag == 1 && out.peer.in_streams == 7);
    assert_true(out.peer.reconfig && out.peer.zero_checksum && !out.peer.interleaving);
    for (size_t i = 0; i < COOKIE_LEN * 8; i++) {
        bytes[i / 8] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(cookie_decode(key, span_of(bytes, sizeof bytes), &out), -EBADMSG);
        bytes[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
    assert_int_equal(cookie_decode(key, span_of(bytes, COOKIE_LEN - 1), &out), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_vectors),
        cmocka_unit_test(cookie_is_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
