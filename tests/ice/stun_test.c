/*
 * STUN: the vectors of RFC 5769, every message cut short at every byte and
 * flush to a guard page, every bit of a signed one flipped.
 */
#include "testing.h"

#include <errno.h>

#include "ice/stun.h"
#include "ice/stun_auth.h"

#define SHORT_PASS "VOkJxbRl1RmTxUk/WvJxBt"

/* RFC 5769 section 2.1 to 2.4, in hexadecimal. */
static const char request_hex[] =
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";
static const char ipv4_hex[] = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563"
                               "746f7220002000080001a147e112a643000800142b91f599fd9e90c38c7489f9"
                               "2af9ba53f06be7d780280004c07d4c96";
static const char ipv6_hex[] =
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf1"
    "1784c97c8292c275bfe3ed4180280004c8fb0b4c";
static const char long_term_hex[] =
    "000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe382b90000"
    "0015001c662f2f3439396b39353464364f4c33346f4c394653547679363473410014000b6578616d706c652e"
    "6f72670000080014f67024656dd64a3e02b8e0712e85c9a28ca89666";

static const char *const vectors[] = {request_hex, ipv4_hex, ipv6_hex, long_term_hex};

static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t len = strlen(hex) / 2;
    for (size_t i = 0; i < len; i++) {
        unsigned value = 0;
        for (int j = 0; j < 2; j++) {
            char c = hex[2 * i + (size_t)j];
            value = value * 16 + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        out[i] = (uint8_t)value;
    }
    return len;
}

static void decode_hex(const char *hex, uint8_t *bytes, struct stun_message *m)
{
    size_t len = from_hex(hex, bytes);
    assert_int_equal(stun_decode(span_of(bytes, len), m), (int)len);
}

static void test_request_vector(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct stun_message m;
    struct span value;
    uint32_t priority;
    uint64_t tie_breaker;
    decode_hex(request_hex, bytes, &m);
    assert_int_equal(m.class, STUN_REQUEST);
    assert_int_equal(m.method, STUN_BINDING);
    assert_int_equal(m.unknown, 0);
    assert_true(stun_find(&m, STUN_SOFTWARE, &value));
    assert_true(span_is_string(value, "STUN test client"));
    assert_true(stun_find(&m, STUN_USERNAME, &value));
    assert_true(span_is_string(value, "evtj:h6vY"));
    assert_true(stun_find_u32(&m, STUN_PRIORITY, &priority));
    assert_int_equal(priority, 0x6e0001ff);
    assert_true(stun_find_u64(&m, STUN_ICE_CONTROLLED, &tie_breaker));
    assert_true(tie_breaker == UINT64_C(0x932ff9b151263b36));
    assert_true(stun_check_integrity(&m, SPAN_LITERAL(SHORT_PASS)));
    assert_false(stun_check_integrity(&m, SPAN_LITERAL("VOkJxbRl1RmTxUk/WvJxBu")));
    assert_true(m.fingerprint_at != 0);
    assert_true(stun_check_fingerprint(&m));
}

static void test_response_vectors(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct stun_message m;
    struct ice_address a;
    struct ice_address want;
    decode_hex(ipv4_hex, bytes, &m);
    assert_int_equal(m.class, STUN_SUCCESS);
    assert_true(stun_check_integrity(&m, SPAN_LITERAL(SHORT_PASS)));
    assert_true(stun_check_fingerprint(&m));
    assert_true(stun_find_address(&m, STUN_XOR_MAPPED_ADDRESS, &a));
    want = ice_address_v4(192, 0, 2, 1, 32853);
    assert_true(ice_address_is_equal(&a, &want));
    decode_hex(ipv6_hex, bytes, &m);
    assert_true(stun_check_integrity(&m, SPAN_LITERAL(SHORT_PASS)));
    assert_true(stun_check_fingerprint(&m));
    assert_true(stun_find_address(&m, STUN_XOR_MAPPED_ADDRESS, &a));
    assert_int_equal(ice_address_parse(SPAN_LITERAL("2001:db8:1234:5678:11:2233:4455:6677"), 32853,
                                       &want),
                     0);
    assert_true(ice_address_is_equal(&a, &want));
}

static void test_long_term_vector(void **state)
{
    (void)state;
    uint8_t bytes[256];
    uint8_t key[STUN_LONG_TERM_KEY_LEN];
    struct stun_message m;
    struct span user;
    struct span realm;
    struct span nonce;
    decode_hex(long_term_hex, bytes, &m);
    assert_true(stun_find(&m, STUN_USERNAME, &user));
    assert_true(stun_find(&m, STUN_REALM, &realm));
    assert_true(stun_find(&m, STUN_NONCE, &nonce));
    assert_true(span_is_string(realm, "example.org"));
    assert_true(span_is_string(nonce, "f//499k954d6OL34oL9FSTvy64sA"));
    /* The password after SASLprep; before it there is a soft hyphen in it. */
    assert_true(stun_long_term_key(user, realm, SPAN_LITERAL("TheMatrIX"), key));
    assert_true(stun_check_integrity(&m, span_of(key, sizeof key)));
    assert_true(stun_check_fingerprint(&m)); /* it has none */
}

