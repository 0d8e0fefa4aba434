/*
 * Authenticated encryption with additional data (RFC 5116): one key of one
 * cipher, by whichever library does it best on this processor.
 */
#ifndef RTC_AEAD_H
#define RTC_AEAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum aead_cipher { AEAD_AES_128_GCM, AEAD_AES_256_GCM, AEAD_CHACHA20_POLY1305 };

enum { AEAD_KEY_MAX = 32, AEAD_NONCE_LEN = 12, AEAD_TAG_LEN = 16 };

size_t aead_key_len(enum aead_cipher cipher);

struct aead;

struct aead_library {
    /* Copies key[aead_key_len()]. NULL for a cipher that the library does not
     * have, or has no gain from on this processor. */
    struct aead *(*new)(enum aead_cipher cipher, const uint8_t *key);
    void (*free)(struct aead *aead);
    /* As aead_seal() and aead_open(). */
    void (*seal)(struct aead *aead, const uint8_t *nonce, struct span additional, struct span head,
                 struct span body, uint8_t *out);
    int (*open)(struct aead *aead, const uint8_t *nonce, struct span additional, struct span sealed,
                uint8_t *out);
    const char *(*version)(void); /* with its name */
};

extern const struct aead_library aead_openssl;  /* has all ciphers */
extern const struct aead_library aead_ipsec_mb; /* AES-128-GCM; not in every build */

/* Those of this build, the best first; NULL behind the last. For tests. */
const struct aead_library *aead_library_at(size_t index);

/* What a library's own struct begins with. */
struct aead {
    const struct aead_library *library;
};

/* By the best that has the cipher. Copies key[aead_key_len()]; never NULL. */
struct aead *aead_new(enum aead_cipher cipher, const uint8_t *key);

/* The plaintext is head and body, one after the other; either may be empty.
 * Writes ciphertext and tag to out[head.len + body.len + AEAD_TAG_LEN], which
 * overlaps nothing. No nonce[AEAD_NONCE_LEN] may come twice under a key. */
static inline void aead_seal(struct aead *aead, const uint8_t *nonce, struct span additional,
                             struct span head, struct span body, uint8_t *out)
{
    aead->library->seal(aead, nonce, additional, head, body, out);
}

/* The reverse, to out[sealed.len - AEAD_TAG_LEN]. 0; or -EBADMSG for what was
 * not sealed so, when out holds nothing that may be used. */
static inline int aead_open(struct aead *aead, const uint8_t *nonce, struct span additional,
                            struct span sealed, uint8_t *out)
{
    return aead->library->open(aead, nonce, additional, sealed, out);
}

/* NULL is allowed. */
static inline void aead_free(struct aead *aead)
{
    if (aead)
        aead->library->free(aead);
}

#endif
