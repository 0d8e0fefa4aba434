/*
 * libipsec-mb costs a short message a fifth of what OpenSSL 3.0 does, and a
 * packet three fifths; a long message a half or a third, where its version
 * knows the wide instructions of the processor. So it is asked first, and says
 * no where it has no gain to offer.
 */
#include "rtc/aead.h"

#include <stdlib.h>

static const struct aead_library *const libraries[] = {
#ifdef TUNNEL_IPSEC_MB
    &aead_ipsec_mb,
#endif
    &aead_openssl,
};

size_t aead_key_len(enum aead_cipher cipher)
{
    return cipher == AEAD_AES_128_GCM ? 16 : 32;
}

const struct aead_library *aead_library_at(size_t index)
{
    return index < sizeof libraries / sizeof *libraries ? libraries[index] : NULL;
}

struct aead *aead_new(enum aead_cipher cipher, const uint8_t *key)
{
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        struct aead *aead = libraries[i]->new (cipher, key);
        if (aead)
            return aead;
    }
    abort(); /* aead_openssl has all ciphers */
}
