/*
 * The clock of consent alone: when a pair is asked, and what its silence means
 * at which time.
 */
#include "testing.h"

#include "base/clock.h"
#include "ice/consent.h"

static const struct consent_use in_use = {.is_in_use = true};
static const struct consent_use backup = {0};

struct rig {
    struct consent c;
    struct ice_random random;
    uint64_t now_us;
    uint64_t begun_us;
};

static struct rig begin(void)
{
    struct rig r = {.now_us = 100 * US_PER_S};
    r.begun_us = r.now_us;
    consent_init(&r.c);
    assert_int_equal(r.c.next_us, TIME_NEVER);
    consent_heard(&r.c, r.now_us);
    consent_begin(&r.c, &r.random, r.now_us);
    return r;
}

/* Goes to when something is due. */
static enum consent_due next(struct rig *r, const struct consent_use *use)
{
    enum consent_due due = consent_poll(&r->c, use, r->now_us);
    if (due != CONSENT_DUE_NOTHING)
        return due;
    uint64_t at_us = consent_next_us(&r->c, use);
    assert_true(at_us > r->now_us);
    assert_int_equal(consent_poll(&r->c, use, at_us - 1), CONSENT_DUE_NOTHING);
    r->now_us = at_us;
    return consent_poll(&r->c, use, at_us);
}

static struct stun_message answer_to(const uint8_t *id)
{
    static uint8_t data[STUN_MESSAGE_MAX];
    struct stun_writer w;
    struct stun_message m;
    stun_begin(&w, data, sizeof data, STUN_SUCCESS, STUN_BINDING, id);
    assert_true(stun_decode(stun_bytes(&w), &m) > 0);
    return m;
}

static void test_asked_again_and_again(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct consent_use *use = i == 0 ? &in_use : &backup;
        uint64_t interval_us = i == 0 ? ICE_CONSENT_US : ICE_KEEPALIVE_US;
        struct rig r = begin();
        uint64_t before_us = 0;
        for (int n = 0; n < 100; n++) {
            assert_int_equal(next(&r, use), CONSENT_DUE_ASK);
            if (n > 0)
                assert_in_range(r.now_us - before_us, interval_us * 4 / 5, interval_us * 6 / 5);
            before_us = r.now_us;
            struct stun_message m = answer_to(consent_ask(&r.c, use, &r.random, r.now_us));
            assert_int_equal(consent_find(&r.c, &m), r.now_us);
            consent_heard(&r.c, r.now_us + 400 * US_PER_MS);
            assert_int_equal(r.c.trust, CONSENT_SURE);
        }
    }
}

/* What becomes of silence, in order; at_us: since the first request. */
static void assert_silence(const struct consent_use *use, uint64_t lost_us)
{
    struct rig r = begin();
    uint64_t asked_us = 0;
    int doubts = 0;
    int suspicions = 0;
    enum consent_due due;
    while ((due = next(&r, use)) != CONSENT_DUE_LOST) {
        if (due == CONSENT_DUE_ASK) {
            asked_us = asked_us ? asked_us : r.now_us;
            consent_ask(&r.c, use, &r.random, r.now_us);
        } else if (due == CONSENT_DUE_DOUBT) {
            assert_int_equal(r.now_us, asked_us + ICE_DOUBT_US);
            assert_int_equal(r.c.trust, CONSENT_DOUBTED);
            doubts++;
        } else {
            assert_int_equal(r.now_us, asked_us + ICE_SUSPECT_US);
            assert_int_equal(r.c.trust, CONSENT_SUSPECT);
            suspicions++;
        }
        assert_int_equal(consent_is_fresh(&r.c, r.now_us),
                         r.now_us < r.begun_us + ICE_CONSENT_LOST_US);
    }
    assert_int_equal(r.now_us, r.begun_us + lost_us);
    assert_int_equal(doubts, use->is_asking ? 0 : 1);
    assert_int_equal(suspicions, 1);
}