/* Our own writer makes the vector's message, but for the padding, which is
 * spaces there and zeros here: so up to the first padded attribute. */
static void test_write_like_vector(void **state)
{
    (void)state;
    uint8_t bytes[256];
    uint8_t out[256];
    size_t len = from_hex(request_hex, bytes);
    struct stun_writer w;
    struct stun_message m;
    stun_begin(&w, out, sizeof out, STUN_REQUEST, STUN_BINDING, bytes + 8);
    stun_put(&w, STUN_SOFTWARE, SPAN_LITERAL("STUN test client"));
    stun_put_u32(&w, STUN_PRIORITY, 0x6e0001ff);
    stun_put_u64(&w, STUN_ICE_CONTROLLED, UINT64_C(0x932ff9b151263b36));
    assert_memory_equal(out + 4, bytes + 4, w.len - 4);
    stun_put(&w, STUN_USERNAME, SPAN_LITERAL("evtj:h6vY"));
    stun_put_integrity(&w, SPAN_LITERAL(SHORT_PASS));
    stun_put_fingerprint(&w);
    assert_int_equal(stun_bytes(&w).len, len);
    assert_memory_equal(out, bytes, 4);
    assert_int_equal(stun_decode(stun_bytes(&w), &m), (int)len);
    assert_true(stun_check_integrity(&m, SPAN_LITERAL(SHORT_PASS)));
    assert_true(stun_check_fingerprint(&m));
}

/* Shorter ones need more; longer ones leave the rest alone. */
static void test_byte_by_byte(void **state)
{
    (void)state;
    for (size_t v = 0; v < sizeof vectors / sizeof *vectors; v++) {
        uint8_t bytes[300] = {0};
        size_t len = from_hex(vectors[v], bytes);
        struct stun_message m;
        for (size_t cut = 0; cut < len; cut++) {
            struct guard g = guard_new(bytes, cut);
            assert_int_equal(stun_decode(g.bytes, &m), 0);
            guard_free(&g);
        }
        struct guard g = guard_new(bytes, len);
        assert_int_equal(stun_decode(g.bytes, &m), (int)len);
        stun_check_integrity(&m, SPAN_LITERAL(SHORT_PASS));
        assert_true(stun_check_fingerprint(&m));
        guard_free(&g);
        assert_int_equal(stun_decode(span_of(bytes, len + 7), &m), (int)len);
    }
}

static void test_flipped_bits(void **state)
{
    (void)state;
    uint8_t bytes[256];
    size_t len = from_hex(request_hex, bytes);
    for (size_t bit = 0; bit < len * 8; bit++) {
        struct stun_message m;
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct guard g = guard_new(bytes, len);
        if (stun_decode(g.bytes, &m) > 0) {
            bool is_signed = stun_check_integrity(&m, SPAN_LITERAL(SHORT_PASS));
            bool is_printed = m.fingerprint_at != 0 && stun_check_fingerprint(&m);
            /* Behind MESSAGE-INTEGRITY only the fingerprint protects. */
            assert_false(is_signed && is_printed);
        }
        guard_free(&g);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "40010000"
        "2112a442"
        "000000000000000000000000", /* no STUN at all */
        "00010000"
        "2112a443"
        "000000000000000000000000", /* the cookie */
        "00010001"
        "2112a442"
        "000000000000000000000000"
        "00000000", /* odd length */
        "00010004"
        "2112a442"
        "000000000000000000000000"
        "00060001", /* overrun by one */
        "00010008"
        "2112a442"
        "000000000000000000000000"
        "0006ffff00000000",
        "00010008"
        "2112a442"
        "000000000000000000000000"
        "0008000400000000", /* short HMAC */
        "00010010"
        "2112a442"
        "000000000000000000000000"
        "8028000400000000"
        "8022000400000000", /* something behind the fingerprint */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t bytes[64];
        struct stun_message m;
        struct guard g = guard_new(bytes, from_hex(bad[i], bytes));
        memcpy((uint8_t *)(uintptr_t)g.bytes.data, bytes, g.bytes.len);
        assert_int_equal(stun_decode(g.bytes, &m), -EINVAL);
        guard_free(&g);
    }
}

static void test_too_many_attributes(void **state)
{
    (void)state;
    uint8_t bytes[STUN_MESSAGE_MAX];
    uint8_t id[STUN_ID_LEN] = {0};
    struct stun_writer w;
    struct stun_message m;
    stun_begin(&w, bytes, sizeof bytes, STUN_REQUEST, STUN_BINDING, id);
    for (int i = 0; i < STUN_ATTRIBUTES_MAX; i++)
        stun_put(&w, STUN_USE_CANDIDATE, (struct span){0});
    assert_true(stun_decode(stun_bytes(&w), &m) > 0);
    stun_put(&w, STUN_USE_CANDIDATE, (struct span){0});
    assert_int_equal(stun_decode(stun_bytes(&w), &m), -EINVAL);
}

