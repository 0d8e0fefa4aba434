/*
 * Sealed signalling between a provider with two invites and its consumers, and
 * whatever a signal server might do with what they say.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/armor.h"
#include "base/bytes.h"
#include "tunnel/seal.h"
#include "tunnel/seal_grant.h"

#define CANDIDATE "{\"candidate\":\"candidate:1 1 UDP 1 192.0.2.1 9 typ host\"}"

enum { FINGERPRINT_TEXT = 3 * CERT_FINGERPRINT_LEN };

struct rig {
    struct identity identity;
    struct seal *provider;
    struct seal *phone; /* consumers, by the names of their invites */
    struct seal *laptop;
    uint8_t phone_secret[INVITE_SECRET_LEN];
    uint8_t laptop_secret[INVITE_SECRET_LEN];
    struct seal_contact to_provider; /* the phone's */
    struct seal_contact to_phone;    /* the provider's */
};

/* A description of the process whose certificate's fingerprint has only that
 * byte. */
static char *describe(uint8_t byte)
{
    char fingerprint[FINGERPRINT_TEXT + 1] = "";
    for (int i = 0; i < CERT_FINGERPRINT_LEN; i++)
        snprintf(fingerprint + 3 * i, 4, "%02X:", byte);
    fingerprint[FINGERPRINT_TEXT - 1] = '\0';
    return xasprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
                     "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
                     "a=ice-ufrag:aB3x\r\na=ice-pwd:0123456789abcdefghijkl\r\n"
                     "a=fingerprint:sha-256 %s\r\na=setup:actpass\r\na=mid:0\r\n",
                     fingerprint);
}

static struct seal *new_seal(enum seal_side side, const struct identity *identity, uint8_t byte)
{
    uint8_t fingerprint[CERT_FINGERPRINT_LEN];
    memset(fingerprint, byte, sizeof fingerprint);
    return seal_new(&(struct seal_config){side, identity, fingerprint, NULL});
}

static struct seal *new_consumer(const struct rig *r, const uint8_t secret[INVITE_SECRET_LEN])
{
    struct seal *seal = new_seal(SEAL_CONSUMER, NULL, 0xc0);
    seal_admit(seal, "link", r->identity.provider_id, secret);
    return seal;
}

static int setup(void **state)
{
    struct rig *r = xcalloc(1, sizeof *r);
    identity_init(&r->identity);
    memset(r->phone_secret, 1, sizeof r->phone_secret);
    memset(r->laptop_secret, 2, sizeof r->laptop_secret);
    r->provider = new_seal(SEAL_PROVIDER, &r->identity, 0xaa);
    seal_admit(r->provider, "phone", r->identity.provider_id, r->phone_secret);
    seal_admit(r->provider, "laptop", r->identity.provider_id, r->laptop_secret);
    r->phone = new_consumer(r, r->phone_secret);
    r->laptop = new_consumer(r, r->laptop_secret);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    seal_free(r->provider);
    seal_free(r->phone);
    seal_free(r->laptop);
    identity_deinit(&r->identity);
    free(r);
    return 0;
}

static char *wrap_sdp(struct seal *seal, struct seal_contact *contact, enum seal_type type,
                      uint8_t byte)
{
    char *sdp = describe(byte);
    char *sealed = seal_wrap(seal, contact, type, sdp);
    free(sdp);
    return sealed;
}

static enum seal_verdict try_open(struct seal *seal, struct seal_contact *contact,
                                  enum seal_type type, const char *sealed)
{
    char *text;
    enum seal_verdict verdict = seal_open(seal, contact, type, sealed, &text);
    assert_int_equal(verdict == SEAL_GOOD, text != NULL);
    free(text);
    return verdict;
}

/* Opens, and nothing else is good enough. */
static void must_open(struct seal *seal, struct seal_contact *contact, enum seal_type type,
                      const char *sealed)
{
    assert_int_equal(try_open(seal, contact, type, sealed), SEAL_GOOD);
}

/* Drops for that reason, and nothing of the contact has changed. */
static void must_drop(struct seal *seal, struct seal_contact *contact, enum seal_type type,
                      const char *sealed, enum seal_verdict expected)
{
    struct seal_contact before = *contact;
    assert_string_equal(seal_verdict_text(try_open(seal, contact, type, sealed)),
                        seal_verdict_text(expected));
    assert_memory_equal(&before, contact, sizeof before);
}

