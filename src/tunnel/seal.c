/*
 * A sealed string is "x1.", of a question or a report "q1." or "r1.", and the
 * base64url of
 *
 *   0        8                24       32                      -16
 *   +--------+----------------+--------+-----------------------+----------+
 *   | key id | process' salt  |  seq   |  ciphertext           |   tag    |
 *   +--------+----------------+--------+-----------------------+----------+
 *
 * The key is the process' own, so its counter is a nonce that comes once. What
 * is checked, and in which order: first what costs nothing, then the seal, and
 * only of what opens the number, the addressee and the signature. The state
 * changes when all of it is good, in one place: accept().
 */
#include "tunnel/seal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/armor.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/wipe.h"
#include "rtc/sdp.h"
#include "tunnel/seal_grant.h"

enum {
    MARK_LEN = 3,
    SALT_AT = SEAL_KEY_ID_LEN,
    SEQ_AT = SALT_AT + SEAL_SALT_LEN,
    TEXT_AT = SEQ_AT + SEAL_SEQ_LEN,
    SEALED_MAX = TEXT_AT + SEAL_PLAIN_MAX + CRYPTO_TAG_LEN
};

struct seal {
    enum seal_side side;
    const struct identity *identity;
    uint8_t fingerprint[CERT_FINGERPRINT_LEN];
    uint8_t salt[SEAL_SALT_LEN];
    uint64_t seq; /* of the last that was sealed */
    struct list grants;
};

/* Those of reports are other ones, so that who does not know them drops them
 * unopened. */
static const char *mark_of(enum seal_type type)
{
    return type == SEAL_QUESTION ? "q1." : type == SEAL_REPORT ? "r1." : "x1.";
}

static bool has_mark(const char *sealed, enum seal_type type)
{
    return strncmp(sealed, mark_of(type), MARK_LEN) == 0;
}

enum seal_type seal_type_of_candidate(const char *sealed)
{
    return has_mark(sealed, SEAL_QUESTION) ? SEAL_QUESTION
           : has_mark(sealed, SEAL_REPORT) ? SEAL_REPORT
                                           : SEAL_CANDIDATE;
}

/* Whether it is the first of the two in an exchange; and whether it is the
 * second, which says what it is about. */
static bool opens_talk(enum seal_type type)
{
    return type == SEAL_OFFER || type == SEAL_QUESTION;
}

static bool responds(enum seal_type type)
{
    return type == SEAL_ANSWER || type == SEAL_REPORT;
}

const char *seal_verdict_text(enum seal_verdict verdict)
{
    static const char *const texts[] = {
        [SEAL_GOOD] = "is good",
        [SEAL_PLAIN] = "is not sealed",
        [SEAL_MALFORMED] = "is malformed",
        [SEAL_REFLECTED] = "is our own, reflected",
        [SEAL_EXPIRED] = "is sealed with an invite that has expired",
        [SEAL_NO_INVITE] = "is sealed with an invite that is unknown here, revoked or expired",
        [SEAL_FORGED] = "does not open: forged, or altered on its way",
        [SEAL_REPLAYED] = "is a replay",
        [SEAL_MISPLACED] = "was meant for another process, or answers another offer",
        [SEAL_IMPOSTOR] = "is not signed by the provider of the link",
    };
    return texts[verdict];
}

/* ---- invites ---- */

void seal_admit(struct seal *seal, const char *name, const uint8_t provider_id[PROVIDER_ID_LEN],
                const uint8_t secret[INVITE_SECRET_LEN])
{
    assert(!grants_find_name(&seal->grants, name));
    grants_add(&seal->grants, name, provider_id, secret);
}

void seal_admit_expired(struct seal *seal, const uint8_t provider_id[PROVIDER_ID_LEN],
                        const uint8_t secret[INVITE_SECRET_LEN])
{
    grants_add_expired(&seal->grants, provider_id, secret);
}

void seal_forget_expired(struct seal *seal)
{
    grants_forget_expired(&seal->grants);
}

