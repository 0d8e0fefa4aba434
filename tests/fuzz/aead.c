/*
 * A message as every library seals it, in one part and in two, and as each
 * opens it whole and with one bit changed: they agree.
 *
 *    0        1               17            29     31
 *   +--------+---------------+-------------+------+---- … ----+
 *   | length | key           | nonce       | bit  | plaintext |
 *   +--------+---------------+-------------+------+---- … ----+
 *
 * The length is that of the additional data, which are the plaintext's first
 * bytes. The bit's number also says where the two parts meet.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "rtc/aead.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEY_AT = 1, NONCE_AT = 17, BIT_AT = 29, TEXT_AT = 31 };

struct message {
    const uint8_t *nonce;
    struct span additional;
    struct span plaintext;
    uint8_t *sealed; /* by OpenSSL */
    size_t bit;      /* of sealed, to change */
};

static void check_with(struct aead *aead, const struct message *m)
{
    size_t len = m->plaintext.len + AEAD_TAG_LEN;
    uint8_t *sealed = malloc(len);
    uint8_t *opened = malloc(len);
    assert(sealed && opened);
    aead_seal(aead, m->nonce, m->additional, m->plaintext, (struct span){0}, sealed);
    assert(memcmp(sealed, m->sealed, len) == 0);
    size_t head_len = m->bit % (m->plaintext.len + 1);
    aead_seal(aead, m->nonce, m->additional, span_of(m->plaintext.data, head_len),
              span_skip(m->plaintext, head_len), sealed);
    assert(memcmp(sealed, m->sealed, len) == 0);
    assert(aead_open(aead, m->nonce, m->additional, span_of(sealed, len), opened) == 0);
    assert(memcmp(opened, m->plaintext.data, m->plaintext.len) == 0);
    sealed[m->bit / 8 % len] ^= (uint8_t)(1 << m->bit % 8);
    assert(aead_open(aead, m->nonce, m->additional, span_of(sealed, len), opened) < 0);
    free(sealed);
    free(opened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < TEXT_AT)
        return 0;
    struct span plaintext = span_of(data + TEXT_AT, size - TEXT_AT);
    struct message m = {
        .nonce = data + NONCE_AT,
        .additional = span_of(plaintext.data, data[0] < plaintext.len ? data[0] : plaintext.len),
        .plaintext = plaintext,
        .sealed = malloc(plaintext.len + AEAD_TAG_LEN),
        .bit = get_u16be(data + BIT_AT),
    };
    assert(m.sealed);
    struct aead *reference = aead_openssl.new(AEAD_AES_128_GCM, data + KEY_AT);
    aead_seal(reference, m.nonce, m.additional, m.plaintext, (struct span){0}, m.sealed);
    aead_free(reference);
    for (size_t i = 0; aead_library_at(i); i++) {
        struct aead *aead = aead_library_at(i)->new (AEAD_AES_128_GCM, data + KEY_AT);
        if (aead)
            check_with(aead, &m);
        aead_free(aead);
    }
    free(m.sealed);
    return 0;
}