/* The phone offers and the provider answers. What was on the wire is the
 * caller's. */
static void meet(struct rig *r, char **offer, char **answer)
{
    *offer = wrap_sdp(r->phone, &r->to_provider, SEAL_OFFER, 0xc0);
    must_open(r->provider, &r->to_phone, SEAL_OFFER, *offer);
    *answer = wrap_sdp(r->provider, &r->to_phone, SEAL_ANSWER, 0xaa);
    must_open(r->phone, &r->to_provider, SEAL_ANSWER, *answer);
}

static void meet_and_forget(struct rig *r)
{
    char *offer, *answer;
    meet(r, &offer, &answer);
    free(offer);
    free(answer);
}

/* ---- what works ---- */

static void test_a_conversation(void **state)
{
    struct rig *r = *state;
    char *text;
    meet_and_forget(r);
    assert_string_equal(seal_contact_name(r->provider, &r->to_phone), "phone");
    for (int i = 0; i < 3; i++) {
        char *from_phone = seal_wrap(r->phone, &r->to_provider, SEAL_CANDIDATE, CANDIDATE);
        char *from_provider = seal_wrap(r->provider, &r->to_phone, SEAL_CANDIDATE, CANDIDATE);
        assert_int_equal(seal_open(r->provider, &r->to_phone, SEAL_CANDIDATE, from_phone, &text),
                         SEAL_GOOD);
        assert_string_equal(text, CANDIDATE);
        free(text);
        must_open(r->phone, &r->to_provider, SEAL_CANDIDATE, from_provider);
        free(from_phone);
        free(from_provider);
    }
}

/* A restart of ICE may begin at either end. */
static void test_restarts(void **state)
{
    struct rig *r = *state;
    meet_and_forget(r);
    meet_and_forget(r);
    char *offer = wrap_sdp(r->provider, &r->to_phone, SEAL_OFFER, 0xaa);
    must_open(r->phone, &r->to_provider, SEAL_OFFER, offer);
    char *answer = wrap_sdp(r->phone, &r->to_provider, SEAL_ANSWER, 0xc0);
    must_open(r->provider, &r->to_phone, SEAL_ANSWER, answer);
    free(offer);
    free(answer);
}

/* Candidates go on their way before the answer has come. */
static void test_candidates_behind_an_offer(void **state)
{
    struct rig *r = *state;
    char *offer = wrap_sdp(r->phone, &r->to_provider, SEAL_OFFER, 0xc0);
    char *candidate = seal_wrap(r->phone, &r->to_provider, SEAL_CANDIDATE, CANDIDATE);
    must_drop(r->provider, &r->to_phone, SEAL_CANDIDATE, candidate, SEAL_MISPLACED);
    must_open(r->provider, &r->to_phone, SEAL_OFFER, offer);
    must_open(r->provider, &r->to_phone, SEAL_CANDIDATE, candidate);
    free(offer);
    free(candidate);
}

static void test_nothing_shows(void **state)
{
    struct rig *r = *state;
    char *offer, *answer;
    meet(r, &offer, &answer);
    char *candidate = seal_wrap(r->phone, &r->to_provider, SEAL_CANDIDATE, CANDIDATE);
    char *empty = seal_wrap(r->phone, &r->to_provider, SEAL_CANDIDATE, "");
    assert_int_equal(strlen(candidate), strlen(empty));
    /* Header, tag, and what is padded. */
    assert_int_equal(strlen(empty), 3 + ARMOR_LEN(ARMOR_BASE64URL, 32 + 16 + SEAL_PAD));
    assert_null(strstr(offer, "192.0.2.1"));
    free(offer);
    free(answer);
    free(candidate);
    free(empty);
}

static void test_too_long(void **state)
{
    struct rig *r = *state;
    char *text = xcalloc(SEAL_PLAIN_MAX + 1, 1);
    memset(text, 'a', SEAL_PLAIN_MAX);
    assert_null(seal_wrap(r->phone, &r->to_provider, SEAL_OFFER, text));
    free(text);
}

