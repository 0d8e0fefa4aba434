/*
 * MESSAGE-INTEGRITY covers the message up to itself, with the header's length
 * field saying that the message ends behind it; FINGERPRINT likewise, with
 * the CRC-32 of ITU V.42 XORed by "STUN". When reading, the header with that
 * other length is fed to the digest in front of the untouched rest.
 */
#include "ice/stun_auth.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "base/bytes.h"

enum { MAC_LEN = 20, INTEGRITY_ATTRIBUTE_LEN = 24, FINGERPRINT_ATTRIBUTE_LEN = 8 };

#define FINGERPRINT_XOR UINT32_C(0x5354554e)

bool stun_long_term_key(struct span user, struct span realm, struct span pass,
                        uint8_t key[STUN_LONG_TERM_KEY_LEN])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok =
        ctx && EVP_DigestInit_ex(ctx, EVP_md5(), NULL) == 1 &&
        EVP_DigestUpdate(ctx, user.data, user.len) == 1 && EVP_DigestUpdate(ctx, ":", 1) == 1 &&
        EVP_DigestUpdate(ctx, realm.data, realm.len) == 1 && EVP_DigestUpdate(ctx, ":", 1) == 1 &&
        EVP_DigestUpdate(ctx, pass.data, pass.len) == 1 && EVP_DigestFinal_ex(ctx, key, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

/* The MAC of the message before at, as if it ended at + 24. The messages that
 * carry one are short, so a copy is cheaper than a second digest context. */
static bool compute_mac(struct span message, size_t at, struct span key, uint8_t mac[MAC_LEN])
{
    uint8_t stack[1024];
    uint8_t *copy = at <= sizeof stack ? stack : malloc(at);
    if (!copy)
        return false;
    memcpy(copy, message.data, at);
    put_u16be(copy + 2, (uint16_t)(at + INTEGRITY_ATTRIBUTE_LEN - STUN_HEADER_LEN));
    unsigned len = 0;
    bool ok = key.len <= INT32_MAX &&
              HMAC(EVP_sha1(), key.data, (int)key.len, copy, at, mac, &len) != NULL &&
              len == MAC_LEN;
    if (copy != stack)
        free(copy);
    return ok;
}

void stun_put_integrity(struct stun_writer *w, struct span key)
{
    uint8_t mac[MAC_LEN];
    if (w->overflow || !compute_mac(span_of(w->data, w->len), w->len, key, mac)) {
        w->overflow = true;
        return;
    }
    stun_put(w, STUN_MESSAGE_INTEGRITY, span_of(mac, sizeof mac));
}

bool stun_check_integrity(const struct stun_message *m, struct span key)
{
    uint8_t mac[MAC_LEN];
    return m->integrity_at != 0 && compute_mac(m->bytes, m->integrity_at, key, mac) &&
           CRYPTO_memcmp(mac, m->bytes.data + m->integrity_at + 4, MAC_LEN) == 0;
}

/* Half a byte at a time: STUN messages are short, and a table of 64 bytes stays
 * in the cache. */
static uint32_t crc32_update(uint32_t crc, const uint8_t *p, size_t len)
{
    static const uint32_t of_four_bits[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        crc = (crc >> 4) ^ of_four_bits[crc & 15];
        crc = (crc >> 4) ^ of_four_bits[crc & 15];
    }
    return crc;
}

uint32_t stun_crc32(struct span bytes)
{
    return ~crc32_update(UINT32_MAX, bytes.data, bytes.len);
}

static uint32_t fingerprint(const uint8_t *data, size_t at)
{
    uint8_t header[4];
    memcpy(header, data, 2);
    put_u16be(header + 2, (uint16_t)(at + FINGERPRINT_ATTRIBUTE_LEN - STUN_HEADER_LEN));
    uint32_t crc = crc32_update(UINT32_MAX, header, sizeof header);
    return ~crc32_update(crc, data + 4, at - 4) ^ FINGERPRINT_XOR;
}

void stun_put_fingerprint(struct stun_writer *w)
{
    if (!w->overflow)
        stun_put_u32(w, STUN_FINGERPRINT, fingerprint(w->data, w->len));
}

bool stun_check_fingerprint(const struct stun_message *m)
{
    return m->fingerprint_at == 0 || get_u32be(m->bytes.data + m->fingerprint_at + 4) ==
                                         fingerprint(m->bytes.data, m->fingerprint_at);
}

void ice_random_bytes(struct ice_random *r, void *out, size_t len)
{
    uint8_t *p = out;
    while (len > 0) {
        uint8_t input[sizeof r->seed + 8];
        uint8_t digest[EVP_MAX_MD_SIZE];
        memcpy(input, r->seed, sizeof r->seed);
        put_u64be(input + sizeof r->seed, r->counter++);
        unsigned got = 0;
        int ok = EVP_Digest(input, sizeof input, digest, &got, EVP_sha256(), NULL);
        assert(ok == 1 && got == 32);
        (void)ok;
        size_t take = len < got ? len : got;
        memcpy(p, digest, take);
        p += take;
        len -= take;
    }
}

uint64_t ice_random_u64(struct ice_random *r)
{
    uint8_t bytes[8];
    ice_random_bytes(r, bytes, sizeof bytes);
    return get_u64be(bytes);
}

void ice_random_chars(struct ice_random *r, char *out, size_t len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    ice_random_bytes(r, out, len);
    for (size_t i = 0; i < len; i++)
        out[i] = alphabet[(uint8_t)out[i] & 63];
    out[len] = '\0';
}

uint64_t ice_random_jitter(struct ice_random *r, uint64_t value)
{
    uint64_t range = value * 2 / 5 + 1;
    return value * 4 / 5 + ice_random_u64(r) % range;
}
