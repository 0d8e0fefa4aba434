/*
 * Intel's multi-buffer library has an AES-GCM for each generation of
 * processors, and a manager that knows which one this is. A message is one
 * call, or four where it is in two parts, with no context to look things up in.
 * Of the manager, 200 KB of queues for what is done several at a time, those
 * calls are all that is kept: AES-GCM gains nothing from queues.
 *
 * Older processors have a code path of their own in it, which we could not
 * measure, so those stay with OpenSSL.
 */
#include "rtc/aead.h"

#include <errno.h>

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>

#include "base/alloc.h"

/* Of the key's tables, for which the library's header asks only where its own
 * makefile reads it. */
enum { ALIGNMENT = 64 };

struct ipsec_mb_aead {
    struct aead base;
    aes_gcm_enc_dec_t encrypt;
    aes_gcm_enc_dec_t decrypt;
    aes_gcm_init_t begin;
    aes_gcm_enc_dec_update_t encrypt_part;
    aes_gcm_enc_dec_finalize_t end;
    _Alignas(ALIGNMENT) struct gcm_key_data key;
};

static struct ipsec_mb_aead *self_of(struct aead *aead)
{
    return (struct ipsec_mb_aead *)aead;
}

/* A manager that has found out what the processor can; NULL if too little. */
static IMB_MGR *make_manager(void)
{
    IMB_ARCH arch = IMB_ARCH_NONE;
    IMB_MGR *manager = alloc_mb_mgr(0);
    if (!manager)
        return NULL;
    init_mb_mgr_auto(manager, &arch);
    if (arch >= IMB_ARCH_AVX2 && imb_get_errno(manager) == 0)
        return manager;
    free_mb_mgr(manager);
    return NULL;
}

static struct aead *ipsec_mb_new(enum aead_cipher cipher, const uint8_t *key)
{
    IMB_MGR *manager = cipher == AEAD_AES_128_GCM ? make_manager() : NULL;
    if (!manager)
        return NULL;
    struct ipsec_mb_aead *aead = xaligned_alloc(ALIGNMENT, sizeof *aead);
    aead->base.library = &aead_ipsec_mb;
    aead->encrypt = manager->gcm128_enc;
    aead->decrypt = manager->gcm128_dec;
    aead->begin = manager->gcm128_init;
    aead->encrypt_part = manager->gcm128_enc_update;
    aead->end = manager->gcm128_enc_finalize;
    IMB_AES128_GCM_PRE(manager, key, &aead->key);
    free_mb_mgr(manager);
    return &aead->base;
}

static void ipsec_mb_free(struct aead *aead)
{
    free_secret(aead, sizeof(struct ipsec_mb_aead));
}

static void ipsec_mb_seal(struct aead *aead, const uint8_t *nonce, struct span additional,
                          struct span head, struct span body, uint8_t *out)
{
    struct ipsec_mb_aead *self = self_of(aead);
    struct gcm_context_data scratch;
    uint8_t *tag = out + head.len + body.len;
    if (body.len == 0) {
        self->encrypt(&self->key, &scratch, out, head.data, head.len, nonce, additional.data,
                      additional.len, tag, AEAD_TAG_LEN);
        return;
    }
    self->begin(&self->key, &scratch, nonce, additional.data, additional.len);
    self->encrypt_part(&self->key, &scratch, out, head.data, head.len);
    self->encrypt_part(&self->key, &scratch, out + head.len, body.data, body.len);
    self->end(&self->key, &scratch, tag, AEAD_TAG_LEN);
}

static int ipsec_mb_open(struct aead *aead, const uint8_t *nonce, struct span additional,
                         struct span sealed, uint8_t *out)
{
    struct ipsec_mb_aead *self = self_of(aead);
    struct gcm_context_data scratch;
    uint8_t tag[AEAD_TAG_LEN];
    if (sealed.len < AEAD_TAG_LEN)
        return -EBADMSG;
    size_t text_len = sealed.len - AEAD_TAG_LEN;
    self->decrypt(&self->key, &scratch, out, sealed.data, text_len, nonce, additional.data,
                  additional.len, tag, sizeof tag);
    return CRYPTO_memcmp(tag, sealed.data + text_len, sizeof tag) == 0 ? 0 : -EBADMSG;
}

static const char *ipsec_mb_version(void)
{
    return "libipsec-mb " IMB_VERSION_STR;
}

const struct aead_library aead_ipsec_mb = {
    .new = ipsec_mb_new,
    .free = ipsec_mb_free,
    .seal = ipsec_mb_seal,
    .open = ipsec_mb_open,
    .version = ipsec_mb_version,
};