bool seal_revoke(struct seal *seal, const char *name)
{
    struct grant *grant = grants_find_name(&seal->grants, name);
    if (grant)
        grant_free(grant);
    return grant != NULL;
}

const char *seal_contact_name(const struct seal *seal, const struct seal_contact *contact)
{
    const struct grant *grant =
        contact->is_known ? grants_find_key(&seal->grants, contact->key_id) : NULL;
    return grant && !grant->is_expired ? grant->name : NULL;
}

/* ---- what both ways need ---- */

static void make_nonce(uint64_t seq, uint8_t nonce[CRYPTO_NONCE_LEN])
{
    memset(nonce, 0, CRYPTO_NONCE_LEN);
    put_u64be(nonce + CRYPTO_NONCE_LEN - SEAL_SEQ_LEN, seq);
}

/* ---- wrap ---- */

/* Takes the plaintext over. */
static char *seal_plain(struct seal *seal, const struct grant *grant, enum seal_type type,
                        char *plain, size_t len)
{
    uint8_t key[CRYPTO_KEY_LEN];
    uint8_t nonce[CRYPTO_NONCE_LEN];
    size_t sealed_len = TEXT_AT + len + CRYPTO_TAG_LEN;
    uint8_t *sealed = xcalloc(sealed_len, 1);
    memcpy(sealed, grant->key.id, SEAL_KEY_ID_LEN);
    memcpy(sealed + SALT_AT, seal->salt, SEAL_SALT_LEN);
    put_u64be(sealed + SEQ_AT, seal->seq);
    make_nonce(seal->seq, nonce);
    seal_key_of_process(&grant->key, seal->side, seal->salt, key);
    crypto_seal(key, nonce, span_from_string(seal_type_name(type)), span_of(plain, len),
                sealed + TEXT_AT);
    char *text = xcalloc(MARK_LEN + ARMOR_LEN(ARMOR_BASE64URL, sealed_len) + 1, 1);
    memcpy(text, mark_of(type), MARK_LEN);
    armor_encode(ARMOR_BASE64URL, span_of(sealed, sealed_len), text + MARK_LEN);
    wipe(key, sizeof key);
    free_secret(plain, len);
    free(sealed);
    return text;
}

/* A report comes without a description. */
static const uint8_t no_fingerprint[CERT_FINGERPRINT_LEN];

static void address(const struct seal *seal, const struct seal_contact *contact,
                    enum seal_type type, struct seal_message *message)
{
    message->has_to = contact->is_known;
    memcpy(message->to, contact->salt, SEAL_SALT_LEN);
    message->has_re = responds(type);
    memcpy(message->re, contact->salt, SEAL_SALT_LEN);
    put_u64be(message->re + SEAL_SALT_LEN, contact->its_offer);
    message->has_identity = seal->side == SEAL_PROVIDER;
    if (!message->has_identity)
        return;
    const uint8_t *fingerprint = type == SEAL_REPORT ? no_fingerprint : seal->fingerprint;
    const struct vouched vouched = {fingerprint, seal->salt, message->to};
    memcpy(message->public_key, seal->identity->public_key, CRYPTO_PUBLIC_LEN);
    identity_vouch(seal->identity, &vouched, message->signature);
}

static struct grant *grant_of(const struct seal *seal, const struct seal_contact *contact)
{
    if (contact->is_known)
        return grants_find_key(&seal->grants, contact->key_id);
    return seal->side == SEAL_CONSUMER ? grants_first(&seal->grants) : NULL;
}

char *seal_wrap(struct seal *seal, struct seal_contact *contact, enum seal_type type,
                const char *text)
{
    const struct grant *grant = grant_of(seal, contact);
    if (!grant || (grant->is_expired && type != SEAL_REPORT))
        return NULL;
    struct seal_message message = {0};
    size_t len;
    address(seal, contact, type, &message);
    message.text = xstrdup(text);
    char *plain = seal_message_encode(&message, type, &len);
    seal_message_deinit(&message);
    if (!plain)
        return NULL;
    seal->seq++;
    if (opens_talk(type))
        contact->our_offer = seal->seq;
    return seal_plain(seal, grant, type, plain, len);
}

