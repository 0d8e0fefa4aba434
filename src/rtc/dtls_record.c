/*
 * The window against replays is a ring of bits, a bit a number: going forward
 * clears whole words, so that nothing is ever shifted (RFC 6479). It is wider
 * than the 64 that RFC 6347 section 4.1.2.6 has at least, since a burst over
 * two paths is reordered by more.
 */
#include "rtc/dtls_record.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"

enum {
    VERSION_DTLS_1_2 = 0xfefd,
    AAD_LEN = 13,
    WINDOW_WORDS = 32, /* a power of 2 */
    WINDOW = (WINDOW_WORDS - 1) * 64
};

#define NUMBER_MAX ((UINT64_C(1) << 48) - 1)

struct replay_window {
    uint64_t next; /* the highest number that came, and one */
    uint64_t seen[WINDOW_WORDS];
};

struct direction {
    struct aead *aead;
    uint8_t iv[AEAD_NONCE_LEN];
};

struct dtls_records {
    enum aead_cipher cipher;
    struct direction write;
    struct direction read;
    struct dtls_resume next;
    struct replay_window window;
};

/* ---- the wire ---- */

int dtls_record_take(struct span *datagram, struct dtls_record *out)
{
    if (datagram->len < DTLS_RECORD_HEADER_LEN)
        return -EBADMSG;
    const uint8_t *p = datagram->data;
    size_t len = DTLS_RECORD_HEADER_LEN + (size_t)get_u16be(p + 11);
    if (len > datagram->len)
        return -EBADMSG;
    *out = (struct dtls_record){
        .type = p[0],
        .epoch = get_u16be(p + 3),
        .number = get_u64be(p + 3) & NUMBER_MAX,
        .whole = span_of(p, len),
        .fragment = span_of(p + DTLS_RECORD_HEADER_LEN, len - DTLS_RECORD_HEADER_LEN),
    };
    *datagram = span_skip(*datagram, len);
    return 0;
}

/* ---- keys ---- */

size_t dtls_iv_len(enum aead_cipher cipher)
{
    return cipher == AEAD_CHACHA20_POLY1305 ? AEAD_NONCE_LEN
                                            : AEAD_NONCE_LEN - DTLS_RECORD_NONCE_LEN;
}

static size_t explicit_nonce_len(const struct dtls_records *records)
{
    return AEAD_NONCE_LEN - dtls_iv_len(records->cipher);
}

static void direction_init(struct direction *direction, enum aead_cipher cipher,
                           const struct dtls_keys *keys)
{
    direction->aead = aead_new(cipher, keys->key);
    memcpy(direction->iv, keys->iv, sizeof direction->iv);
}

struct dtls_records *dtls_records_new(enum aead_cipher cipher, const struct dtls_keys *write,
                                      const struct dtls_keys *read,
                                      const struct dtls_resume *resume)
{
    struct dtls_records *records = xcalloc(1, sizeof *records);
    records->cipher = cipher;
    records->next = *resume;
    direction_init(&records->write, cipher, write);
    direction_init(&records->read, cipher, read);
    return records;
}

void dtls_records_free(struct dtls_records *records)
{
    if (!records)
        return;
    aead_free(records->write.aead);
    aead_free(records->read.aead);
    free_secret(records, sizeof *records);
}

/* RFC 5288 section 3: salt and explicit part. RFC 7905 section 2: the number,
 * with its epoch, over the IV. number_at and explicit_at are in the record. */
static void make_nonce(enum aead_cipher cipher, const uint8_t *iv, const uint8_t *number_at,
                       const uint8_t *explicit_at, uint8_t out[AEAD_NONCE_LEN])
{
    memcpy(out, iv, AEAD_NONCE_LEN);
    if (cipher != AEAD_CHACHA20_POLY1305) {
        memcpy(out + AEAD_NONCE_LEN - DTLS_RECORD_NONCE_LEN, explicit_at, DTLS_RECORD_NONCE_LEN);
        return;
    }
    for (size_t i = 0; i < 8; i++)
        out[AEAD_NONCE_LEN - 8 + i] ^= number_at[i];
}

/* RFC 5246 section 6.2.3.3, with epoch and number for TLS's own number. */
static void make_aad(const uint8_t *header, size_t plaintext_len, uint8_t out[AAD_LEN])
{
    memcpy(out, header + 3, 8);
    memcpy(out + 8, header, 3);
    put_u16be(out + 11, (uint16_t)plaintext_len);
}

