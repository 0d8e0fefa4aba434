/*
 * A handshake of which something is lost: by chance, by its size, or all.
 */
#include "dtls_pair.h"

#include <stdlib.h>

#include "rtc/dtls_record.h"

/* Each datagram of the handshake lost in turn, alone, on either side. */
static void test_survives_each_lost_datagram(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        for (unsigned lost = 0; lost < 8; lost++) {
            void *fresh;
            pair_setup(&fresh);
            struct pair *pair = fresh;
            pair->ends[side].out.drop_mask = 1u << lost;
            uint64_t begin_us = fake_now_us;
            start(pair);
            run(pair);
            assert_connected(pair);
            assert_true(fake_now_us - begin_us < 2 * US_PER_S);
            assert_int_equal(dtls_send(pair->ends[1 - side].dtls, SPAN_LITERAL("ping")), 0);
            run(pair);
            assert_int_equal(pair->ends[side].received, 1);
            pair_teardown(&fresh);
        }
    }
}

static void test_survives_heavy_loss(void **state)
{
    struct pair *pair = *state;
    for (int i = 0; i < 2; i++)
        pair->ends[i].out.loss_per_mille = 300;
    start(pair);
    run(pair);
    assert_connected(pair);
}

/* What is lost by its size comes again in smaller pieces, whoever's it is. */
static void test_goes_through_small_paths(void **state)
{
    struct pair *pair = *state;
    uint64_t begin_us = fake_now_us;
    for (int i = 0; i < 2; i++)
        pair->ends[i].out.mtu = DTLS_MTU_LEAST;
    start(pair);
    run(pair);
    assert_connected(pair);
    /* Or nothing was lost, and this shows nothing. */
    assert_true(pair->ends[1].out.largest > DTLS_MTU_LEAST);
    assert_true(fake_now_us - begin_us < US_PER_S);
}

/* Where it is known from the start, nothing is lost. */
static void test_keeps_to_the_limit(void **state)
{
    struct pair *pair = *state;
    uint64_t begin_us = fake_now_us;
    make_engines(pair);
    for (int i = 0; i < 2; i++) {
        pair->ends[i].out.mtu = 600;
        dtls_limit_datagrams(pair->ends[i].dtls, 600);
        dtls_start(pair->ends[i].dtls, fake_now_us);
    }
    run(pair);
    assert_connected(pair);
    assert_in_range(pair->ends[1].out.largest, DTLS_MTU_LEAST - 100, 600);
    assert_true(fake_now_us - begin_us < 100 * US_PER_MS);
}

/* A datagram for each record, but for one. */
static void feed_records(struct dtls *to, struct span datagram, int lost)
{
    struct dtls_record record;
    for (int i = 0; dtls_record_take(&datagram, &record) == 0; i++) {
        if (i != lost)
            dtls_feed(to, record.whole, fake_now_us);
    }
}

/* werift sends the very bytes again, record numbers and all. What was of no
 * use the first time (ChangeCipherSpec ahead of its time) must count then. */
static void test_flight_comes_again_as_it_was(void **state)
{
    (void)state;
    for (int lost = 0; lost < 5; lost++) {
        void *fresh;
        pair_setup(&fresh);
        struct pair *pair = fresh;
        start(pair);
        uint64_t begin_us = fake_now_us;
        struct dtls *server = pair->ends[1].dtls;
        while (wire_next_us(&pair->ends[0].out) == TIME_NEVER || pair->ends[1].out.sent == 0)
            assert_true(step(pair));
        fake_now_us += US_PER_MS;
        struct wire_packet *flight = wire_pop(&pair->ends[0].out, fake_now_us);
        assert_non_null(flight);
        feed_records(server, span_of(flight->data, flight->len), lost);
        assert_false(pair->ends[1].is_connected);
        feed_records(server, span_of(flight->data, flight->len), -1);
        assert_true(pair->ends[1].is_connected);
        free(flight);
        run(pair);
        assert_connected(pair);
        assert_true(fake_now_us - begin_us < 100 * US_PER_MS); /* nobody's time was up */
        pair_teardown(&fresh);
    }
}

static void test_gives_up_on_silence(void **state)
{
    struct pair *pair = *state;
    pair->ends[0].out.loss_per_mille = 1000;
    uint64_t begin_us = fake_now_us;
    start(pair);
    run(pair);
    assert_true(pair->ends[0].is_closed);
    assert_true(pair->ends[0].error < 0);
    assert_in_range(fake_now_us - begin_us, 10 * US_PER_S, 40 * US_PER_S);
    assert_true(dtls_deadline_us(pair->ends[0].dtls) == TIME_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_survives_each_lost_datagram),
        cmocka_unit_test_setup_teardown(test_survives_heavy_loss, pair_setup, pair_teardown),
        cmocka_unit_test_setup_teardown(test_goes_through_small_paths, pair_setup, pair_teardown),
        cmocka_unit_test_setup_teardown(test_keeps_to_the_limit, pair_setup, pair_teardown),
        cmocka_unit_test(test_flight_comes_again_as_it_was),
        cmocka_unit_test_setup_teardown(test_gives_up_on_silence, pair_setup, pair_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