/* ---- open ---- */

/* A string that is being opened. */
struct opening {
    enum seal_type type;
    struct grant *grant;
    const uint8_t *salt; /* of its sender, in the decoded string */
    uint64_t seq;
    struct seal_message message;
    uint8_t fingerprint[CERT_FINGERPRINT_LEN]; /* that is signed, of a provider */
};

static enum seal_verdict break_seal(const struct seal *seal, struct opening *o, struct span sealed)
{
    uint8_t key[CRYPTO_KEY_LEN];
    uint8_t nonce[CRYPTO_NONCE_LEN];
    size_t len = sealed.len - TEXT_AT - CRYPTO_TAG_LEN;
    uint8_t *plain = xcalloc(len + 1, 1);
    enum seal_side other = seal->side == SEAL_PROVIDER ? SEAL_CONSUMER : SEAL_PROVIDER;
    make_nonce(o->seq, nonce);
    seal_key_of_process(&o->grant->key, other, o->salt, key);
    bool is_open = crypto_open(key, nonce, span_from_string(seal_type_name(o->type)),
                               span_skip(sealed, TEXT_AT), plain);
    wipe(key, sizeof key);
    enum seal_verdict verdict = is_open ? SEAL_GOOD : SEAL_FORGED;
    if (is_open && seal_message_decode(span_of(plain, len), o->type, &o->message) < 0)
        verdict = SEAL_MALFORMED;
    free_secret(plain, len);
    return verdict;
}

/* Only a consumer's first words may lack an addressee. */
static bool is_for_us(const struct seal *seal, const struct seal_contact *contact,
                      const struct opening *o)
{
    const struct seal_message *m = &o->message;
    bool is_same_process = contact->is_known &&
                           memcmp(contact->salt, o->salt, SEAL_SALT_LEN) == 0 &&
                           memcmp(contact->key_id, o->grant->key.id, SEAL_KEY_ID_LEN) == 0;
    bool is_first = opens_talk(o->type) ||
                    (responds(o->type) && !contact->is_known && seal->side == SEAL_CONSUMER);
    if (o->type == SEAL_QUESTION && seal->side == SEAL_CONSUMER)
        return false;
    if (!is_same_process && !is_first)
        return false;
    if (m->has_to ? memcmp(m->to, seal->salt, SEAL_SALT_LEN) != 0 : seal->side == SEAL_CONSUMER)
        return false;
    if (!responds(o->type))
        return true;
    return m->has_re && contact->our_offer > 0 && memcmp(m->re, seal->salt, SEAL_SALT_LEN) == 0 &&
           get_u64be(m->re + SEAL_SALT_LEN) == contact->our_offer;
}

/* The fingerprint that the other end must have: that of the description, or
 * of the one that was about this candidate's session. */
static bool find_fingerprint(const struct seal_contact *contact, struct opening *o)
{
    if (o->type == SEAL_CANDIDATE || o->type == SEAL_REPORT) {
        memcpy(o->fingerprint, o->type == SEAL_CANDIDATE ? contact->fingerprint : no_fingerprint,
               CERT_FINGERPRINT_LEN);
        return true;
    }
    struct sdp sdp;
    const char *why;
    if (sdp_parse(o->message.text, &sdp, &why) < 0)
        return false;
    memcpy(o->fingerprint, sdp.fingerprint, CERT_FINGERPRINT_LEN);
    sdp_deinit(&sdp);
    return true;
}

static bool is_provider(const struct seal_contact *contact, struct opening *o)
{
    const struct seal_message *m = &o->message;
    if (!m->has_identity || !identity_is(m->public_key, o->grant->key.provider_id) ||
        !find_fingerprint(contact, o))
        return false;
    const struct vouched vouched = {o->fingerprint, o->salt, m->to};
    return identity_has_vouched(m->public_key, &vouched, m->signature);
}

