/*
 * Records between two ends that share keys: what is sealed opens once, and
 * nothing else does.
 */
#include "testing.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "rtc/dtls_record.h"

static const enum aead_cipher aeads[] = {AEAD_AES_128_GCM, AEAD_AES_256_GCM,
                                         AEAD_CHACHA20_POLY1305};

static const struct dtls_keys key_a = {.key = "the key of one side, 32 bytes…",
                                       .iv = "an iv of a.."};
static const struct dtls_keys key_b = {.key = "the key of the other, 32 bytes",
                                       .iv = "an iv of b.."};

struct ends {
    struct dtls_records *a;
    struct dtls_records *b;
};

static struct ends make_ends(enum aead_cipher aead, uint64_t number)
{
    struct dtls_resume resume = {.number = number, .nonce = UINT64_MAX - 1};
    return (struct ends){dtls_records_new(aead, &key_a, &key_b, &resume),
                         dtls_records_new(aead, &key_b, &key_a, &resume)};
}

static void free_ends(struct ends *ends)
{
    dtls_records_free(ends->a);
    dtls_records_free(ends->b);
}

struct sealed {
    uint8_t bytes[DTLS_PLAINTEXT_MAX + DTLS_OVERHEAD];
    struct dtls_record record;
};

static void seal(struct dtls_records *from, struct span plaintext, struct sealed *out)
{
    size_t len = dtls_records_sealed_len(from, plaintext.len);
    assert_true(len <= plaintext.len + DTLS_OVERHEAD);
    dtls_records_seal(from, DTLS_APPLICATION_DATA, plaintext, (struct span){0}, out->bytes);
    struct span datagram = span_of(out->bytes, len);
    assert_int_equal(dtls_record_take(&datagram, &out->record), 0);
    assert_int_equal(datagram.len, 0);
    assert_int_equal(out->record.type, DTLS_APPLICATION_DATA);
    assert_int_equal(out->record.epoch, 1);
}

static void test_what_is_sealed_opens(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 15, 16, 17, 1400, DTLS_PLAINTEXT_MAX};
    static uint8_t plaintext[DTLS_PLAINTEXT_MAX];
    static uint8_t opened[DTLS_PLAINTEXT_MAX];
    static struct sealed sealed;
    for (size_t i = 0; i < sizeof plaintext; i++)
        plaintext[i] = (uint8_t)(i * 31);
    for (size_t a = 0; a < 3; a++) {
        struct ends ends = make_ends(aeads[a], 1);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            seal(ends.a, span_of(plaintext, lengths[i]), &sealed);
            assert_int_equal(sealed.record.number, 1 + i);
            assert_int_equal(dtls_records_open(ends.b, &sealed.record, opened), lengths[i]);
            assert_memory_equal(opened, plaintext, lengths[i]);
            /* One's own key does not open it. */
            assert_int_equal(dtls_records_open(ends.a, &sealed.record, opened), -EBADMSG);
        }
        free_ends(&ends);
    }
}

static void test_one_changed_bit_is_enough(void **state)
{
    (void)state;
    static uint8_t opened[DTLS_PLAINTEXT_MAX];
    static struct sealed sealed;
    for (size_t a = 0; a < 3; a++) {
        struct ends ends = make_ends(aeads[a], 7);
        seal(ends.a, SPAN_LITERAL("every byte of this counts"), &sealed);
        for (size_t i = 0; i < sealed.record.whole.len; i++) {
            struct guard g = guard_new(sealed.bytes, sealed.record.whole.len);
            ((uint8_t *)(uintptr_t)g.bytes.data)[i] ^= 0x10;
            struct span datagram = g.bytes;
            struct dtls_record record;
            /* Of the header only the length is not under the seal: the datagram
             * says it. */
            if (dtls_record_take(&datagram, &record) == 0)
                assert_int_equal(dtls_records_open(ends.b, &record, opened), -EBADMSG);
            guard_free(&g);
        }
        /* And none of that was taken for the record's number. */
        assert_int_equal(dtls_records_open(ends.b, &sealed.record, opened), 25);
        free_ends(&ends);
    }
}

enum { COUNT = 6000 };

static void test_nothing_opens_twice(void **state)
{
    (void)state;
    static struct sealed sealed[COUNT];
    uint8_t opened[DTLS_PLAINTEXT_MAX];
    struct ends ends = make_ends(AEAD_AES_128_GCM, 1);
    for (int i = 0; i < COUNT; i++)
        seal(ends.a, SPAN_LITERAL("x"), &sealed[i]);
    /* Late ones open, as long as the window reaches back to them. */
    assert_int_equal(dtls_records_open(ends.b, &sealed[1900].record, opened), 1);
    for (int i = 1899; i >= 0; i--)
        assert_int_equal(dtls_records_open(ends.b, &sealed[i].record, opened), 1);
    for (int i = 0; i <= 1900; i++)
        assert_int_equal(dtls_records_open(ends.b, &sealed[i].record, opened), -EALREADY);
    /* A step of exactly a window's length, and one beyond it. */
    assert_int_equal(dtls_records_open(ends.b, &sealed[1901 + 2048].record, opened), 1);
    assert_int_equal(dtls_records_open(ends.b, &sealed[1901].record, opened), -EALREADY);
    assert_int_equal(dtls_records_open(ends.b, &sealed[1901 + 2047].record, opened), 1);
    assert_int_equal(dtls_records_open(ends.b, &sealed[COUNT - 1].record, opened), 1);
    assert_int_equal(dtls_records_open(ends.b, &sealed[1901 + 2048].record, opened), -EALREADY);
    for (int i = COUNT - 1; i >= COUNT - 1900; i--)
        assert_int_equal(dtls_records_open(ends.b, &sealed[i].record, opened),
                         i == COUNT - 1 || i == 1901 + 2048 || i == 1901 + 2047 ? -EALREADY : 1);
    free_ends(&ends);
}