/* ---- what a signal server might do ---- */

static void test_plain(void **state)
{
    struct rig *r = *state;
    char *sdp = describe(0xee);
    must_drop(r->provider, &r->to_phone, SEAL_OFFER, sdp, SEAL_PLAIN);
    must_drop(r->phone, &r->to_provider, SEAL_ANSWER, sdp, SEAL_PLAIN);
    must_drop(r->phone, &r->to_provider, SEAL_CANDIDATE, CANDIDATE, SEAL_PLAIN);
    must_drop(r->phone, &r->to_provider, SEAL_CANDIDATE, "", SEAL_PLAIN);
    free(sdp);
}

static void test_reflected(void **state)
{
    struct rig *r = *state;
    char *offer, *answer;
    meet(r, &offer, &answer);
    must_drop(r->phone, &r->to_provider, SEAL_OFFER, offer, SEAL_REFLECTED);
    must_drop(r->provider, &r->to_phone, SEAL_ANSWER, answer, SEAL_REFLECTED);
    free(offer);
    free(answer);
}

static void test_replayed(void **state)
{
    struct rig *r = *state;
    struct seal_contact stranger = {0};
    char *offer, *answer;
    meet(r, &offer, &answer);
    must_drop(r->provider, &r->to_phone, SEAL_OFFER, offer, SEAL_REPLAYED);
    must_drop(r->provider, &stranger, SEAL_OFFER, offer, SEAL_REPLAYED);
    must_drop(r->phone, &r->to_provider, SEAL_ANSWER, answer, SEAL_REPLAYED);
    free(offer);
    free(answer);
}

static void test_reordered(void **state)
{
    struct rig *r = *state;
    meet_and_forget(r);
    char *first = seal_wrap(r->phone, &r->to_provider, SEAL_CANDIDATE, CANDIDATE);
    char *second = seal_wrap(r->phone, &r->to_provider, SEAL_CANDIDATE, CANDIDATE);
    must_open(r->provider, &r->to_phone, SEAL_CANDIDATE, second);
    must_drop(r->provider, &r->to_phone, SEAL_CANDIDATE, first, SEAL_REPLAYED);
    free(first);
    free(second);
}

/* An answer to an offer of before. */
static void test_an_older_answer(void **state)
{
    struct rig *r = *state;
    char *offer = wrap_sdp(r->phone, &r->to_provider, SEAL_OFFER, 0xc0);
    must_open(r->provider, &r->to_phone, SEAL_OFFER, offer);
    char *answer = wrap_sdp(r->provider, &r->to_phone, SEAL_ANSWER, 0xaa);
    char *newer = wrap_sdp(r->phone, &r->to_provider, SEAL_OFFER, 0xc0);
    must_drop(r->phone, &r->to_provider, SEAL_ANSWER, answer, SEAL_MISPLACED);
    free(offer);
    free(answer);
    free(newer);
}

/* What was said to the process before a restart of either end. */
static void test_an_older_process(void **state)
{
    struct rig *r = *state;
    char *offer, *answer;
    meet(r, &offer, &answer);
    char *candidate = seal_wrap(r->phone, &r->to_provider, SEAL_CANDIDATE, CANDIDATE);
    struct seal *phone = new_consumer(r, r->phone_secret);
    struct seal *provider = new_seal(SEAL_PROVIDER, &r->identity, 0xab);
    seal_admit(provider, "phone", r->identity.provider_id, r->phone_secret);
    struct seal_contact contact = {0};
    char *newer = wrap_sdp(phone, &contact, SEAL_OFFER, 0xc0);
    must_drop(phone, &contact, SEAL_ANSWER, answer, SEAL_MISPLACED);
    struct seal_contact to_phone = {0};
    must_open(provider, &to_phone, SEAL_OFFER, newer);
    must_drop(provider, &to_phone, SEAL_CANDIDATE, candidate, SEAL_MISPLACED);
    seal_free(phone);
    seal_free(provider);
    free(newer);
    free(candidate);
    free(offer);
    free(answer);
}