/* ---- sealing ---- */

size_t dtls_records_sealed_len(const struct dtls_records *records, size_t plaintext_len)
{
    return DTLS_RECORD_HEADER_LEN + explicit_nonce_len(records) + plaintext_len +
           DTLS_RECORD_TAG_LEN;
}

void dtls_records_seal(struct dtls_records *records, uint8_t type, struct span head,
                       struct span body, uint8_t *out)
{
    size_t plaintext_len = head.len + body.len;
    assert(plaintext_len <= DTLS_PLAINTEXT_MAX);
    size_t sealed = dtls_records_sealed_len(records, plaintext_len);
    uint8_t *explicit_at = out + DTLS_RECORD_HEADER_LEN;
    uint8_t *sealed_at = explicit_at + explicit_nonce_len(records);
    out[0] = type;
    put_u16be(out + 1, VERSION_DTLS_1_2);
    put_u64be(out + 3, UINT64_C(1) << 48 | (records->next.number++ & NUMBER_MAX));
    put_u16be(out + 11, (uint16_t)(sealed - DTLS_RECORD_HEADER_LEN));
    if (explicit_at < sealed_at)
        put_u64be(explicit_at, records->next.nonce++);

    uint8_t nonce[AEAD_NONCE_LEN];
    uint8_t aad[AAD_LEN];
    make_nonce(records->cipher, records->write.iv, out + 3, explicit_at, nonce);
    make_aad(out, plaintext_len, aad);
    aead_seal(records->write.aead, nonce, span_of(aad, sizeof aad), head, body, sealed_at);
}

/* ---- opening ---- */

static bool is_replay(const struct replay_window *w, uint64_t number)
{
    if (number >= w->next)
        return false;
    if (w->next - number > WINDOW)
        return true;
    return w->seen[number / 64 % WINDOW_WORDS] >> number % 64 & 1;
}

static void mark_seen(struct replay_window *w, uint64_t number)
{
    if (number >= w->next) {
        /* The word of the last number is in use, those behind it are not. */
        uint64_t first = w->next == 0 ? 0 : (w->next - 1) / 64 + 1;
        uint64_t last = number / 64;
        if (last - first >= WINDOW_WORDS && last >= first)
            first = last - WINDOW_WORDS + 1;
        for (uint64_t word = first; word <= last; word++)
            w->seen[word % WINDOW_WORDS] = 0;
        w->next = number + 1;
    }
    w->seen[number / 64 % WINDOW_WORDS] |= UINT64_C(1) << number % 64;
}

/* The plaintext's length or -EBADMSG. */
static int decrypt(const struct dtls_records *records, const struct direction *direction,
                   const struct dtls_record *record, uint8_t *out)
{
    size_t nonce_len = explicit_nonce_len(records);
    if (record->fragment.len < nonce_len + DTLS_RECORD_TAG_LEN)
        return -EBADMSG;
    struct span sealed = span_skip(record->fragment, nonce_len);
    size_t text_len = sealed.len - DTLS_RECORD_TAG_LEN;
    if (text_len > DTLS_PLAINTEXT_MAX)
        return -EBADMSG;
    uint8_t nonce[AEAD_NONCE_LEN];
    uint8_t aad[AAD_LEN];
    make_nonce(records->cipher, direction->iv, record->whole.data + 3, record->fragment.data,
               nonce);
    make_aad(record->whole.data, text_len, aad);
    int error = aead_open(direction->aead, nonce, span_of(aad, sizeof aad), sealed, out);
    return error < 0 ? error : (int)text_len;
}

int dtls_records_open(struct dtls_records *records, const struct dtls_record *record, uint8_t *out)
{
    if (is_replay(&records->window, record->number))
        return -EALREADY;
    int len = decrypt(records, &records->read, record, out);
    if (len >= 0)
        mark_seen(&records->window, record->number);
    return len;
}

int dtls_records_reseal(struct dtls_records *records, const struct dtls_record *record,
                        uint8_t *out)
{
    uint8_t plaintext[DTLS_PLAINTEXT_MAX];
    int len = decrypt(records, &records->write, record, plaintext);
    if (len < 0)
        return len;
    struct span whole = span_of(plaintext, (size_t)len);
    dtls_records_seal(records, record->type, whole, (struct span){0}, out);
    return 0;
}
