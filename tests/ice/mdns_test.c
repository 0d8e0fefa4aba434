/*
 * The one question and its answers, among them those of hostile responders.
 */
#include "testing.h"

#include <errno.h>

#include "base/bytes.h"
#include "ice/mdns.h"

#define NAME "4e1c3d6f-7b1e-4c9a-9a59-3b5b54ff6ab2.local"

struct message {
    uint8_t bytes[600];
    size_t len;
};

static void put(struct message *m, const void *data, size_t len)
{
    memcpy(m->bytes + m->len, data, len);
    m->len += len;
}

static void put_name(struct message *m, const char *name)
{
    while (*name) {
        size_t len = strcspn(name, ".");
        m->bytes[m->len++] = (uint8_t)len;
        put(m, name, len);
        name += len + (name[len] == '.');
    }
    m->bytes[m->len++] = 0;
}

static void put_header(struct message *m, uint16_t questions, uint16_t answers, uint16_t additional)
{
    uint8_t h[12] = {0, 0, 0x84, 0};
    put_u16be(h + 4, questions);
    put_u16be(h + 6, answers);
    put_u16be(h + 10, additional);
    put(m, h, sizeof h);
}

static void put_record(struct message *m, uint16_t type, uint16_t class, const void *data,
                       uint16_t len)
{
    uint8_t h[10] = {0};
    put_u16be(h, type);
    put_u16be(h + 2, class);
    put_u16be(h + 8, len);
    put(m, h, sizeof h);
    put(m, data, len);
}

static const uint8_t v4[4] = {192, 168, 1, 5};
static const uint8_t v6[16] = {0x20, 1, 0xd, 0xb8, [15] = 9};

/* A full answer: another name first, ours with its cache-flush bit, then by
 * pointer, the AAAA among the additional records. */
static struct message full_answer(void)
{
    struct message m = {.len = 0};
    put_header(&m, 0, 2, 1);
    put_name(&m, "other.local");
    put_record(&m, 1, 0x8001, (uint8_t[]){10, 0, 0, 1}, 4);
    uint8_t pointer[2] = {0xc0, (uint8_t)m.len};
    put_name(&m, "4E1C3D6F-7b1e-4c9a-9a59-3b5b54ff6ab2.LOCAL");
    put_record(&m, 1, 0x8001, v4, 4);
    put(&m, pointer, 2);
    put_record(&m, 28, 0x8001, v6, 16);
    return m;
}

static void test_query(void **state)
{
    (void)state;
    uint8_t out[MDNS_QUERY_MAX];
    struct message want = {.len = 0};
    put(&want, (uint8_t[]){0xbe, 0xef, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0}, 12);
    put_name(&want, NAME);
    put(&want, (uint8_t[]){0, 1, 0x80, 1, 0xc0, 12, 0, 28, 0x80, 1}, 10);
    assert_int_equal(mdns_query_encode(NAME, 0xbeef, out), (int)want.len);
    assert_memory_equal(out, want.bytes, want.len);
    struct ice_address a[2];
    assert_int_equal(mdns_answer_decode(span_of(out, want.len), NAME, a, 2), -EINVAL);
}

static void test_bad_names(void **state)
{
    (void)state;
    uint8_t out[MDNS_QUERY_MAX];
    char label[65 + 6 + 1] = {0};
    char longest[300] = {0};
    assert_int_equal(mdns_query_encode("", 1, out), -EINVAL);
    assert_int_equal(mdns_query_encode(".local", 1, out), -EINVAL);
    assert_int_equal(mdns_query_encode("a..local", 1, out), -EINVAL);
    memset(label, 'a', 63);
    assert_true(mdns_query_encode(label, 1, out) > 0);
    label[63] = 'a';
    assert_int_equal(mdns_query_encode(label, 1, out), -EINVAL);
    for (int i = 0; i < 126; i++)
        memcpy(longest + 2 * i, "a.", 2);
    memcpy(longest + 252, "a", 1); /* 127 labels: 254 bytes and the root */
    assert_true(mdns_query_encode(longest, 1, out) > 0);
    memcpy(longest + 252, "aa", 2);
    assert_int_equal(mdns_query_encode(longest, 1, out), -EINVAL);
}

