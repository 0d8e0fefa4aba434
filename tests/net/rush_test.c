/*
 * Who sends in which turn, where several have much to send.
 */
#include "testing.h"

#include <string.h>

#include "net/rush.h"

enum { MANY = 64, PIECE = 128 << 10 };

struct crowd;

/* Sends a piece of what it may, and has more as long as there is some. */
struct sender {
    struct rush_place place;
    struct crowd *crowd;
    size_t has; /* SIZE_MAX: endlessly much */
    size_t piece;
    size_t sent;
    size_t most; /* as it was told last */
    bool leaves; /* when it is called */
};

struct crowd {
    struct rush rush;
    uint64_t now_us;
    struct sender senders[MANY];
    int last; /* who was called; -1: nobody */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t send_piece(void *arg, size_t most)
{
    struct sender *s = arg;
    struct rush *rush = &s->crowd->rush;
    s->crowd->last = (int)(s - s->crowd->senders);
    s->most = most;
    if (s->leaves) {
        rush_leave(rush, &s->place);
        return 0;
    }
    size_t bytes = least(least(most, s->piece), s->has);
    s->sent += bytes;
    s->has -= s->has == SIZE_MAX ? 0 : bytes;
    if (s->has > 0 && bytes > 0)
        rush_come(rush, &s->place);
    else if (s->has > 0)
        rush_hold(&s->place);
    return bytes;
}

/* The first so many have endlessly much. */
static void crowd_init(struct crowd *c, size_t count)
{
    memset(c, 0, sizeof *c);
    rush_init(&c->rush);
    for (size_t i = 0; i < MANY; i++) {
        struct sender *s = &c->senders[i];
        rush_place_init(&s->place, send_piece, s);
        s->crowd = c;
        s->piece = PIECE;
        if (i < count) {
            s->has = SIZE_MAX;
            rush_come(&c->rush, &s->place);
        }
    }
}

/* Who was called last in it. */
static int turn(struct crowd *c)
{
    c->last = -1;
    rush_end_turn(&c->rush, c->now_us);
    return c->last;
}

/* Turns until another one is called; who that is. */
static int next_burst(struct crowd *c, int of)
{
    int now;
    while ((now = turn(c)) == of)
        ;
    return now;
}

static void test_alone(void **state)
{
    struct crowd c;
    (void)state;
    crowd_init(&c, 1);
    assert_true(rush_is_alone(&c.rush, &c.senders[0].place));
    assert_true(rush_is_alone(&c.rush, &c.senders[0].place));
    for (int i = 0; i < 100; i++) {
        assert_int_equal(turn(&c), 0);
        assert_int_equal(c.senders[0].most, SIZE_MAX);
        c.now_us += RUSH_BURST_US_MAX;
    }
    assert_int_equal(c.senders[0].sent, 100 * PIECE);
    rush_come(&c.rush, &c.senders[1].place);
    assert_false(rush_is_alone(&c.rush, &c.senders[0].place));
    assert_false(rush_is_alone(&c.rush, &c.senders[2].place));
}

/* One a turn, which is a piece, to the end of its burst. */
static void test_all_have_the_same(void **state)
{
    (void)state;
    for (size_t count = 2; count <= MANY; count++) {
        struct crowd c;
        crowd_init(&c, count);
        for (size_t i = 0; i < count; i++) {
            size_t bytes = 0;
            while (c.senders[i].sent < RUSH_ROUND_BYTES / MANY && turn(&c) == (int)i) {
                assert_in_range(c.senders[i].sent - bytes, 1, PIECE);
                bytes = c.senders[i].sent;
            }
            while (c.senders[i].place.left > 0)
                assert_int_equal(turn(&c), (int)i);
        }
        for (size_t i = 0; i < count; i++)
            assert_int_equal(c.senders[i].sent, c.senders[0].sent);
        /* A call of UDP that is not full wakes up the other end as well. */
        assert_int_equal(c.senders[0].sent % RUSH_BURST_LEAST, 0);
        assert_in_range(count * c.senders[0].sent, RUSH_ROUND_BYTES / 8, RUSH_ROUND_BYTES);
        assert_int_equal(turn(&c), 0);
    }
}

/* A machine on which all of it takes longer has shorter bursts: the first piece
 * that is not begun in time is the last. */
static void test_a_burst_ends_in_time(void **state)
{
    struct crowd c;
    (void)state;
    crowd_init(&c, 8);
    for (int i = 0; i < 20; i++) {
        int who = i % 8;
        uint64_t since_us = c.now_us;
        assert_int_equal(turn(&c), who);
        while ((c.now_us += 500) <= since_us + RUSH_BURST_US_MAX)
            assert_int_equal(turn(&c), who);
    }
    crowd_init(&c, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(turn(&c), i);
        c.now_us += RUSH_ROUND_US / MANY;
        assert_int_equal(turn(&c), i);
    }
}

/* A piece comes with each turn of the loop, or it is the next one's turn. */
static void test_who_has_no_more_leaves(void **state)
{
    struct crowd c;
    (void)state;
    crowd_init(&c, 3);
    c.senders[0].has = PIECE;
    assert_int_equal(turn(&c), 0);
    assert_true(rush_is_next(&c.rush, &c.senders[0].place));
    c.senders[0].has = PIECE;
    rush_come(&c.rush, &c.senders[0].place);
    assert_int_equal(turn(&c), 0);
    assert_int_equal(turn(&c), 1);
    assert_true(rush_is_next(&c.rush, &c.senders[1].place));
    assert_int_equal(next_burst(&c, 1), 2);
    assert_int_equal(next_burst(&c, 2), 1);
}

/* In the same turn: the windows of who is first may be closed. */
static void test_who_can_send_nothing_holds_up_nobody(void **state)
{
    struct crowd c;
    (void)state;
    crowd_init(&c, 3);
    c.senders[0].piece = c.senders[1].piece = 0;
    assert_int_equal(turn(&c), 2);
    assert_int_equal(c.senders[2].sent, PIECE);
    assert_true(rush_is_alone(&c.rush, &c.senders[2].place));
    c.senders[2].piece = 0;
    assert_int_equal(turn(&c), 2);
    assert_int_equal(turn(&c), -1);
}

/* Beside whoever is first, with what is left of its burst; then in line. */
static void test_who_is_held_up_comes_back_beside(void **state)
{
    struct crowd c;
    (void)state;
    crowd_init(&c, 3);
    struct sender *held = &c.senders[0];
    assert_int_equal(turn(&c), 0);
    held->piece = 0;
    assert_int_equal(turn(&c), 1);
    assert_int_equal(held->place.left, RUSH_BURST_MAX - PIECE);
    held->piece = PIECE;
    for (size_t sent = PIECE; sent < RUSH_BURST_MAX; sent += PIECE) {
        size_t by_first = c.senders[1].sent;
        held->has = PIECE;
        rush_come(&c.rush, &held->place);
        assert_true(rush_is_next(&c.rush, &held->place));
        assert_false(rush_is_alone(&c.rush, &held->place));
        assert_int_not_equal(turn(&c), 0);
        assert_int_equal(held->sent, sent + least(PIECE, RUSH_BURST_MAX - sent));
        assert_true(c.senders[1].sent > by_first || c.senders[2].sent > 0);
    }
    assert_int_equal(held->sent, RUSH_BURST_MAX);
    held->has = SIZE_MAX;
    rush_come(&c.rush, &held->place);
    assert_false(rush_is_next(&c.rush, &held->place));
    rush_leave(&c.rush, &held->place);
    assert_int_equal(held->place.left, 0);
}

static void test_there_is_somebody_to_call(void **state)
{
    struct crowd c;
    (void)state;
    crowd_init(&c, 0);
    assert_false(rush_is_ready(&c.rush));
    assert_int_equal(turn(&c), -1);
    for (size_t i = 0; i < 2; i++) {
        c.senders[i].has = PIECE;
        rush_come(&c.rush, &c.senders[i].place);
        rush_come(&c.rush, &c.senders[i].place);
    }
    assert_int_equal(turn(&c), 0);
    assert_true(rush_is_ready(&c.rush));
    assert_int_equal(turn(&c), 1);
    assert_false(rush_is_ready(&c.rush));
    rush_come(&c.rush, &c.senders[0].place);
    assert_true(rush_is_ready(&c.rush));
    rush_leave(&c.rush, &c.senders[0].place);
    assert_false(rush_is_ready(&c.rush));
    rush_leave(&c.rush, &c.senders[0].place);
    rush_leave(&c.rush, &c.senders[1].place);
    assert_true(rush_is_alone(&c.rush, &c.senders[0].place));
}

/* Its session ends under the call. */
static void test_who_leaves_when_called(void **state)
{
    struct crowd c;
    (void)state;
    crowd_init(&c, 3);
    c.senders[0].leaves = true;
    assert_int_equal(turn(&c), 1);
    assert_int_equal(next_burst(&c, 1), 2);
    assert_int_equal(next_burst(&c, 2), 1);
    c.senders[1].leaves = c.senders[2].leaves = true;
    turn(&c);
    assert_false(rush_is_ready(&c.rush));
    assert_int_equal(turn(&c), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_all_have_the_same),
        cmocka_unit_test(test_a_burst_ends_in_time),
        cmocka_unit_test(test_who_has_no_more_leaves),
        cmocka_unit_test(test_who_can_send_nothing_holds_up_nobody),
        cmocka_unit_test(test_who_is_held_up_comes_back_beside),
        cmocka_unit_test(test_there_is_somebody_to_call),
        cmocka_unit_test(test_who_leaves_when_called),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
