/*
 * Sealed signalling between a provider and its consumers, and whatever a signal
 * server might do with what they say.
 */
#include "seal_rig.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/armor.h"

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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, seal_rig_setup, seal_rig_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_conversation),
        TEST(test_restarts),
        TEST(test_candidates_behind_an_offer),
        TEST(test_an_offer_instead_of_an_answer),
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
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