static enum seal_verdict judge(const struct seal *seal, const struct seal_contact *contact,
                               struct opening *o)
{
    if (o->seq <= grant_last_seq(o->grant, o->salt))
        return SEAL_REPLAYED;
    if (!is_for_us(seal, contact, o))
        return SEAL_MISPLACED;
    if (seal->side == SEAL_CONSUMER && !is_provider(contact, o))
        return SEAL_IMPOSTOR;
    return SEAL_GOOD;
}

static void accept(struct seal_contact *contact, struct opening *o)
{
    grant_hear(o->grant, o->salt, o->seq);
    if (!contact->is_known || memcmp(contact->salt, o->salt, SEAL_SALT_LEN) != 0)
        contact->its_offer = 0;
    contact->is_known = true;
    memcpy(contact->key_id, o->grant->key.id, SEAL_KEY_ID_LEN);
    memcpy(contact->salt, o->salt, SEAL_SALT_LEN);
    memcpy(contact->fingerprint, o->fingerprint, CERT_FINGERPRINT_LEN);
    if (opens_talk(o->type))
        contact->its_offer = o->seq;
    else if (responds(o->type))
        contact->our_offer = 0; /* answered, once */
}

static enum seal_verdict open_bytes(struct seal *seal, struct seal_contact *contact,
                                    enum seal_type type, struct span sealed, char **text)
{
    struct opening o = {.type = type};
    if (sealed.len < TEXT_AT + CRYPTO_TAG_LEN)
        return SEAL_MALFORMED;
    o.salt = sealed.data + SALT_AT;
    o.seq = get_u64be(sealed.data + SEQ_AT);
    if (memcmp(o.salt, seal->salt, SEAL_SALT_LEN) == 0)
        return SEAL_REFLECTED;
    o.grant = grants_find_key(&seal->grants, sealed.data);
    if (!o.grant)
        return SEAL_NO_INVITE;
    enum seal_verdict verdict = break_seal(seal, &o, sealed);
    if (verdict == SEAL_GOOD)
        verdict = judge(seal, contact, &o);
    if (verdict == SEAL_GOOD && o.grant->is_expired && !opens_talk(type))
        verdict = SEAL_NO_INVITE;
    if (verdict == SEAL_GOOD)
        accept(contact, &o);
    if (verdict == SEAL_GOOD && o.grant->is_expired) {
        verdict = SEAL_EXPIRED;
    } else if (verdict == SEAL_GOOD) {
        *text = o.message.text;
        o.message.text = NULL;
    }
    seal_message_deinit(&o.message);
    return verdict;
}

enum seal_verdict seal_open(struct seal *seal, struct seal_contact *contact, enum seal_type type,
                            const char *sealed, char **text)
{
    struct span armored = span_from_string(sealed);
    *text = NULL;
    if (!has_mark(sealed, type))
        return SEAL_PLAIN;
    armored = span_skip(armored, MARK_LEN);
    if (armored.len > ARMOR_LEN(ARMOR_BASE64URL, SEALED_MAX))
        return SEAL_MALFORMED;
    uint8_t *bytes = xcalloc(armored.len + 1, 1);
    long len = armor_decode(ARMOR_BASE64URL, armored, bytes);
    enum seal_verdict verdict =
        len < 0 ? SEAL_MALFORMED
                : open_bytes(seal, contact, type, span_of(bytes, (size_t)len), text);
    free(bytes);
    return verdict;
}

/* ---- life ---- */

struct seal *seal_new(const struct seal_config *config)
{
    assert((config->side == SEAL_PROVIDER) == (config->identity != NULL));
    struct seal *seal = xcalloc(1, sizeof *seal);
    seal->side = config->side;
    seal->identity = config->identity;
    grants_init(&seal->grants);
    memcpy(seal->fingerprint, config->fingerprint, CERT_FINGERPRINT_LEN);
    if (config->salt)
        memcpy(seal->salt, config->salt, SEAL_SALT_LEN);
    else
        random_bytes(seal->salt, SEAL_SALT_LEN);
    return seal;
}

void seal_free(struct seal *seal)
{
    if (!seal)
        return;
    grants_deinit(&seal->grants);
    free_secret(seal, sizeof *seal);
}
