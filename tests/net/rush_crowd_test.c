/*
 * Many sessions over one line, by chance: loads, windows that close and open,
 * ends. Nobody is forgotten, nobody waits too long, and the line comes to rest.
 */
#include "testing.h"

#include <string.h>

#include "net/rush.h"

enum {
    CROWD = 12,
    SEEDS = 40,
    TURNS = 3000,
    TURN_US_LEAST = 100,
    /* A burst at its longest, and the turn in which its end is seen. */
    BURST_TURNS = RUSH_BURST_US_MAX / TURN_US_LEAST + 1,
    LOAD = 24 << 20,
    QUEUE = 512 << 10
};

struct crowd;

/* As a peer: what its owner has in all, of which some is queued. */
struct session {
    struct rush_place place;
    struct crowd *crowd;
    size_t has;
    size_t queued;
    size_t window;
    size_t opens; /* the window, by so much in a turn */
    size_t sent;
    size_t given;
    unsigned waited; /* turns since it came */
    unsigned most_waited;
    bool is_closed;
    bool was_called;
};

struct crowd {
    struct rush rush;
    uint64_t now_us;
    uint32_t random;
    unsigned calls;
    size_t sent; /* by all */
    struct session all[CROWD];
};

static uint32_t below(struct crowd *c, uint32_t bound)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 17;
    c->random ^= c->random << 5;
    return c->random % bound;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t send_some(void *arg, size_t most)
{
    struct session *s = arg;
    s->was_called = true;
    s->crowd->calls++;
    if (s->is_closed)
        return 0;
    size_t bytes = least(least(most, s->queued), s->window);
    s->queued -= bytes;
    s->window -= bytes;
    s->sent += bytes;
    s->crowd->sent += bytes;
    if (bytes >= most)
        rush_come(&s->crowd->rush, &s->place);
    else if (s->queued > 0)
        rush_hold(&s->place);
    return bytes;
}

static void crowd_init(struct crowd *c, uint32_t seed)
{
    memset(c, 0, sizeof *c);
    c->random = seed * 2654435761U + 1;
    rush_init(&c->rush);
    for (size_t i = 0; i < CROWD; i++) {
        struct session *s = &c->all[i];
        s->crowd = c;
        s->opens = SIZE_MAX;
        rush_place_init(&s->place, send_some, s);
    }
}

/* What its owner does in a turn, if there is anything: it queues more, a window
 * opens. Then it comes, as long as it is able to send. */
static void do_work(struct session *s)
{
    size_t more = least(s->has, QUEUE - least(s->queued, QUEUE));
    s->has -= more;
    s->queued += more;
    if (s->queued > 0 && s->window > 0 && !s->is_closed)
        rush_come(&s->crowd->rush, &s->place);
}

/* A turn's chances: more to send, another window, an end. */
static void happen(struct session *s)
{
    static const size_t windows[] = {0, 1200, 64 << 10, SIZE_MAX};
    struct crowd *c = s->crowd;
    if (below(c, 100) == 0) {
        s->given += LOAD;
        s->has += LOAD;
    }
    if (below(c, 100) == 0)
        s->opens = windows[below(c, 4)];
    s->window = s->opens;
    if (below(c, 5000) == 0)
        s->is_closed = true; /* in line until it is asked */
    if (below(c, 2000) == 0) {
        rush_leave(&c->rush, &s->place); /* freed, and another one begins */
        s->has = s->queued = s->given = s->sent = s->waited = 0;
        s->is_closed = false;
    }
}

static void check_counts(const struct crowd *c)
{
    unsigned count = 0, ready = 0;
    for (size_t i = 0; i < CROWD; i++) {
        count += c->all[i].place.where != RUSH_OUTSIDE;
        ready += c->all[i].place.has_come;
    }
    assert_int_equal(c->rush.count, count);
    assert_int_equal(c->rush.ready, ready);
    assert_int_equal(rush_is_ready(&c->rush), ready > 0);
}

