/*
 * Stories of the shaper on a clock that the test moves: who gets how much, what
 * is dropped, and that nobody pays for somebody else.
 */
#include "testing.h"

#include "signal/shaper.h"

enum { MEMBERS = 24, PACKET = 1000, RATE = 1000000 /* one packet a millisecond */ };

struct scene {
    struct shaper *shaper;
    struct shaper_end ends[MEMBERS];
    size_t got[MEMBERS]; /* bytes that came to each */
    uint64_t now_us;
    uint64_t sent_at_us; /* of what came last to member 1 */
    uint64_t longest_us; /* that anything to it has taken */
};

/* A datagram tells when it was sent. */
static void on_send(struct shaper_end *to, struct span bytes, void *arg)
{
    struct scene *s = arg;
    size_t index = (size_t)(to - s->ends);
    uint64_t sent_us;
    memcpy(&sent_us, bytes.data, sizeof sent_us);
    s->got[index] += bytes.len;
    if (index != 1)
        return;
    s->sent_at_us = sent_us;
    if (s->now_us - sent_us > s->longest_us)
        s->longest_us = s->now_us - sent_us;
}

static struct scene *scene_new(uint64_t rate, uint64_t total_rate)
{
    static struct scene s;
    const struct shaper_config config = {rate, total_rate};
    s = (struct scene){.now_us = US_PER_S};
    s.shaper = shaper_new(&config, on_send, &s);
    for (size_t i = 0; i < MEMBERS; i++)
        shaper_end_init(&s.ends[i]);
    return &s;
}

static void scene_free(struct scene *s)
{
    for (size_t i = 0; i < MEMBERS; i++)
        shaper_leave(s->shaper, &s->ends[i]);
    shaper_free(s->shaper);
}

/* Members 2i and 2i + 1 share room i, unless the test says otherwise. */
static void send_in(struct scene *s, size_t room, size_t from, size_t to, size_t len)
{
    uint8_t bytes[PACKET] = {0};
    memcpy(bytes, &s->now_us, sizeof s->now_us);
    shaper_offer(s->shaper, &s->got[room], &s->ends[from], &s->ends[to], span_of(bytes, len), len,
                 s->now_us);
}

static void send(struct scene *s, size_t from, size_t to, size_t len)
{
    send_in(s, from / 2, from, to, len);
}

/* A millisecond. */
static void tick(struct scene *s)
{
    s->now_us += US_PER_MS;
    if (shaper_deadline_us(s->shaper) <= s->now_us)
        shaper_run(s->shaper, s->now_us);
}

static void drain(struct scene *s)
{
    for (int i = 0; i < 300; i++)
        tick(s);
}

static void test_at_once(void **state)
{
    (void)state;
    struct scene *s = scene_new(RATE, 10 * RATE);
    send(s, 0, 1, PACKET);
    assert_int_equal(s->got[1], PACKET);
    assert_true(shaper_deadline_us(s->shaper) == TIME_NEVER);
    scene_free(s);
}

/* Two fill what there is for all. Who comes then has its part, of which they
 * lose as much with what they offer next; a flood is bounded all the same. */
static void test_its_part(void **state)
{
    (void)state;
    enum { OF_ONE = RATE / 5, OF_ALL = 2 * OF_ONE };
    struct scene *s = scene_new(RATE, 2 * RATE);
    for (size_t to = 1; to < MEMBERS; to += 2)
        shaper_set_blocked(s->shaper, &s->ends[to], true);
    for (int i = 0; i < 400; i++) {
        send(s, 0, 1, PACKET);
        send(s, 2, 3, PACKET);
    }
    assert_in_range(s->ends[0].queued, OF_ONE - PACKET, OF_ONE);
    for (int i = 0; i < 50; i++)
        send(s, 4, 5, PACKET);
    assert_int_equal(s->ends[4].dropped, 0);
    uint64_t dropped = s->ends[0].dropped;
    send(s, 0, 1, PACKET);
    assert_true(s->ends[0].dropped > dropped);
    size_t all = 0;
    for (int i = 0; i < 400; i++) {
        for (size_t from = 4; from < MEMBERS; from += 2)
            send(s, from, from + 1, PACKET);
    }
    for (size_t from = 0; from < MEMBERS; from += 2)
        all += s->ends[from].queued;
    assert_in_range(all, OF_ALL, 2 * OF_ALL);
    scene_free(s);
}

/* A large one is not let in for a small one that goes. */
static void test_small_and_large(void **state)
{
    (void)state;
    struct scene *s = scene_new(RATE, 10 * RATE);
    shaper_set_blocked(s->shaper, &s->ends[1], true);
    for (int i = 0; i < 3000; i++)
        send(s, 0, 1, PACKET / 10);
    for (int i = 0; i < 3000; i++)
        send(s, 0, 1, PACKET);
    assert_in_range(s->ends[0].queued, RATE / 5 - PACKET, RATE / 5);
    scene_free(s);
}

