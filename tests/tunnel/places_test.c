/*
 * The line at the upstream: who is served when, by a clock that the test moves.
 */
#include "testing.h"

#include <stdlib.h>

#include "base/clock.h"
#include "tunnel/places.h"

#define PATIENCE_US (10 * US_PER_S)

enum { PLACES_MAX = 64 };

struct scene {
    struct places all;
    struct places_user users[3];
    struct place places[PLACES_MAX];
    int count;
    uint64_t now_us;
};

static void begin(struct scene *s, size_t most)
{
    *s = (struct scene){.now_us = US_PER_S};
    places_init(&s->all, most, PATIENCE_US);
    for (size_t i = 0; i < sizeof s->users / sizeof *s->users; i++)
        places_user_init(&s->users[i]);
}

/* A request of that user; its number. */
static int ask(struct scene *s, int user)
{
    int number = s->count++;
    places_take(&s->all, &s->places[number], &s->users[user], s->now_us);
    return number;
}

/* The number of the one whose turn it is, or -1. */
static int next(struct scene *s)
{
    struct place *place = places_next(&s->all);
    return place ? (int)(place - s->places) : -1;
}

static int user_of(const struct scene *s, int number)
{
    return (int)(s->places[number].user - s->users);
}

static void end(struct scene *s)
{
    for (int i = 0; i < s->count; i++)
        places_leave(&s->places[i]);
    assert_int_equal(s->all.taken, 0);
    assert_int_equal(s->all.waiting, 0);
    assert_true(places_deadline_us(&s->all) == TIME_NEVER);
}

static void test_as_many_as_there_are(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, 2);
    ask(&s, 0);
    ask(&s, 1);
    int third = ask(&s, 2);
    assert_int_equal(s.places[1].state, PLACE_TAKEN);
    assert_int_equal(s.places[third].state, PLACE_WAITING);
    assert_int_equal(next(&s), -1);
    places_leave(&s.places[0]);
    assert_true(places_deadline_us(&s.all) == 0);
    assert_int_equal(next(&s), third);
    assert_int_equal(next(&s), -1);
    end(&s);
}

static void test_first_come_first_served(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, 1);
    int served = ask(&s, 0);
    for (int i = 0; i < 5; i++)
        ask(&s, 0);
    for (int i = 1; i <= 5; i++) {
        places_leave(&s.places[served]);
        served = next(&s);
        assert_int_equal(served, i);
    }
    end(&s);
}

/* A free place that somebody waits for is not taken by who comes last. */
static void test_nobody_overtakes(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, 1);
    ask(&s, 0);
    int waiting = ask(&s, 0);
    places_leave(&s.places[0]);
    int late = ask(&s, 1);
    assert_int_equal(s.places[late].state, PLACE_WAITING);
    places_next(&s.all);
    (void)waiting;
    end(&s);
}

/* Twenty requests of one user are in line before one of another comes. */
static void test_users_take_turns(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, 1);
    int served = ask(&s, 0);
    for (int i = 0; i < 20; i++)
        ask(&s, 0);
    for (int i = 0; i < 3; i++)
        ask(&s, 1);
    int turns[2] = {0};
    for (int i = 0; i < 6; i++) {
        places_leave(&s.places[served]);
        served = next(&s);
        turns[user_of(&s, served)]++;
    }
    assert_int_equal(turns[0], 3);
    assert_int_equal(turns[1], 3);
    end(&s);
}

/* Who has fewer places is served first, until both have as many. */
static void test_fewest_first(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, 6);
    for (int i = 0; i < 10; i++)
        ask(&s, 0); /* has all six, which take long */
    for (int i = 0; i < 10; i++)
        ask(&s, 1);
    for (int i = 0; i < 3; i++) {
        places_leave(&s.places[i]);
        assert_int_equal(user_of(&s, next(&s)), 1);
    }
    assert_int_equal(s.users[0].taken, 3);
    assert_int_equal(s.users[1].taken, 3);
    end(&s);
}

static void test_gives_up(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, 1);
    ask(&s, 0);
    int gone = ask(&s, 1);
    int other = ask(&s, 2);
    places_leave(&s.places[gone]);
    places_leave(&s.places[gone]); /* no matter */
    places_leave(&s.places[0]);
    assert_int_equal(next(&s), other);
    assert_int_equal(next(&s), -1);
    end(&s);
}

static void test_patience(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, 1);
    ask(&s, 0);
    assert_true(places_deadline_us(&s.all) == TIME_NEVER);
    uint64_t since_us = s.now_us;
    int first = ask(&s, 1);
    s.now_us += US_PER_S;
    int second = ask(&s, 1);
    assert_true(places_deadline_us(&s.all) == since_us + PATIENCE_US);
    s.now_us = since_us + PATIENCE_US - 1;
    assert_null(places_expired(&s.all, s.now_us));
    s.now_us++;
    assert_ptr_equal(places_expired(&s.all, s.now_us), &s.places[first]);
    assert_int_equal(s.places[first].state, PLACE_FREE);
    assert_null(places_expired(&s.all, s.now_us));
    places_leave(&s.places[0]);
    assert_int_equal(next(&s), second);
    end(&s);
}

/* Requests come and go at random: never more places than there are, none free
 * while somebody waits, and in the end nobody was forgotten. */
static void test_at_random(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 200; seed++) {
        struct scene s;
        begin(&s, 1 + seed % 5);
        srand(seed);
        while (s.count < PLACES_MAX) {
            if (rand() % 3 > 0)
                ask(&s, rand() % 3);
            else if (s.count > 0)
                places_leave(&s.places[rand() % s.count]);
            while (next(&s) >= 0)
                ;
            assert_true(s.all.taken <= s.all.most);
            assert_true(s.all.waiting == 0 || s.all.taken == s.all.most);
            assert_int_equal(s.users[0].taken + s.users[1].taken + s.users[2].taken, s.all.taken);
        }
        end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_many_as_there_are),
        cmocka_unit_test(test_first_come_first_served),
        cmocka_unit_test(test_nobody_overtakes),
        cmocka_unit_test(test_users_take_turns),
        cmocka_unit_test(test_fewest_first),
        cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
