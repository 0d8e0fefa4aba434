/*
 * Chunks and parameters: whole, cut off anywhere, and with lengths that lie.
 */
#include "testing.h"

#include <errno.h>

#include "base/bytes.h"
#include "sctp/chunk.h"

/* Every prefix of a packet's chunks, flush against a guard page. */
static void chunks_flush(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0,    3,   0,   19,  0, 0,   0,  1, 0,    2, 0, 3, 0,  0, 0,
                                    53,   'a', 'b', 'c', 0, /* DATA */
                                    0x40, 1,   0,   21,  0, 0,   0,  2, 0,    2, 0, 0, 0,  0, 0,
                                    9,    0,   0,   0,   7, 'x', 0,  0, 0,    3, 0, 0, 24, 0, 0,
                                    0,    9,   0,   1,   0, 0,   0,  1, 0,    1, 0, 2, 0,  3, 0,
                                    0,    0,   5,   1,   0, 0,   24, 1, 1,    1, 1, 0, 2,  0, 0,
                                    0,    4,   0,   4,   0, 0,   0,  8, 0xC0, 0, 0, 4};
    for (size_t len = 0; len <= sizeof bytes; len++) {
        struct guard g = guard_new(bytes, len);
        struct span rest = g.bytes;
        struct chunk c;
        int got;
        while ((got = chunk_next(&rest, &c)) > 0) {
            struct chunk_data d;
            struct chunk_sack s;
            struct chunk_init i;
            if (c.type == CHUNK_DATA) {
                assert_int_equal(chunk_data_decode(&c, &d), 0);
                assert_true(span_is_string(d.payload, "abc"));
                assert_int_equal(d.mid, 3);
            } else if (c.type == CHUNK_IDATA) {
                assert_int_equal(chunk_data_decode(&c, &d), 0);
                assert_true(d.fsn == 7 && d.mid == 9 && d.payload.len == 1);
            } else if (c.type == CHUNK_SACK) {
                assert_int_equal(chunk_sack_decode(&c, &s), 0);
                assert_true(s.gaps == 1 && s.duplicates == 1);
                assert_int_equal(get_u32be(s.duplicate_bytes), 5);
            } else {
                struct param p;
                assert_int_equal(chunk_init_decode(&c, &i), 0);
                assert_int_equal(param_next(&i.params, &p), 1);
                assert_int_equal(p.type, PARAM_FORWARD_TSN);
            }
        }
        assert_true(got == 0 || got == -EBADMSG);
        assert_true(len < sizeof bytes || got == 0);
        guard_free(&g);
    }
}

static void chunks_malformed(void **state)
{
    (void)state;
    static const uint8_t short_len[] = {0, 0, 0, 3};
    static const uint8_t long_len[] = {0, 0, 0, 9, 0, 0, 0, 0};
    static const uint8_t small_data[] = {0, 3, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0};
    /* A SACK whose counts go beyond its length. */
    static const uint8_t sack[] = {3, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
    struct chunk c;
    struct chunk_data d;
    struct chunk_sack s;
    struct span rest = span_of(short_len, sizeof short_len);
    assert_int_equal(chunk_next(&rest, &c), -EBADMSG);
    rest = span_of(long_len, sizeof long_len);
    assert_int_equal(chunk_next(&rest, &c), -EBADMSG);
    rest = span_of(small_data, sizeof small_data);
    assert_int_equal(chunk_next(&rest, &c), 1);
    assert_int_equal(chunk_data_decode(&c, &d), -EBADMSG);
    rest = span_of(sack, sizeof sack);
    assert_int_equal(chunk_next(&rest, &c), 1);
    assert_int_equal(chunk_sack_decode(&c, &s), -EBADMSG);
}

static void serials_extend(void **state)
{
    (void)state;
    uint64_t near = (UINT64_C(5) << 32) + 10;
    assert_true(serial_extend(near, 11) == near + 1);
    assert_true(serial_extend(near, 0xfffffff0) == (UINT64_C(4) << 32) + 0xfffffff0);
    near = (UINT64_C(5) << 32) - 3;
    assert_true(serial_extend(near, 2) == (UINT64_C(5) << 32) + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_flush),
        cmocka_unit_test(chunks_malformed),
        cmocka_unit_test(serials_extend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
