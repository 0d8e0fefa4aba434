/*
 * Stories of the choice between the direct way and the relay, on a clock that
 * the test moves.
 */
#include "testing.h"

#include "rtc/path_choice.h"

struct scene {
    struct path_choice choice;
    uint64_t now_us;
};

/* Both descriptions are there. */
static struct scene scene_begun(bool has_relay)
{
    struct scene s = {.now_us = 100 * US_PER_S};
    path_choice_init(&s.choice);
    path_choice_on_relay(&s.choice, has_relay);
    path_choice_begin(&s.choice, s.now_us);
    assert_int_equal(path_choice_decide(&s.choice, s.now_us), WAY_NONE);
    return s;
}

static void expect(struct scene *s, enum way way)
{
    assert_int_equal(path_choice_decide(&s->choice, s->now_us), way);
}

static void direct(struct scene *s, enum direct news, enum way way)
{
    path_choice_on_direct(&s->choice, news, s->now_us);
    expect(s, way);
}

static void relay(struct scene *s, bool has_relay, enum way way)
{
    path_choice_on_relay(&s->choice, has_relay);
    expect(s, way);
}

/* Nothing is due until then, and then the way is another one. */
static void wait_for(struct scene *s, uint64_t us, enum way way)
{
    enum way before = s->choice.way;
    assert_true(path_choice_deadline_us(&s->choice) == s->now_us + us);
    s->now_us += us - 1;
    expect(s, before);
    s->now_us++;
    expect(s, way);
}

static void rest(struct scene *s)
{
    assert_true(path_choice_deadline_us(&s->choice) == TIME_NEVER);
    s->now_us += 3600 * US_PER_S;
    expect(s, s->choice.way);
}

static void test_direct(void **state)
{
    (void)state;
    struct scene s = scene_begun(true);
    s.now_us += 200 * US_PER_MS;
    direct(&s, DIRECT_WORKS, WAY_DIRECT);
    rest(&s);
}

static void test_relay_until_direct(void **state)
{
    (void)state;
    struct scene s = scene_begun(true);
    wait_for(&s, CHOICE_RELAY_US, WAY_RELAY);
    assert_true(path_choice_deadline_us(&s.choice) == TIME_NEVER);
    s.now_us += 5 * US_PER_S;
    direct(&s, DIRECT_WORKS, WAY_DIRECT); /* at once */
    rest(&s);
}

/* Without a description of the other side there is nobody to send to. */
static void test_before(void **state)
{
    (void)state;
    struct path_choice c;
    path_choice_init(&c);
    path_choice_on_relay(&c, true);
    assert_int_equal(path_choice_decide(&c, US_PER_S), WAY_NONE);
    assert_true(path_choice_deadline_us(&c) == TIME_NEVER);
}

static void test_no_relay(void **state)
{
    (void)state;
    struct scene s = scene_begun(false);
    rest(&s);
    direct(&s, DIRECT_WORKS, WAY_DIRECT);
    direct(&s, DIRECT_SILENT, WAY_DIRECT);
    rest(&s);
    direct(&s, DIRECT_LOST, WAY_NONE);
    rest(&s);
    direct(&s, DIRECT_WORKS, WAY_DIRECT);
}

static void test_failed(void **state)
{
    (void)state;
    struct scene s = scene_begun(true);
    s.now_us += 100 * US_PER_MS;
    direct(&s, DIRECT_FAILED, WAY_RELAY); /* why wait */
    rest(&s);
    direct(&s, DIRECT_WORKS, WAY_DIRECT);
}

/* The signal server comes late, goes, and comes back. */
static void test_relay_comes_and_goes(void **state)
{
    (void)state;
    struct scene s = scene_begun(false);
    s.now_us += 3 * US_PER_S;
    relay(&s, true, WAY_RELAY);
    relay(&s, false, WAY_NONE);
    rest(&s);
    relay(&s, true, WAY_RELAY);
    direct(&s, DIRECT_WORKS, WAY_DIRECT);
    relay(&s, false, WAY_DIRECT);
    direct(&s, DIRECT_SILENT, WAY_DIRECT);
    relay(&s, true, WAY_RELAY);
}

