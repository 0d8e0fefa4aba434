/*
 * Who sends in which turn, where several have much to send.
 */
#include "testing.h"

#include <string.h>

#include "net/rush.h"

enum { MANY = 64 };

struct crowd {
    struct rush rush;
    struct rush_place places[MANY];
    size_t sent[MANY];
};

static void crowd_init(struct crowd *c)
{
    memset(c, 0, sizeof *c);
    rush_init(&c->rush);
}

/* All of them have endlessly much, and come from the last to the first. */
static size_t take_turn(struct crowd *c, size_t count)
{
    size_t together = 0;
    rush_begin_turn(&c->rush);
    for (size_t i = count; i-- > 0;) {
        size_t bytes = rush_take(&c->rush, &c->places[i]);
        c->sent[i] += bytes;
        together += bytes;
    }
    return together;
}

static void test_alone(void **state)
{
    struct crowd c;
    (void)state;
    crowd_init(&c);
    for (int turn = 0; turn < 3; turn++) {
        rush_begin_turn(&c.rush);
        assert_int_equal(rush_take(&c.rush, &c.places[0]), SIZE_MAX);
        assert_int_equal(rush_take(&c.rush, &c.places[0]), SIZE_MAX);
    }
}

/* Turns stay short, and in the end all have the same. */
static void test_all_have_their_turn(void **state)
{
    (void)state;
    for (size_t count = 2; count <= MANY; count++) {
        struct crowd c;
        crowd_init(&c);
        take_turn(&c, count); /* the first who came believed to be alone */
        memset(c.sent, 0, sizeof c.sent);
        for (size_t turn = 0; turn < count; turn++) {
            size_t together = take_turn(&c, count);
            assert_in_range(together, RUSH_TURN_BYTES / 2, RUSH_TURN_BYTES);
        }
        for (size_t i = 1; i < count; i++) {
            size_t most = c.sent[i] > c.sent[0] ? c.sent[i] : c.sent[0];
            size_t least = c.sent[i] < c.sent[0] ? c.sent[i] : c.sent[0];
            assert_true(most - least <= RUSH_BURST_MAX);
            assert_true(least > 0);
        }
    }
}

static void test_a_burst_is_as_large_as_a_round_allows(void **state)
{
    struct crowd c;
    (void)state;
    crowd_init(&c);
    take_turn(&c, 8);
    assert_int_equal(take_turn(&c, 8), RUSH_BURST_MAX);
    take_turn(&c, MANY);
    memset(c.sent, 0, sizeof c.sent);
    assert_int_equal(take_turn(&c, MANY), RUSH_TURN_BYTES);
    for (size_t i = 0; i < MANY; i++)
        assert_true(c.sent[i] == 0 || c.sent[i] == 2 * RUSH_BURST_LEAST);
}

/* A call of UDP that is not full wakes up the other end as well. */
static void test_a_burst_is_full_calls(void **state)
{
    (void)state;
    for (size_t count = 2; count <= MANY; count++) {
        struct crowd c;
        crowd_init(&c);
        take_turn(&c, count);
        memset(c.sent, 0, sizeof c.sent);
        take_turn(&c, count);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(c.sent[i] % RUSH_BURST_LEAST, 0);
    }
}

/* Once a turn, whoever asks twice. */
static void test_a_turn_is_taken_once(void **state)
{
    struct crowd c;
    (void)state;
    crowd_init(&c);
    take_turn(&c, 2);
    rush_begin_turn(&c.rush);
    assert_int_equal(rush_take(&c.rush, &c.places[1]), RUSH_BURST_MAX);
    assert_int_equal(rush_take(&c.rush, &c.places[1]), 0);
    assert_int_equal(rush_take(&c.rush, &c.places[0]), 0);
    rush_begin_turn(&c.rush);
    assert_int_equal(rush_take(&c.rush, &c.places[1]), 0);
    assert_int_equal(rush_take(&c.rush, &c.places[0]), RUSH_BURST_MAX);
    assert_int_equal(rush_take(&c.rush, &c.places[0]), 0);
}

/* Who has nothing to send any more holds up nobody. */
static void test_who_does_not_come_leaves(void **state)
{
    struct crowd c;
    (void)state;
    crowd_init(&c);
    take_turn(&c, 3);
    rush_begin_turn(&c.rush);
    rush_take(&c.rush, &c.places[0]);
    rush_begin_turn(&c.rush);
    assert_int_equal(rush_take(&c.rush, &c.places[0]), SIZE_MAX);
    rush_take(&c.rush, &c.places[1]);
    rush_leave(&c.rush, &c.places[1]);
    rush_leave(&c.rush, &c.places[1]);
    assert_int_equal(rush_take(&c.rush, &c.places[0]), SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_all_have_their_turn),
        cmocka_unit_test(test_a_burst_is_as_large_as_a_round_allows),
        cmocka_unit_test(test_a_burst_is_full_calls),
        cmocka_unit_test(test_a_turn_is_taken_once),
        cmocka_unit_test(test_who_does_not_come_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