/* Said under another type, which is part of what is sealed. */
static void test_another_type(void **state)
{
    struct rig *r = *state;
    char *offer, *answer;
    meet(r, &offer, &answer);
    char *next = wrap_sdp(r->phone, &r->to_provider, SEAL_OFFER, 0xc0);
    must_drop(r->provider, &r->to_phone, SEAL_ANSWER, next, SEAL_FORGED);
    must_drop(r->provider, &r->to_phone, SEAL_CANDIDATE, next, SEAL_FORGED);
    must_open(r->provider, &r->to_phone, SEAL_OFFER, next);
    free(next);
    free(offer);
    free(answer);
}

/* Each byte changed, and each length: nothing opens, and the good one still
 * does behind it. */
static void test_altered_and_cut(void **state)
{
    struct rig *r = *state;
    meet_and_forget(r);
    char *good = seal_wrap(r->phone, &r->to_provider, SEAL_CANDIDATE, CANDIDATE);
    char *bad = xstrdup(good);
    struct seal_contact before = r->to_phone;
    for (size_t i = 0; good[i]; i++) {
        bad[i] = good[i] == 'A' ? 'B' : 'A';
        assert_true(try_open(r->provider, &r->to_phone, SEAL_CANDIDATE, bad) != SEAL_GOOD);
        bad[i] = '\0';
        assert_true(try_open(r->provider, &r->to_phone, SEAL_CANDIDATE, bad) != SEAL_GOOD);
        bad[i] = good[i];
    }
    assert_memory_equal(&before, &r->to_phone, sizeof before);
    must_open(r->provider, &r->to_phone, SEAL_CANDIDATE, good);
    free(good);
    free(bad);
}

/* ---- what other holders of links might do ---- */

static void test_another_invite(void **state)
{
    struct rig *r = *state;
    char *offer, *answer;
    meet(r, &offer, &answer);
    struct seal_contact of_laptop = {0};
    char *laptop_offer = wrap_sdp(r->laptop, &of_laptop, SEAL_OFFER, 0xc1);
    /* What is said to the phone is nothing to the laptop, and the reverse. */
    must_drop(r->laptop, &of_laptop, SEAL_ANSWER, answer, SEAL_NO_INVITE);
    must_drop(r->phone, &r->to_provider, SEAL_OFFER, laptop_offer, SEAL_NO_INVITE);
    free(laptop_offer);
    free(offer);
    free(answer);
}

/* Its key id put in front of what it has sealed. */
static void test_another_invites_name(void **state)
{
    struct rig *r = *state;
    struct seal_key phone_key;
    struct seal_contact of_laptop = {0};
    char *offer = wrap_sdp(r->laptop, &of_laptop, SEAL_OFFER, 0xc1);
    struct span armored = span_skip(span_from_string(offer), 3);
    uint8_t *bytes = xcalloc(armored.len, 1);
    size_t len = (size_t)armor_decode(ARMOR_BASE64URL, armored, bytes);
    seal_key_init(&phone_key, r->identity.provider_id, r->phone_secret);
    memcpy(bytes, phone_key.id, sizeof phone_key.id);
    armor_encode(ARMOR_BASE64URL, span_of(bytes, len), offer + 3);
    must_drop(r->provider, &r->to_phone, SEAL_OFFER, offer, SEAL_FORGED);
    free(bytes);
    free(offer);
}

/* Who has the same link, and another key than the provider's, or none. */
static void test_impostors(void **state)
{
    struct rig *r = *state;
    struct identity other;
    identity_init(&other);
    struct seal *impostor = new_seal(SEAL_PROVIDER, &other, 0xaa);
    seal_admit(impostor, "phone", r->identity.provider_id, r->phone_secret);
    struct seal_contact of_impostor = {0};
    char *offer = wrap_sdp(r->phone, &r->to_provider, SEAL_OFFER, 0xc0);
    must_open(impostor, &of_impostor, SEAL_OFFER, offer);
    char *answer = wrap_sdp(impostor, &of_impostor, SEAL_ANSWER, 0xaa);
    must_drop(r->phone, &r->to_provider, SEAL_ANSWER, answer, SEAL_IMPOSTOR);
    free(answer);
    /* The provider's own answer is still taken. */
    must_open(r->provider, &r->to_phone, SEAL_OFFER, offer);
    answer = wrap_sdp(r->provider, &r->to_phone, SEAL_ANSWER, 0xaa);
    must_open(r->phone, &r->to_provider, SEAL_ANSWER, answer);
    free(answer);
    free(offer);
    seal_free(impostor);
    identity_deinit(&other);
}