static void test_rate(void **state)
{
    (void)state;
    struct scene *s = scene_new(RATE, 10 * RATE);
    for (int ms = 0; ms < 2000; ms++) {
        send(s, 0, 1, PACKET);
        send(s, 0, 1, PACKET);
        tick(s);
    }
    assert_in_range(s->got[1], 2000 * PACKET, 2006 * PACKET);
    assert_in_range(s->longest_us, 90 * US_PER_MS, 200 * US_PER_MS); /* the oldest are dropped */
    assert_in_range(s->ends[0].dropped, 1780, 1800);
    drain(s);
    assert_in_range(s->got[1], 2190 * PACKET, 2206 * PACKET); /* the queue is 200 ms */
    assert_true(shaper_deadline_us(s->shaper) == TIME_NEVER);
    scene_free(s);
}

/* A late timer costs no rate, and rest is not saved up. */
static void test_burst(void **state)
{
    (void)state;
    struct scene *s = scene_new(RATE, 10 * RATE);
    s->now_us += 60 * US_PER_S;
    for (int i = 0; i < 100; i++)
        send(s, 0, 1, PACKET);
    assert_int_equal(s->got[1], 6 * PACKET); /* 5 ms, and the one with which they are over */
    for (int i = 0; i < 5; i++)
        s->now_us += US_PER_MS;
    shaper_run(s->shaper, s->now_us);
    assert_in_range(s->got[1], 10 * PACKET, 12 * PACKET);
    scene_free(s);
}

/* Ten rooms of bulk share what there is, and a few small ones pass them. */
static void test_rooms(void **state)
{
    (void)state;
    struct scene *s = scene_new(10 * RATE, 2 * RATE);
    for (int ms = 0; ms < 3000; ms++) {
        for (size_t room = 1; room <= 10; room++) {
            for (int i = 0; i < 3; i++)
                send(s, 2 * room, 2 * room + 1, PACKET);
        }
        if (ms % 20 == 0)
            send(s, 0, 1, 100);
        tick(s);
    }
    assert_int_equal(s->got[1], 150 * 100);
    assert_in_range(s->longest_us, 0, 12 * US_PER_MS); /* two turns of all */
    for (size_t room = 1; room <= 10; room++)
        assert_in_range(s->got[2 * room + 1], 590 * PACKET, 610 * PACKET);
    scene_free(s);
}

/* Who sends a datagram at a time, and the next when that has gone, has no more
 * than those whose datagrams wait. */
static void test_one_at_a_time(void **state)
{
    (void)state;
    struct scene *s = scene_new(10 * RATE, RATE);
    for (int ms = 0; ms < 3000; ms++) {
        if (s->ends[0].queued == 0)
            send(s, 0, 1, PACKET);
        for (size_t room = 1; room <= 2; room++)
            send(s, 2 * room, 2 * room + 1, PACKET);
        tick(s);
    }
    assert_in_range(s->got[1], 500 * PACKET, 1010 * PACKET);
    assert_in_range(s->got[3], 990 * PACKET, 1250 * PACKET);
    assert_in_range(s->got[5], 990 * PACKET, 1250 * PACKET);
    scene_free(s);
}

/* A room has one share, however many are in it. */
static void test_full_room(void **state)
{
    (void)state;
    struct scene *s = scene_new(10 * RATE, 2 * RATE);
    for (int ms = 0; ms < 2000; ms++) {
        send(s, 0, 1, PACKET);
        send(s, 0, 1, PACKET);
        for (size_t from = 2; from < 12; from++)
            send_in(s, 1, from, from + 10, PACKET);
        tick(s);
    }
    assert_in_range(s->got[1], 1980 * PACKET, 2020 * PACKET);
    for (size_t from = 2; from < 12; from++)
        assert_in_range(s->got[from + 10], 190 * PACKET, 210 * PACKET);
    scene_free(s);
}

/* A provider's own rate is shared by those to whom it sends, and who wants
 * little waits for nobody. */
static void test_one_sender(void **state)
{
    (void)state;
    struct scene *s = scene_new(RATE, 10 * RATE);
    for (int ms = 0; ms < 2000; ms++) {
        for (int i = 0; i < 2; i++) {
            send_in(s, 0, 0, 2, PACKET);
            send_in(s, 0, 0, 3, PACKET);
        }
        if (ms % 20 == 0)
            send_in(s, 0, 0, 1, 100);
        tick(s);
    }
    assert_int_equal(s->got[1], 100 * 100);
    assert_in_range(s->longest_us, 0, 4 * US_PER_MS);
    assert_in_range(s->got[2], 980 * PACKET, 1010 * PACKET);
    assert_in_range(s->got[3], 980 * PACKET, 1010 * PACKET);
    scene_free(s);
}