/* As OpenSSL would seal under a's key, with a number that a has used. */
static void test_resealed_is_as_new(void **state)
{
    (void)state;
    static struct sealed foreign;
    static struct sealed mine;
    uint8_t again[64];
    uint8_t opened[DTLS_PLAINTEXT_MAX];
    struct ends ends = make_ends(AEAD_AES_128_GCM, 1);
    struct dtls_resume resume = {.number = 1, .nonce = 42};
    struct dtls_records *openssl = dtls_records_new(AEAD_AES_128_GCM, &key_a, &key_b, &resume);
    seal(ends.a, SPAN_LITERAL("mine"), &mine);
    dtls_records_seal(openssl, DTLS_ALERT, SPAN_LITERAL("\1\0"), (struct span){0}, foreign.bytes);
    struct span datagram = span_of(foreign.bytes, dtls_records_sealed_len(openssl, 2));
    assert_int_equal(dtls_record_take(&datagram, &foreign.record), 0);

    assert_int_equal(dtls_records_open(ends.b, &mine.record, opened), 4);
    assert_int_equal(dtls_records_open(ends.b, &foreign.record, opened), -EALREADY);
    assert_int_equal(dtls_records_reseal(ends.a, &foreign.record, again), 0);
    datagram = span_of(again, foreign.record.whole.len);
    struct dtls_record record;
    assert_int_equal(dtls_record_take(&datagram, &record), 0);
    assert_int_equal(record.type, DTLS_ALERT);
    assert_int_equal(record.number, 2);
    assert_int_equal(dtls_records_open(ends.b, &record, opened), 2);
    assert_memory_equal(opened, "\1\0", 2);
    assert_int_equal(dtls_records_reseal(ends.b, &foreign.record, again), -EBADMSG);
    dtls_records_free(openssl);
    free_ends(&ends);
}

static void test_no_nonce_comes_twice(void **state)
{
    (void)state;
    static struct sealed sealed[4];
    struct ends ends = make_ends(AEAD_AES_128_GCM, 1); /* the nonce wraps */
    for (size_t i = 0; i < 4; i++) {
        seal(ends.a, SPAN_LITERAL("x"), &sealed[i]);
        assert_true(get_u64be(sealed[i].record.fragment.data) == UINT64_MAX - 1 + i);
    }
    free_ends(&ends);
}

static void test_what_is_no_record(void **state)
{
    (void)state;
    static struct sealed sealed;
    struct ends ends = make_ends(AEAD_AES_128_GCM, 1);
    seal(ends.a, SPAN_LITERAL("text"), &sealed);
    size_t whole = sealed.record.whole.len;
    uint8_t opened[DTLS_PLAINTEXT_MAX];
    for (size_t len = 0; len < whole; len++) {
        struct guard g = guard_new(sealed.bytes, len);
        struct span datagram = g.bytes;
        struct dtls_record record;
        assert_int_equal(dtls_record_take(&datagram, &record), -EBADMSG);
        assert_int_equal(datagram.len, len);
        guard_free(&g);
        if (len < DTLS_RECORD_HEADER_LEN)
            continue;
        /* With a length that fits: too short for a nonce and a tag, or
         * wrong. */
        uint8_t copy[sizeof sealed.bytes];
        memcpy(copy, sealed.bytes, len);
        put_u16be(copy + 11, (uint16_t)(len - DTLS_RECORD_HEADER_LEN));
        g = guard_new(copy, len);
        datagram = g.bytes;
        assert_int_equal(dtls_record_take(&datagram, &record), 0);
        assert_int_equal(dtls_records_open(ends.b, &record, opened), -EBADMSG);
        guard_free(&g);
    }
    /* Longer than a plaintext may be. */
    static uint8_t huge[DTLS_OVERHEAD + DTLS_PLAINTEXT_MAX + 1] = {DTLS_APPLICATION_DATA};
    put_u16be(huge + 11, (uint16_t)(sizeof huge - DTLS_RECORD_HEADER_LEN));
    struct span datagram = span_of(huge, sizeof huge);
    struct dtls_record record;
    assert_int_equal(dtls_record_take(&datagram, &record), 0);
    assert_int_equal(dtls_records_open(ends.b, &record, opened), -EBADMSG);
    free_ends(&ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_sealed_opens),
        cmocka_unit_test(test_one_changed_bit_is_enough),
        cmocka_unit_test(test_nothing_opens_twice),
        cmocka_unit_test(test_resealed_is_as_new),
        cmocka_unit_test(test_no_nonce_comes_twice),
        cmocka_unit_test(test_what_is_no_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