/* Who is told that it is first is called; a turn does not end while somebody
 * waits who was not asked, unless another one has sent. */
static void end_turn(struct crowd *c)
{
    bool is_first[CROWD];
    unsigned calls = c->calls;
    size_t sent = c->sent;
    bool was_ready = rush_is_ready(&c->rush);
    for (size_t i = 0; i < CROWD; i++) {
        struct session *s = &c->all[i];
        is_first[i] = s->place.has_come && rush_is_next(&c->rush, &s->place);
        s->was_called = false;
    }
    rush_end_turn(&c->rush, c->now_us);
    assert_int_equal(c->calls > calls, was_ready);
    assert_true(c->sent > sent || !rush_is_ready(&c->rush));
    for (size_t i = 0; i < CROWD; i++) {
        struct session *s = &c->all[i];
        assert_true(s->was_called || !is_first[i]);
        s->waited = s->place.has_come && !s->was_called ? s->waited + 1 : 0;
        s->most_waited = s->waited > s->most_waited ? s->waited : s->most_waited;
    }
    check_counts(c);
    c->now_us += TURN_US_LEAST + below(c, 200);
}

/* All windows open: all goes, and then there is nobody to call. */
static void come_to_rest(struct crowd *c)
{
    bool has_more = true;
    for (size_t turns = 0; has_more; turns++) {
        assert_true(turns < CROWD * SEEDS * TURNS);
        has_more = false;
        for (size_t i = 0; i < CROWD; i++) {
            struct session *s = &c->all[i];
            s->window = SIZE_MAX;
            do_work(s);
            has_more |= !s->is_closed && s->queued > 0;
        }
        has_more |= rush_is_ready(&c->rush);
        end_turn(c);
    }
    end_turn(c);
    assert_false(rush_is_ready(&c->rush));
    assert_int_equal(c->rush.count, 0);
    for (size_t i = 0; i < CROWD; i++) {
        if (!c->all[i].is_closed)
            assert_int_equal(c->all[i].sent, c->all[i].given);
    }
}

static void test_nobody_is_forgotten(void **state)
{
    (void)state;
    unsigned most_waited = 0;
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        struct crowd c;
        crowd_init(&c, seed);
        for (int i = 0; i < TURNS; i++) {
            for (size_t k = 0; k < CROWD; k++) {
                happen(&c.all[k]);
                do_work(&c.all[k]);
            }
            end_turn(&c);
        }
        for (size_t k = 0; k < CROWD; k++) {
            unsigned waited = c.all[k].most_waited;
            most_waited = waited > most_waited ? waited : most_waited;
        }
        come_to_rest(&c);
    }
    /* All before it had a burst of their own, no more; and it did wait. */
    assert_in_range(most_waited, CROWD, (CROWD - 1) * BURST_TURNS);
}

/* A consumer behind 300 Mbit/s, whose pace allows some kilobytes a turn and
 * catches up with nothing, beside seven that take what the machine gives. */
static void test_who_is_paced_keeps_most_of_its_pace(void **state)
{
    enum { BUSY = 7, PACE = 12 << 10, MANY_TURNS = 10000 };
    (void)state;
    struct crowd c;
    crowd_init(&c, 1);
    for (int i = 0; i < MANY_TURNS; i++) {
        for (size_t k = 0; k <= BUSY; k++) {
            struct session *s = &c.all[k];
            s->has = LOAD;
            s->window = k < BUSY ? SIZE_MAX : PACE;
            do_work(s);
        }
        rush_end_turn(&c.rush, c.now_us);
        c.now_us += 300;
    }
    assert_in_range(c.all[BUSY].sent, MANY_TURNS / 5 * 4 * PACE, MANY_TURNS * PACE);
    for (size_t k = 1; k < BUSY; k++)
        assert_in_range(c.all[k].sent, c.all[0].sent / 20 * 19, c.all[0].sent / 20 * 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_paced_keeps_most_of_its_pace),
        cmocka_unit_test(test_nobody_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