/* The fingerprint in the description is not the one that was signed. */
static void test_another_fingerprint(void **state)
{
    struct rig *r = *state;
    char *offer = wrap_sdp(r->phone, &r->to_provider, SEAL_OFFER, 0xc0);
    must_open(r->provider, &r->to_phone, SEAL_OFFER, offer);
    char *answer = wrap_sdp(r->provider, &r->to_phone, SEAL_ANSWER, 0xbb);
    must_drop(r->phone, &r->to_provider, SEAL_ANSWER, answer, SEAL_IMPOSTOR);
    free(offer);
    free(answer);
}

/* The provider restarts ICE with a consumer that has come back to the room, and
 * knows nobody there yet. */
static void test_an_offer_instead_of_an_answer(void **state)
{
    struct rig *r = *state;
    meet_and_forget(r);
    struct seal_contact anew = {0};
    char *asked = wrap_sdp(r->phone, &anew, SEAL_OFFER, 0xc0);
    must_open(r->provider, &r->to_phone, SEAL_OFFER, asked);
    char *offer = wrap_sdp(r->provider, &r->to_phone, SEAL_OFFER, 0xaa);
    must_open(r->phone, &anew, SEAL_OFFER, offer);
    char *answer = wrap_sdp(r->phone, &anew, SEAL_ANSWER, 0xc0);
    must_open(r->provider, &r->to_phone, SEAL_ANSWER, answer);
    free(asked);
    free(offer);
    free(answer);
}

static void test_revoked(void **state)
{
    struct rig *r = *state;
    meet_and_forget(r);
    assert_true(seal_revoke(r->provider, "phone"));
    assert_false(seal_revoke(r->provider, "phone"));
    char *offer = wrap_sdp(r->phone, &r->to_provider, SEAL_OFFER, 0xc0);
    must_drop(r->provider, &r->to_phone, SEAL_OFFER, offer, SEAL_NO_INVITE);
    assert_null(seal_contact_name(r->provider, &r->to_phone));
    assert_null(wrap_sdp(r->provider, &r->to_phone, SEAL_ANSWER, 0xaa));
    /* The same name with another secret is another invite. */
    uint8_t secret[INVITE_SECRET_LEN] = {9};
    seal_admit(r->provider, "phone", r->identity.provider_id, secret);
    must_drop(r->provider, &r->to_phone, SEAL_OFFER, offer, SEAL_NO_INVITE);
    free(offer);
}

/* Who starts over and over drives nobody else out of the memory for replays. */
static void test_many_processes(void **state)
{
    struct rig *r = *state;
    char *offer, *answer;
    meet(r, &offer, &answer);
    for (int i = 0; i < 3 * SEAL_PROCESSES_MAX; i++) {
        struct seal *again = new_consumer(r, r->laptop_secret);
        struct seal_contact from = {0};
        struct seal_contact to = {0};
        char *sealed = wrap_sdp(again, &from, SEAL_OFFER, 0xc1);
        must_open(r->provider, &to, SEAL_OFFER, sealed);
        must_drop(r->provider, &to, SEAL_OFFER, sealed, SEAL_REPLAYED);
        free(sealed);
        seal_free(again);
    }
    must_drop(r->provider, &r->to_phone, SEAL_OFFER, offer, SEAL_REPLAYED);
    free(offer);
    free(answer);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_conversation),
        TEST(test_restarts),
        TEST(test_candidates_behind_an_offer),
        TEST(test_nothing_shows),
        TEST(test_too_long),
        TEST(test_plain),
        TEST(test_reflected),
        TEST(test_replayed),
        TEST(test_reordered),
        TEST(test_an_older_answer),
        TEST(test_an_older_process),
        TEST(test_another_type),
        TEST(test_altered_and_cut),
        TEST(test_another_invite),
        TEST(test_another_invites_name),
        TEST(test_impostors),
        TEST(test_another_fingerprint),
        TEST(test_an_offer_instead_of_an_answer),
        TEST(test_revoked),
        TEST(test_many_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
