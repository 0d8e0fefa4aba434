/*
 * What other holders of links might do with sealed signalling, and one whose
 * invite is no more.
 */
#include "seal_rig.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/armor.h"
#include "tunnel/seal_grant.h"

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
#define TEST(name) cmocka_unit_test_setup_teardown(name, seal_rig_setup, seal_rig_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_another_invite), TEST(test_another_invites_name),
        TEST(test_impostors),      TEST(test_another_fingerprint),
        TEST(test_revoked),        TEST(test_many_processes),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