static void test_silence(void **state)
{
    (void)state;
    struct consent_use asking = {.is_in_use = true, .is_asking = true};
    assert_silence(&in_use, ICE_CONSENT_LOST_US);
    assert_silence(&backup, 2 * ICE_CONSENT_LOST_US);
    assert_silence(&asking, ICE_CONSENT_LOST_US);
}

static void test_answer_restores(void **state)
{
    (void)state;
    struct rig r = begin();
    assert_int_equal(next(&r, &in_use), CONSENT_DUE_ASK);
    struct stun_message m = answer_to(consent_ask(&r.c, &in_use, &r.random, r.now_us));
    uint64_t sent_us = r.now_us;
    assert_int_equal(next(&r, &in_use), CONSENT_DUE_DOUBT);
    assert_int_equal(next(&r, &in_use), CONSENT_DUE_SUSPECT);
    assert_int_equal(consent_find(&r.c, &m), sent_us);
    consent_heard(&r.c, r.now_us);
    assert_int_equal(r.c.trust, CONSENT_SURE);
    assert_int_equal(next(&r, &in_use), CONSENT_DUE_ASK);
    assert_true(consent_is_fresh(&r.c, r.now_us));
}

/* Data that comes defers doubt, and is no consent. */
static void test_data_is_a_sign_of_life(void **state)
{
    (void)state;
    struct rig r = begin();
    assert_int_equal(next(&r, &in_use), CONSENT_DUE_ASK);
    consent_ask(&r.c, &in_use, &r.random, r.now_us);
    struct consent_use receiving = {.is_in_use = true, .data_us = r.now_us + US_PER_S};
    assert_int_equal(next(&r, &receiving), CONSENT_DUE_DOUBT);
    assert_int_equal(r.now_us, receiving.data_us + ICE_DOUBT_US);
    r.now_us = r.begun_us + ICE_CONSENT_LOST_US;
    receiving.data_us = r.now_us;
    assert_int_equal(consent_poll(&r.c, &receiving, r.now_us), CONSENT_DUE_LOST);
}

static void test_surplus_is_not_asked(void **state)
{
    (void)state;
    struct consent_use surplus = {.is_surplus = true};
    struct rig r = begin();
    assert_int_equal(next(&r, &surplus), CONSENT_DUE_LOST);
    assert_int_equal(r.now_us, r.begun_us + 2 * ICE_CONSENT_LOST_US);
}

static void test_hurry(void **state)
{
    (void)state;
    struct rig r = begin();
    consent_hurry(&r.c, r.now_us + US_PER_S);
    consent_hurry(&r.c, r.now_us + 2 * US_PER_S); /* later than that: no matter */
    assert_int_equal(next(&r, &in_use), CONSENT_DUE_ASK);
    assert_int_equal(r.now_us, r.begun_us + US_PER_S);
}

/* Late answers count, but not for ever. */
static void test_the_last_requests_are_remembered(void **state)
{
    (void)state;
    struct rig r = begin();
    uint8_t ids[ICE_CONSENT_IDS + 1][STUN_ID_LEN];
    uint64_t first_us = r.now_us;
    for (unsigned i = 0; i <= ICE_CONSENT_IDS; i++)
        memcpy(ids[i], consent_ask(&r.c, &in_use, &r.random, r.now_us++), STUN_ID_LEN);
    for (unsigned i = 0; i <= ICE_CONSENT_IDS; i++) {
        struct stun_message m = answer_to(ids[i]);
        assert_int_equal(consent_find(&r.c, &m), i == 0 ? TIME_NEVER : first_us + i);
    }
    consent_begin(&r.c, &r.random, r.now_us);
    struct stun_message m = answer_to(ids[ICE_CONSENT_IDS]);
    assert_int_equal(consent_find(&r.c, &m), TIME_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asked_again_and_again),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_answer_restores),
        cmocka_unit_test(test_data_is_a_sign_of_life),
        cmocka_unit_test(test_surplus_is_not_asked),
        cmocka_unit_test(test_hurry),
        cmocka_unit_test(test_the_last_requests_are_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
