/*
 * The same of every library: published vectors, bytes flush to a guard page
 * at either side of a call, and what OpenSSL makes of the same message.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "rtc/aead.h"

enum { TEXT_MAX = 16384, HEX_MAX = 256 };

struct vector {
    enum aead_cipher cipher;
    const char *key, *nonce, *additional, *plaintext, *sealed;
};

#define GCM_TEXT                                                       \
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" \
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"

/* The GCM specification's test cases 1 to 4, 13 and 16; RFC 8439 section
 * 2.8.2. */
static const struct vector vectors[] = {
    {AEAD_AES_128_GCM, "00000000000000000000000000000000", "000000000000000000000000", "", "",
     "58e2fccefa7e3061367f1d57a4e7455a"},
    {AEAD_AES_128_GCM, "00000000000000000000000000000000", "000000000000000000000000", "",
     "00000000000000000000000000000000",
     "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"},
    {AEAD_AES_128_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
     GCM_TEXT "1aafd255",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985"
     "4d5c2af327cd64a62cf35abd2ba6fab4"},
    {AEAD_AES_128_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2", GCM_TEXT,
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {AEAD_AES_256_GCM, "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {AEAD_AES_256_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2", GCM_TEXT,
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
     "76fc6ece0f4e1768cddf8853bb2d551b"},
    {AEAD_CHACHA20_POLY1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
     "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
     "4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
     "73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
     "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
     "637265656e20776f756c642062652069742e",
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
     "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
     "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
     "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"},
};

static struct span from_hex(const char *hex, uint8_t out[HEX_MAX])
{
    size_t len = strlen(hex) / 2;
    assert_true(len <= HEX_MAX);
    for (size_t i = 0; i < len; i++) {
        const char digits[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return span_of(out, len);
}

/* Every byte that goes in or out ends where a page begins that is not there. */
struct message {
    struct guard nonce, additional, plaintext, sealed, opened;
};

static struct message message_new(struct span nonce, struct span additional, struct span plaintext)
{
    static const uint8_t zeros[TEXT_MAX + AEAD_TAG_LEN];
    return (struct message){
        guard_new(nonce.data, nonce.len),         guard_new(additional.data, additional.len),
        guard_new(plaintext.data, plaintext.len), guard_new(zeros, plaintext.len + AEAD_TAG_LEN),
        guard_new(zeros, plaintext.len),
    };
}

static void message_free(struct message *m)
{
    guard_free(&m->nonce);
    guard_free(&m->additional);
    guard_free(&m->plaintext);
    guard_free(&m->sealed);
    guard_free(&m->opened);
}

static uint8_t *bytes_of(const struct guard *g)
{
    return (uint8_t *)(uintptr_t)g->bytes.data;
}

static void seal(struct aead *aead, struct message *m)
{
    aead_seal(aead, m->nonce.bytes.data, m->additional.bytes, m->plaintext.bytes, (struct span){0},
              bytes_of(&m->sealed));
}

static int open(struct aead *aead, struct message *m)
{
    return aead_open(aead, m->nonce.bytes.data, m->additional.bytes, m->sealed.bytes,
                     bytes_of(&m->opened));
}

static void check_vector(struct aead *aead, const struct vector *v)
{
    uint8_t nonce[HEX_MAX], additional[HEX_MAX], plaintext[HEX_MAX], sealed[HEX_MAX];
    struct message m = message_new(from_hex(v->nonce, nonce), from_hex(v->additional, additional),
                                   from_hex(v->plaintext, plaintext));
    seal(aead, &m);
    assert_true(span_is_equal(m.sealed.bytes, from_hex(v->sealed, sealed)));
    assert_int_equal(open(aead, &m), 0);
    assert_true(span_is_equal(m.opened.bytes, m.plaintext.bytes));
    message_free(&m);
}

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; aead_library_at(i); i++) {
        for (size_t v = 0; v < sizeof vectors / sizeof *vectors; v++) {
            uint8_t key[HEX_MAX];
            assert_int_equal(from_hex(vectors[v].key, key).len, aead_key_len(vectors[v].cipher));
            struct aead *aead = aead_library_at(i)->new (vectors[v].cipher, key);
            if (aead)
                check_vector(aead, &vectors[v]);
            aead_free(aead);
        }
    }
}

static uint8_t text[TEXT_MAX];

static void check_same(struct aead *aead, struct aead *reference, size_t text_len,
                       size_t additional_len)
{
    static uint8_t sealed[TEXT_MAX + AEAD_TAG_LEN];
    struct message m = message_new(span_of(text + text_len % 61, AEAD_NONCE_LEN),
                                   span_of(text + 100, additional_len), span_of(text, text_len));
    seal(reference, &m);
    memcpy(sealed, m.sealed.bytes.data, m.sealed.bytes.len);
    memset(bytes_of(&m.sealed), 0, m.sealed.bytes.len);
    seal(aead, &m);
    assert_memory_equal(m.sealed.bytes.data, sealed, m.sealed.bytes.len);
    assert_int_equal(open(aead, &m), 0);
    assert_true(span_is_equal(m.opened.bytes, m.plaintext.bytes));
    message_free(&m);
}

/* The parts stand apart, each up to a page that may not be read. */
static void check_in_two(struct aead *aead, size_t head_len, size_t body_len)
{
    struct span whole = span_of(text, head_len + body_len);
    struct message m =
        message_new(SPAN_LITERAL("twelve bytes"), SPAN_LITERAL("what is around"), whole);
    struct guard head = guard_new(text, head_len);
    struct guard body = guard_new(text + head_len, body_len);
    aead_seal(aead, m.nonce.bytes.data, m.additional.bytes, head.bytes, body.bytes,
              bytes_of(&m.sealed));
    assert_int_equal(open(aead, &m), 0);
    assert_true(span_is_equal(m.opened.bytes, whole));
    guard_free(&head);
    guard_free(&body);
    message_free(&m);
}

static void test_two_parts_are_as_one(void **state)
{
    (void)state;
    static const uint8_t key[AEAD_KEY_MAX] = "a key that any cipher would take";
    static const size_t bodies[] = {1, 4, 15, 16, 17, 1352, 16320};
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 37 ^ i >> 8);
    for (size_t i = 0; aead_library_at(i); i++) {
        for (int cipher = AEAD_AES_128_GCM; cipher <= AEAD_CHACHA20_POLY1305; cipher++) {
            struct aead *aead = aead_library_at(i)->new ((enum aead_cipher)cipher, key);
            for (size_t head = 0; aead && head <= 64; head++) {
                for (size_t b = 0; b < sizeof bodies / sizeof *bodies; b++)
                    check_in_two(aead, head, bodies[b]);
            }
            aead_free(aead);
        }
    }
}

