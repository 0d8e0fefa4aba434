/*
 * Questions and reports under the seal: who may ask whom, and that nothing else
 * passes for them.
 */
#include "testing.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "tunnel/seal.h"

struct rig {
    struct identity identity;
    struct seal *provider;
    struct seal *phone;
    struct seal *laptop;
    struct seal_contact to_provider; /* the phone's */
    struct seal_contact to_phone;    /* the provider's */
};

static const uint8_t fingerprint[CERT_FINGERPRINT_LEN] = {7};
static const uint8_t secrets[2][INVITE_SECRET_LEN] = {{1}, {2}}; /* of phone and laptop */

static struct seal *new_provider(const struct rig *r, const struct identity *identity)
{
    struct seal *seal = seal_new(&(struct seal_config){SEAL_PROVIDER, identity, fingerprint, NULL});
    seal_admit(seal, "phone", r->identity.provider_id, secrets[0]);
    seal_admit(seal, "laptop", r->identity.provider_id, secrets[1]);
    return seal;
}

static struct seal *new_consumer(const struct rig *r, const uint8_t secret[INVITE_SECRET_LEN])
{
    struct seal *seal = seal_new(&(struct seal_config){SEAL_CONSUMER, NULL, fingerprint, NULL});
    seal_admit(seal, "link", r->identity.provider_id, secret);
    return seal;
}

static int setup(void **state)
{
    struct rig *r = xcalloc(1, sizeof *r);
    identity_init(&r->identity);
    r->provider = new_provider(r, &r->identity);
    r->phone = new_consumer(r, secrets[0]);
    r->laptop = new_consumer(r, secrets[1]);
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

/* What is dropped changes nothing of the contact. */
static void expect(struct seal *seal, struct seal_contact *contact, enum seal_type type,
                   const char *sealed, enum seal_verdict expected)
{
    char *text;
    struct seal_contact before = *contact;
    enum seal_verdict verdict = seal_open(seal, contact, type, sealed, &text);
    assert_string_equal(seal_verdict_text(verdict), seal_verdict_text(expected));
    if (verdict != SEAL_GOOD)
        assert_memory_equal(&before, contact, sizeof before);
    free(text);
}

static char *wrap(struct seal *seal, struct seal_contact *contact, enum seal_type type)
{
    char *sealed = seal_wrap(seal, contact, type, "{}");
    assert_non_null(sealed);
    assert_int_equal(seal_type_of_candidate(sealed), type == SEAL_OFFER ? SEAL_CANDIDATE : type);
    return sealed;
}

/* From who has never offered; and who does not know it drops it as plain. */
static void test_both_ways(void **state)
{
    struct rig *r = *state;
    char *question = wrap(r->phone, &r->to_provider, SEAL_QUESTION);
    expect(r->provider, &r->to_phone, SEAL_CANDIDATE, question, SEAL_PLAIN);
    expect(r->provider, &r->to_phone, SEAL_REPORT, question, SEAL_PLAIN);
    expect(r->provider, &r->to_phone, SEAL_QUESTION, question, SEAL_GOOD);
    expect(r->provider, &r->to_phone, SEAL_QUESTION, question, SEAL_REPLAYED);
    free(question);
    assert_string_equal(seal_contact_name(r->provider, &r->to_phone), "phone");
    char *report = wrap(r->provider, &r->to_phone, SEAL_REPORT);
    expect(r->laptop, &(struct seal_contact){0}, SEAL_REPORT, report, SEAL_NO_INVITE);
    expect(r->phone, &r->to_provider, SEAL_REPORT, report, SEAL_GOOD);
    free(report);
    report = wrap(r->provider, &r->to_phone, SEAL_REPORT); /* but once */
    expect(r->phone, &r->to_provider, SEAL_REPORT, report, SEAL_MISPLACED);
    free(report);
}

/* A mark says what it is for: another one in its place opens nothing. */
static void test_another_mark(void **state)
{
    struct rig *r = *state;
    char *question = wrap(r->phone, &r->to_provider, SEAL_QUESTION);
    memcpy(question, "x1.", 3);
    expect(r->provider, &r->to_phone, SEAL_OFFER, question, SEAL_FORGED);
    expect(r->provider, &r->to_phone, SEAL_CANDIDATE, question, SEAL_FORGED);
    free(question);
    char *offer = wrap(r->phone, &r->to_provider, SEAL_OFFER);
    memcpy(offer, "q1.", 3);
    expect(r->provider, &r->to_phone, SEAL_QUESTION, offer, SEAL_FORGED);
    free(offer);
}

/* A provider asks nobody. */
static void test_the_wrong_way(void **state)
{
    struct rig *r = *state;
    char *question = wrap(r->phone, &r->to_provider, SEAL_QUESTION);
    expect(r->provider, &r->to_phone, SEAL_QUESTION, question, SEAL_GOOD);
    free(question);
    question = wrap(r->provider, &r->to_phone, SEAL_QUESTION);
    expect(r->phone, &r->to_provider, SEAL_QUESTION, question, SEAL_MISPLACED);
    free(question);
}

/* Who has the invite, too, cannot play the provider. */
static void test_impostor(void **state)
{
    struct rig *r = *state;
    struct identity other;
    identity_init(&other);
    struct seal *impostor = new_provider(r, &other);
    char *question = wrap(r->phone, &r->to_provider, SEAL_QUESTION);
    expect(impostor, &r->to_phone, SEAL_QUESTION, question, SEAL_GOOD);
    char *report = wrap(impostor, &r->to_phone, SEAL_REPORT);
    expect(r->phone, &r->to_provider, SEAL_REPORT, report, SEAL_IMPOSTOR);
    free(report);
    free(question);
    seal_free(impostor);
    identity_deinit(&other);
}

/* Who has an invite that has expired is told so, and nothing else; once it is
 * forgotten, nothing at all. */
static void test_expired(void **state)
{
    struct rig *r = *state;
    assert_true(seal_revoke(r->provider, "phone"));
    seal_admit_expired(r->provider, r->identity.provider_id, secrets[0]);
    char *offer = wrap(r->phone, &r->to_provider, SEAL_OFFER);
    char *text;
    assert_int_equal(seal_open(r->provider, &r->to_phone, SEAL_OFFER, offer, &text), SEAL_EXPIRED);
    assert_null(text);
    expect(r->provider, &r->to_phone, SEAL_OFFER, offer, SEAL_REPLAYED);
    free(offer);
    assert_null(seal_contact_name(r->provider, &r->to_phone));
    assert_null(seal_wrap(r->provider, &r->to_phone, SEAL_ANSWER, "v=0"));
    char *candidate = wrap(r->phone, &r->to_provider, SEAL_CANDIDATE);
    expect(r->provider, &r->to_phone, SEAL_CANDIDATE, candidate, SEAL_NO_INVITE);
    free(candidate);
    char *report = wrap(r->provider, &r->to_phone, SEAL_REPORT);
    expect(r->phone, &r->to_provider, SEAL_REPORT, report, SEAL_GOOD);
    free(report);
    seal_forget_expired(r->provider);
    offer = wrap(r->phone, &r->to_provider, SEAL_OFFER);
    expect(r->provider, &r->to_phone, SEAL_OFFER, offer, SEAL_NO_INVITE);
    free(offer);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_both_ways), TEST(test_another_mark), TEST(test_the_wrong_way),
        TEST(test_impostor),  TEST(test_expired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