/* Who takes nothing holds up what is for it, and that not for long. */
static void test_blocked(void **state)
{
    (void)state;
    struct scene *s = scene_new(RATE, 10 * RATE);
    shaper_set_blocked(s->shaper, &s->ends[2], true);
    for (int ms = 0; ms < 100; ms++) {
        send_in(s, 0, 0, 2, PACKET / 2);
        send_in(s, 0, 0, 1, PACKET / 2);
        tick(s);
    }
    assert_int_equal(s->got[1], 100 * PACKET / 2);
    assert_int_equal(s->got[2], 0);
    shaper_set_blocked(s->shaper, &s->ends[2], false);
    tick(s);
    assert_in_range(s->got[2], 1, 10 * PACKET);
    shaper_set_blocked(s->shaper, &s->ends[2], true);
    size_t got = s->got[2];
    drain(s);
    assert_int_equal(s->got[2], got);
    assert_int_equal(s->ends[0].queued, 0);
    assert_true(shaper_deadline_us(s->shaper) == TIME_NEVER);
    scene_free(s);
}

/* What all may have in memory follows from what all may send: who has most of
 * it pays, and not who has little. */
static void test_memory(void **state)
{
    (void)state;
    struct scene *s = scene_new(100 * RATE, RATE);
    for (int i = 0; i < 10; i++)
        send(s, 0, 1, PACKET);
    for (int i = 0; i < 1000; i++) {
        for (size_t room = 1; room <= 10; room++)
            send(s, 2 * room, 2 * room + 1, PACKET);
    }
    size_t queued = 0;
    for (size_t i = 0; i < MEMBERS; i++)
        queued += s->ends[i].queued;
    assert_int_equal(queued, 200 * PACKET);
    assert_int_equal(s->ends[0].dropped, 0);
    drain(s);
    assert_int_equal(s->got[1], 10 * PACKET);
    scene_free(s);
}

/* What waits from and to one who leaves goes with it. */
static void test_leave(void **state)
{
    (void)state;
    struct scene *s = scene_new(RATE, 10 * RATE);
    for (int i = 0; i < 20; i++) {
        send_in(s, 0, 0, 1, PACKET);
        send_in(s, 0, 0, 2, PACKET);
        send_in(s, 0, 1, 0, PACKET);
    }
    shaper_leave(s->shaper, &s->ends[1]);
    size_t got[] = {s->got[0], s->got[1]};
    drain(s);
    assert_int_equal(s->got[0], got[0]);
    assert_int_equal(s->got[1], got[1]);
    assert_int_equal(s->got[2], 20 * PACKET);
    shaper_leave(s->shaper, &s->ends[0]);
    scene_free(s);
}

/* Who follows what it loses is read from all the time; who floods is not, and
 * may go on soon after. */
static void test_pause(void **state)
{
    (void)state;
    struct scene *s = scene_new(RATE, 10 * RATE);
    for (int ms = 0; ms < 5000; ms++) {
        send(s, 0, 1, PACKET);
        if (ms % 5 == 0)
            send(s, 0, 1, PACKET);
        tick(s);
        assert_int_equal(shaper_pause_us(&s->ends[0], s->now_us), 0);
    }
    assert_in_range(s->ends[0].dropped, 700, 900);
    for (int i = 0; i < 500; i++)
        send(s, 0, 1, PACKET);
    assert_in_range(shaper_pause_us(&s->ends[0], s->now_us), 190 * US_PER_MS, 210 * US_PER_MS);
    for (int i = 0; i < 50000; i++)
        send(s, 0, 1, PACKET);
    assert_int_equal(shaper_pause_us(&s->ends[0], s->now_us), SHAPER_PAUSE_US);
    assert_int_equal(shaper_pause_us(&s->ends[0], s->now_us + SHAPER_PAUSE_US), 0);
    scene_free(s);
}

/* The more send, the less is anybody's share, whatever its own rate is. */
static void test_pause_in_a_crowd(void **state)
{
    (void)state;
    struct scene *s = scene_new(10 * RATE, RATE);
    for (int ms = 0; ms < 1000; ms++) {
        send(s, 0, 1, PACKET);
        tick(s);
    }
    assert_int_equal(shaper_pause_us(&s->ends[0], s->now_us), 0);
    for (int ms = 0; ms < 1000; ms++) {
        for (size_t from = 0; from < MEMBERS; from += 2)
            send(s, from, from + 1, PACKET);
        tick(s);
    }
    for (size_t from = 0; from < MEMBERS; from += 2)
        assert_in_range(shaper_pause_us(&s->ends[from], s->now_us), SHAPER_PAUSE_US / 2,
                        SHAPER_PAUSE_US);
    scene_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_its_part),      cmocka_unit_test(test_small_and_large),
        cmocka_unit_test(test_at_once),       cmocka_unit_test(test_rate),
        cmocka_unit_test(test_burst),         cmocka_unit_test(test_rooms),
        cmocka_unit_test(test_one_at_a_time), cmocka_unit_test(test_full_room),
        cmocka_unit_test(test_one_sender),    cmocka_unit_test(test_blocked),
        cmocka_unit_test(test_memory),        cmocka_unit_test(test_leave),
        cmocka_unit_test(test_pause),         cmocka_unit_test(test_pause_in_a_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