static void test_answer(void **state)
{
    (void)state;
    struct message m = full_answer();
    struct ice_address a[MDNS_ADDRESSES_MAX];
    struct ice_address want = ice_address_v4(192, 168, 1, 5, 0);
    struct guard g = guard_new(m.bytes, m.len);
    assert_int_equal(mdns_answer_decode(g.bytes, NAME, a, MDNS_ADDRESSES_MAX), 2);
    assert_true(ice_address_is_equal(&a[0], &want));
    assert_int_equal(a[1].family, ICE_FAMILY_6);
    assert_memory_equal(a[1].ip, v6, 16);
    assert_int_equal(mdns_answer_decode(g.bytes, NAME, a, 1), 1);
    assert_int_equal(mdns_answer_decode(g.bytes, "nobody.local", a, 2), 0);
    assert_int_equal(mdns_answer_decode(g.bytes, "4e1c3d6f", a, 2), 0);
    assert_int_equal(mdns_answer_decode(g.bytes, NAME ".x", a, 2), 0);
    guard_free(&g);
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    struct message m = full_answer();
    for (size_t len = 0; len < m.len; len++) {
        struct ice_address a[MDNS_ADDRESSES_MAX];
        struct guard g = guard_new(m.bytes, len);
        assert_int_equal(mdns_answer_decode(g.bytes, NAME, a, MDNS_ADDRESSES_MAX), -EINVAL);
        guard_free(&g);
    }
    for (size_t bit = 0; bit < m.len * 8; bit++) {
        struct ice_address a[MDNS_ADDRESSES_MAX];
        m.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct guard g = guard_new(m.bytes, m.len);
        assert_true(mdns_answer_decode(g.bytes, NAME, a, MDNS_ADDRESSES_MAX) <= 2);
        guard_free(&g);
        m.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* Pointers to themselves, to each other, forward, out of the message. */
static void test_pointers(void **state)
{
    (void)state;
    static const uint8_t names[][4] = {{0xc0, 12},   {0xc0, 14}, {0xc0, 13},
                                       {0xff, 0xff}, {0xc0, 11}, {1, 'a', 0xc0, 12}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct message m = {.len = 0};
        struct ice_address a[2];
        put_header(&m, 0, 1, 0);
        put(&m, names[i], names[i][0] == 1 ? 4 : 2);
        put_record(&m, 1, 1, v4, 4);
        int result = mdns_answer_decode(span_of(m.bytes, m.len), NAME, a, 2);
        /* Into the header is backwards, and only nonsense. */
        assert_true(i == 4 ? result <= 0 : result == -EINVAL);
    }
}

static void test_other_records(void **state)
{
    (void)state;
    struct message m = {.len = 0};
    struct ice_address a[4];
    put_header(&m, 1, 4, 0);
    put_name(&m, NAME); /* a question repeated, with its four bytes */
    put(&m, (uint8_t[]){0, 1, 0, 1}, 4);
    const uint8_t pointer[2] = {0xc0, 12};
    put(&m, pointer, 2);
    put_record(&m, 16, 1, "text", 4); /* TXT */
    put(&m, pointer, 2);
    put_record(&m, 1, 3, v4, 4); /* class CHAOS */
    put(&m, pointer, 2);
    put_record(&m, 1, 1, v6, 16); /* an A of 16 bytes */
    put(&m, pointer, 2);
    put_record(&m, 28, 1, v6, 16);
    assert_int_equal(mdns_answer_decode(span_of(m.bytes, m.len), NAME, a, 4), 1);
    assert_int_equal(a[0].family, ICE_FAMILY_6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),    cmocka_unit_test(test_bad_names),
        cmocka_unit_test(test_answer),   cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_pointers), cmocka_unit_test(test_other_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