/* An outage after a calm time: there and back at once. */
static void test_outage(void **state)
{
    (void)state;
    struct scene s = scene_begun(true);
    direct(&s, DIRECT_WORKS, WAY_DIRECT);
    s.now_us += 60 * US_PER_S;
    direct(&s, DIRECT_SILENT, WAY_RELAY);
    s.now_us += 20 * US_PER_S;
    direct(&s, DIRECT_LOST, WAY_RELAY);
    rest(&s);
    direct(&s, DIRECT_WORKS, WAY_DIRECT);
}

/* A way that comes and goes is trusted less each time. */
static void test_flapping(void **state)
{
    (void)state;
    static const unsigned holds_s[] = {0, 1, 2, 4, 8, 16, 30, 30};
    struct scene s = scene_begun(true);
    for (size_t i = 0; i < sizeof holds_s / sizeof *holds_s; i++) {
        if (holds_s[i] == 0) {
            direct(&s, DIRECT_WORKS, WAY_DIRECT);
        } else {
            direct(&s, DIRECT_WORKS, WAY_RELAY);
            wait_for(&s, holds_s[i] * US_PER_S, WAY_DIRECT);
        }
        s.now_us += 4 * US_PER_S;
        direct(&s, DIRECT_SILENT, WAY_RELAY);
        s.now_us += US_PER_S;
    }
    /* Held back, and silent again: it counts from when it works anew. */
    direct(&s, DIRECT_WORKS, WAY_RELAY);
    s.now_us += 20 * US_PER_S;
    direct(&s, DIRECT_SILENT, WAY_RELAY);
    direct(&s, DIRECT_WORKS, WAY_RELAY);
    wait_for(&s, 30 * US_PER_S, WAY_DIRECT);
    /* After a calm time it is as good as new. */
    s.now_us += CHOICE_CALM_US + 1;
    direct(&s, DIRECT_SILENT, WAY_RELAY);
    direct(&s, DIRECT_WORKS, WAY_DIRECT);
}

/* The other side has noticed first, and uses the relay. */
static void test_followed(void **state)
{
    (void)state;
    struct scene s = scene_begun(true);
    direct(&s, DIRECT_WORKS, WAY_DIRECT);
    s.now_us += 60 * US_PER_S;
    path_choice_on_relayed(&s.choice, true, s.now_us);
    expect(&s, WAY_DIRECT);
    s.now_us += CHOICE_FOLLOW_US - 1;
    path_choice_on_relayed(&s.choice, false, s.now_us);
    expect(&s, WAY_DIRECT);
    s.now_us++;
    path_choice_on_relayed(&s.choice, false, s.now_us);
    expect(&s, WAY_RELAY);
    /* It was right ... */
    struct scene other = s;
    direct(&other, DIRECT_SILENT, WAY_RELAY);
    rest(&other);
    /* ... or not. */
    wait_for(&s, CHOICE_FOLLOW_MOST_US, WAY_DIRECT);
    rest(&s);
}

/* What is on its way when both leave the relay makes nobody return. */
static void test_not_followed(void **state)
{
    (void)state;
    struct scene s = scene_begun(true);
    wait_for(&s, CHOICE_RELAY_US, WAY_RELAY);
    direct(&s, DIRECT_WORKS, WAY_DIRECT);
    for (int i = 0; i < 100; i++) {
        path_choice_on_relayed(&s.choice, i % 10 == 0, s.now_us);
        expect(&s, WAY_DIRECT);
        s.now_us += CHOICE_FOLLOW_US / 20;
    }
    rest(&s);
}

/* Held back, but the relay goes: better than none. */
static void test_held_back(void **state)
{
    (void)state;
    struct scene s = scene_begun(true);
    direct(&s, DIRECT_WORKS, WAY_DIRECT);
    direct(&s, DIRECT_SILENT, WAY_RELAY);
    direct(&s, DIRECT_WORKS, WAY_RELAY);
    relay(&s, false, WAY_DIRECT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_direct),       cmocka_unit_test(test_relay_until_direct),
        cmocka_unit_test(test_before),       cmocka_unit_test(test_no_relay),
        cmocka_unit_test(test_failed),       cmocka_unit_test(test_relay_comes_and_goes),
        cmocka_unit_test(test_outage),       cmocka_unit_test(test_flapping),
        cmocka_unit_test(test_held_back),    cmocka_unit_test(test_followed),
        cmocka_unit_test(test_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