static void test_unknown_and_hidden(void **state)
{
    (void)state;
    uint8_t bytes[256];
    uint8_t id[STUN_ID_LEN] = {7};
    struct span value;
    struct stun_writer w;
    struct stun_message m;
    stun_begin(&w, bytes, sizeof bytes, STUN_REQUEST, STUN_BINDING, id);
    stun_put(&w, (enum stun_attribute)0x7abc, SPAN_LITERAL("x"));
    stun_put(&w, (enum stun_attribute)0xfabc, SPAN_LITERAL("x"));
    stun_put_integrity(&w, SPAN_LITERAL("key"));
    stun_put(&w, STUN_USE_CANDIDATE, (struct span){0}); /* not covered: not there */
    stun_put_fingerprint(&w);
    assert_true(stun_decode(stun_bytes(&w), &m) > 0);
    assert_int_equal(m.unknown, 0x7abc);
    assert_false(stun_find(&m, STUN_USE_CANDIDATE, &value));
    assert_true(stun_check_integrity(&m, SPAN_LITERAL("key")));
    assert_true(stun_check_fingerprint(&m));
}

static void test_overflow(void **state)
{
    (void)state;
    uint8_t bytes[64];
    uint8_t id[STUN_ID_LEN] = {0};
    for (size_t cap = 0; cap < 60; cap++) {
        struct guard g = guard_new(bytes, cap);
        struct stun_writer w;
        stun_begin(&w, (uint8_t *)(uintptr_t)g.bytes.data, cap, STUN_REQUEST, STUN_BINDING, id);
        stun_put(&w, STUN_USERNAME, SPAN_LITERAL("12345"));
        stun_put_integrity(&w, SPAN_LITERAL("key"));
        stun_put_fingerprint(&w);
        assert_true(w.overflow); /* 64 are needed */
        assert_int_equal(stun_bytes(&w).len, 0);
        guard_free(&g);
    }
}

static void test_errors(void **state)
{
    (void)state;
    static const enum stun_code codes[] = {STUN_TRY_ALTERNATE, STUN_UNAUTHENTICATED,
                                           STUN_STALE_NONCE, STUN_ROLE_CONFLICT,
                                           STUN_INSUFFICIENT_CAPACITY};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        uint8_t bytes[128];
        uint8_t id[STUN_ID_LEN] = {1, 2, 3};
        struct span reason;
        struct stun_writer w;
        struct stun_message m;
        stun_begin(&w, bytes, sizeof bytes, STUN_ERROR, STUN_ALLOCATE, id);
        stun_put_error(&w, codes[i]);
        assert_true(stun_decode(stun_bytes(&w), &m) > 0);
        assert_int_equal(m.class, STUN_ERROR);
        assert_int_equal(m.method, STUN_ALLOCATE);
        assert_true(stun_is_answer(&m, id));
        assert_int_equal(stun_find_error(&m, &reason), (int)codes[i]);
        assert_true(span_is_string(reason, stun_code_name((int)codes[i])));
    }
}

static void test_every_type(void **state)
{
    (void)state;
    uint8_t bytes[STUN_HEADER_LEN];
    uint8_t id[STUN_ID_LEN] = {0};
    for (int class = STUN_REQUEST; class <= STUN_ERROR; class ++) {
        for (int method = 0; method < 0x1000; method++) {
            struct stun_writer w;
            struct stun_message m;
            stun_begin(&w, bytes, sizeof bytes, (enum stun_class) class, (enum stun_method)method,
                       id);
            /* From 0x100 on they are reserved, lest the first byte be above
             * 3, where RFC 7983 has other protocols. */
            if (method >= 0x100) {
                assert_int_equal(stun_decode(stun_bytes(&w), &m), -EINVAL);
                continue;
            }
            assert_int_equal(stun_decode(stun_bytes(&w), &m), STUN_HEADER_LEN);
            assert_int_equal(m.class, class);
            assert_int_equal(m.method, method);
        }
    }
}

static void test_random(void **state)
{
    (void)state;
    struct ice_random r = {.seed = {1}};
    struct ice_random same = {.seed = {1}};
    struct ice_random other = {.seed = {2}};
    uint8_t x[100];
    uint8_t y[100];
    ice_random_bytes(&r, x, sizeof x);
    ice_random_bytes(&same, y, sizeof y);
    assert_memory_equal(x, y, sizeof x);
    ice_random_bytes(&r, y, sizeof y);
    assert_memory_not_equal(x, y, sizeof x);
    ice_random_bytes(&other, y, sizeof y);
    assert_memory_not_equal(x, y, sizeof x);
    for (int i = 0; i < 1000; i++) {
        uint64_t jitter = ice_random_jitter(&r, 5000000);
        assert_in_range(jitter, 4000000, 6000000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_vector),
        cmocka_unit_test(test_response_vectors),
        cmocka_unit_test(test_long_term_vector),
        cmocka_unit_test(test_write_like_vector),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_too_many_attributes),
        cmocka_unit_test(test_unknown_and_hidden),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
