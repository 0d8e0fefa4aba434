/*
 * The parts that stand alone, each against what it must be: published test
 * vectors, or a slower way to compute the same.
 */
#include "testing.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "sctp/cookie.h"
#include "sctp/crc32c.h"
#include "sctp/frag.h"
#include "sctp/siphash.h"
#include "sctp/tsnmap.h"

static uint32_t random_state = 1;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % below;
}

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

/* Against a plain array: the same answers for TSNs in any order. */
static void tsnmap_model(void **state)
{
    (void)state;
    enum { SPAN_TSNS = 3000, BASE = 1000 };
    for (int run = 0; run < 200; run++) {
        static bool has[SPAN_TSNS + 2];
        memset(has, 0, sizeof has);
        struct tsnmap m;
        tsnmap_init(&m, BASE);
        uint32_t reach = 1 + draw(SPAN_TSNS - 1);
        for (int n = 0; n < 2000; n++) {
            uint64_t cum = m.cum;
            if (draw(400) == 0) {
                uint64_t to = cum + draw(50);
                if (to > BASE + reach)
                    continue;
                tsnmap_forward(&m, to);
                for (uint64_t t = BASE; t <= to; t++)
                    has[t - BASE] = true;
            } else {
                uint64_t tsn = BASE + 1 + draw(reach);
                assert_int_equal(tsnmap_add(&m, tsn), !has[tsn - BASE] && tsn > cum);
                has[tsn - BASE] = true;
            }
            uint64_t expect = m.cum - BASE;
            has[0] = true;
            for (uint64_t t = 0; t <= expect; t++)
                assert_true(has[t]);
            assert_false(has[expect + 1]);
        }
        struct tsn_gap gaps[SPAN_TSNS];
        size_t count = tsnmap_gaps(&m, gaps, SPAN_TSNS);
        size_t at = 0;
        for (uint64_t t = m.cum + 1; t <= BASE + reach; t++) {
            bool inside = at < count && t >= m.cum + gaps[at].start && t <= m.cum + gaps[at].end;
            assert_int_equal(inside, has[t - BASE]);
            if (at < count && t == m.cum + gaps[at].end)
                at++;
        }
        assert_int_equal(at, count);
        tsnmap_deinit(&m);
    }
}

static void tsnmap_is_bounded(void **state)
{
    (void)state;
    struct tsnmap m;
    tsnmap_init(&m, 7);
    assert_int_equal(tsnmap_add(&m, 7 + TSNMAP_MAX_AHEAD), 1);
    assert_int_equal(tsnmap_add(&m, 8 + TSNMAP_MAX_AHEAD), -ENOBUFS);
    assert_int_equal(tsnmap_add(&m, UINT64_C(1) << 40), -ENOBUFS);
    assert_true(m.words * 8 <= 8192);
    tsnmap_deinit(&m);
}

static void frags_sorted(void **state)
{
    (void)state;
    enum { COUNT = 700 };
    struct frag_set set = {0};
    static const uint8_t payload[4] = {1, 2, 3, 4};
    static bool in[COUNT];
    size_t cost = 0;
    for (int n = 0; n < 20000; n++) {
        uint32_t at = draw(COUNT);
        struct frag *found = frag_set_find(&set, at / 7, at % 7);
        assert_int_equal(found != NULL, in[at]);
        if (found) {
            assert_memory_equal(frag_payload(found), payload, 4);
            cost -= frag_set_remove(&set, found);
            in[at] = false;
        } else {
            struct chunk_data d = {.payload = {payload, 4}};
            struct frag *f = frag_new(&set, at / 7, at % 7, &d);
            assert_true(frag_set_insert(&set, f));
            struct frag *twin = frag_new(&set, at / 7, at % 7, &d);
            assert_false(frag_set_insert(&set, twin));
            free(twin);
            cost += frag_cost(4);
            in[at] = true;
        }
    }
    uint32_t at = 0;
    const struct frag *before = NULL;
    for (struct frag *f = set.first[0]; f; before = f, f = f->next[0]) {
        while (!in[at])
            at++;
        assert_true(f->major == at / 7 && f->minor == at % 7 && f->prev == before);
        at++;
    }
    assert_ptr_equal(set.last, before);
    assert_int_equal(frag_set_clear(&set), cost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_vectors),       cmocka_unit_test(crc_ways_agree),
        cmocka_unit_test(siphash_vectors),   cmocka_unit_test(cookie_is_signed),
        cmocka_unit_test(chunks_flush),      cmocka_unit_test(chunks_malformed),
        cmocka_unit_test(serials_extend),    cmocka_unit_test(tsnmap_model),
        cmocka_unit_test(tsnmap_is_bounded), cmocka_unit_test(frags_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
