/*
 * When a loop rests: behind turns with nothing but events that could have
 * waited, where there are many of them.
 */
#include "net/net_testing.h"

#include <unistd.h>

#include "net/loop_internal.h"
#include "net/respite.h"

#define BEGIN_US (10 * US_PER_S)

static struct respite respite;

/* A turn with so many events, of which the first so many could have waited. */
static uint64_t turn(unsigned events, unsigned patient, uint64_t at_us)
{
    for (unsigned i = 0; i < events; i++) {
        respite_on_event(&respite);
        if (i < patient)
            respite_on_patience(&respite);
    }
    return respite_end_turn(&respite, at_us);
}

static void begin(void)
{
    respite = (struct respite){0};
}

static void now_and_then_is_no_crowd(void **state)
{
    (void)state;
    begin();
    for (uint64_t i = 0; i < 10; i++)
        assert_int_equal(turn(1, 1, BEGIN_US + i * 3 * RESPITE_US), 0);
    assert_int_equal(turn(0, 0, BEGIN_US), 0); /* a timer's turn */
}

static void a_crowd_is_waited_for(void **state)
{
    (void)state;
    begin();
    assert_int_equal(turn(2, 2, BEGIN_US), RESPITE_US);
    begin();
    assert_int_equal(turn(1, 1, BEGIN_US), 0);
    assert_int_equal(turn(1, 1, BEGIN_US + RESPITE_US), RESPITE_US);
    assert_int_equal(turn(1, 1, BEGIN_US + 3 * RESPITE_US), RESPITE_US); /* behind its rest */
    assert_int_equal(turn(1, 1, BEGIN_US + 6 * RESPITE_US), 0);          /* the last ones */
}

static void whoever_cannot_wait_is_not_kept_waiting(void **state)
{
    (void)state;
    begin();
    assert_int_equal(turn(100, 100, BEGIN_US), RESPITE_US);
    assert_int_equal(turn(100, 99, BEGIN_US + RESPITE_US), 0);
    assert_int_equal(turn(1, 1, BEGIN_US + 2 * RESPITE_US), 0); /* not at once again */
}

static void an_event_counts_once(void **state)
{
    (void)state;
    begin();
    respite_on_event(&respite);
    respite_on_patience(&respite);
    respite_on_patience(&respite); /* two answers in one read */
    respite_on_event(&respite);    /* and something else */
    assert_int_equal(respite_end_turn(&respite, BEGIN_US), 0);
}

/* Where a turn brings nothing but what can wait, the next is a rest away. */
enum { RESTS = 5 };

struct crowd {
    struct loop *loop;
    int fds[2][2];
    int taken;
    bool is_done;
};

static void on_patient(int events, void *arg)
{
    struct crowd *crowd = arg;
    (void)events; /* readable it stays */
    loop_can_wait(crowd->loop);
    crowd->is_done = ++crowd->taken >= 2 * (RESTS + 1);
}

static void a_loop_rests(void **state)
{
    (void)state;
    struct crowd crowd = {.loop = loop_new()};
    struct fd_watch *watches[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pipe(crowd.fds[i]), 0);
        assert_int_equal(write(crowd.fds[i][1], "x", 1), 1);
        watches[i] = fd_watch_new(crowd.loop, crowd.fds[i][0], FD_READABLE, on_patient, &crowd);
    }
    uint64_t begin_us = clock_now_us();
    run_until(crowd.loop, &crowd.is_done);
    assert_true(clock_now_us() - begin_us >= RESTS * RESPITE_US);
    for (int i = 0; i < 2; i++) {
        fd_watch_free(watches[i]);
        close(crowd.fds[i][0]);
        close(crowd.fds[i][1]);
    }
    loop_free(crowd.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(now_and_then_is_no_crowd),
        cmocka_unit_test(a_crowd_is_waited_for),
        cmocka_unit_test(whoever_cannot_wait_is_not_kept_waiting),
        cmocka_unit_test(an_event_counts_once),
        cmocka_unit_test(a_loop_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