static void test_each_is_as_openssl(void **state)
{
    (void)state;
    static const size_t large[] = {768, 1023, 1200, 1400, 1452, 4095, 16383, TEXT_MAX};
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 37 ^ i >> 8);
    struct aead *reference = aead_openssl.new(AEAD_AES_128_GCM, text);
    if (!aead_library_at(1))
        printf("skipped: libipsec-mb is not in this build\n");
    for (size_t i = 0; aead_library_at(i); i++) {
        struct aead *aead = aead_library_at(i)->new (AEAD_AES_128_GCM, text);
        if (!aead) {
            printf("skipped: %s is no gain on this processor\n", aead_library_at(i)->version());
            continue;
        }
        for (size_t len = 0; len <= 600; len++)
            check_same(aead, reference, len, 13);
        for (size_t len = 0; len <= 70; len++)
            check_same(aead, reference, 1400, len);
        for (size_t l = 0; l < sizeof large / sizeof *large; l++)
            check_same(aead, reference, large[l], 13);
        aead_free(aead);
    }
    aead_free(reference);
}

static void check_refusals(struct aead *aead)
{
    struct message m =
        message_new(SPAN_LITERAL("twelve bytes"), SPAN_LITERAL("what is around"),
                    SPAN_LITERAL("what is inside, and longer than a block of the cipher"));
    const struct guard *parts[] = {&m.nonce, &m.additional, &m.sealed};
    seal(aead, &m);
    for (size_t p = 0; p < 3; p++) {
        for (size_t bit = 0; bit < 8 * parts[p]->bytes.len; bit++) {
            bytes_of(parts[p])[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_equal(open(aead, &m), -EBADMSG);
            bytes_of(parts[p])[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    for (size_t len = 0; len < m.sealed.bytes.len; len++)
        assert_int_equal(aead_open(aead, m.nonce.bytes.data, m.additional.bytes,
                                   span_of(m.sealed.bytes.data, len), bytes_of(&m.opened)),
                         -EBADMSG);
    /* What was refused leaves no trace. */
    assert_int_equal(open(aead, &m), 0);
    assert_true(span_is_equal(m.opened.bytes, m.plaintext.bytes));
    message_free(&m);
}

static void test_what_was_not_sealed_so(void **state)
{
    (void)state;
    static const uint8_t key[AEAD_KEY_MAX] = "a key that any cipher would take";
    for (size_t i = 0; aead_library_at(i); i++) {
        for (int cipher = AEAD_AES_128_GCM; cipher <= AEAD_CHACHA20_POLY1305; cipher++) {
            struct aead *aead = aead_library_at(i)->new ((enum aead_cipher)cipher, key);
            if (aead)
                check_refusals(aead);
            aead_free(aead);
        }
    }
}

static void test_there_is_one_for_each_cipher(void **state)
{
    (void)state;
    static const uint8_t key[AEAD_KEY_MAX] = "";
    for (int cipher = AEAD_AES_128_GCM; cipher <= AEAD_CHACHA20_POLY1305; cipher++) {
        struct aead *aead = aead_new((enum aead_cipher)cipher, key);
        assert_non_null(aead);
        assert_non_null(aead->library->version());
        aead_free(aead);
    }
    aead_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_each_is_as_openssl),
        cmocka_unit_test(test_two_parts_are_as_one),
        cmocka_unit_test(test_what_was_not_sealed_so),
        cmocka_unit_test(test_there_is_one_for_each_cipher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
