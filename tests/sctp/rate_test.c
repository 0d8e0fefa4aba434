/*
 * The delivery rate, on paths whose rate is known.
 */
#include "testing.h"

#include "base/clock.h"
#include "sctp/rate.h"

enum { COUNT = 64, WIRE = 1000, RTT_US = 20000 };

/* Sends chunks a millisecond apart, 1 MB/s, and starts with none in flight. */
static void send_train(struct rate *r, struct sent_chunk *chunks, uint64_t begin_us)
{
    for (uint32_t i = 0; i < COUNT; i++) {
        chunks[i] = (struct sent_chunk){.wire = WIRE, .sent_us = begin_us + i * US_PER_MS};
        rate_on_sent(r, &chunks[i], chunks[i].sent_us, i * WIRE);
    }
}

static struct rate_sample ack(struct rate *r, const struct sent_chunk *chunks, size_t count,
                              uint64_t now_us)
{
    struct rate_gather g = {0};
    for (size_t i = 0; i < count; i++)
        rate_on_acked(r, &g, &chunks[i], now_us);
    return rate_finish(r, &g, RTT_US);
}

static void measures_a_steady_flow(void **state)
{
    (void)state;
    struct rate r = {0};
    struct sent_chunk flow[400];
    /* Twenty in flight; each acknowledgement lets one more leave. */
    for (uint32_t i = 0; i < 400; i++) {
        uint64_t now_us = US_PER_S + i * US_PER_MS;
        struct rate_sample s = {0};
        if (i >= 20)
            s = ack(&r, &flow[i - 20], 1, now_us);
        if (i >= 60)
            assert_in_range(s.bytes_per_s, 990000, 1010000);
        flow[i] = (struct sent_chunk){.wire = WIRE, .sent_us = now_us};
        rate_on_sent(&r, &flow[i], now_us, (i < 20 ? i : 19) * WIRE);
    }
    assert_int_equal(r.delivered, 380 * WIRE);
}

/* Acknowledgements that were held back and come at once say nothing about how
 * fast data arrived: they cannot beat the rate of sending. */
static void is_not_fooled_by_a_clump(void **state)
{
    (void)state;
    struct rate r = {0};
    struct sent_chunk chunks[COUNT];
    send_train(&r, chunks, US_PER_S);
    uint64_t now_us = US_PER_S + COUNT * US_PER_MS + RTT_US;
    struct rate_sample s = ack(&r, chunks, COUNT, now_us);
    assert_true(s.bytes_per_s > 0 && s.bytes_per_s <= 1000 * WIRE);
    assert_int_equal(s.delivered, COUNT * WIRE);
}

/* Sent in one burst, acknowledged a millisecond apart: the path's rate. */
static void is_not_fooled_by_a_burst(void **state)
{
    (void)state;
    struct rate r = {0};
    struct sent_chunk chunks[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        chunks[i] = (struct sent_chunk){.wire = WIRE, .sent_us = US_PER_S};
        rate_on_sent(&r, &chunks[i], US_PER_S, i * WIRE);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        struct rate_sample s = ack(&r, &chunks[i], 1, US_PER_S + RTT_US + i * US_PER_MS);
        assert_true(s.bytes_per_s <= 1000 * WIRE);
    }
}

static void too_short_is_no_sample(void **state)
{
    (void)state;
    struct rate r = {0};
    struct sent_chunk chunks[COUNT];
    send_train(&r, chunks, US_PER_S);
    struct rate_sample s = ack(&r, chunks, 1, US_PER_S + RTT_US - 1);
    assert_int_equal(s.bytes_per_s, 0);
    assert_int_equal(s.delivered, WIRE);
    struct rate_gather none = {0};
    assert_int_equal(rate_finish(&r, &none, RTT_US).delivered, 0);
}

/* Until what was in flight then is delivered, samples are marked. */
static void tells_when_the_application_had_no_more(void **state)
{
    (void)state;
    struct rate r = {0};
    struct sent_chunk before = {.wire = WIRE, .sent_us = US_PER_S};
    rate_on_sent(&r, &before, US_PER_S, 0);
    rate_set_app_limited(&r, WIRE);
    struct sent_chunk during = {.wire = WIRE, .sent_us = US_PER_S};
    rate_on_sent(&r, &during, US_PER_S, WIRE);
    assert_false(ack(&r, &before, 1, US_PER_S + RTT_US).is_app_limited);
    assert_true(ack(&r, &during, 1, US_PER_S + 2 * RTT_US).is_app_limited);
    struct sent_chunk after = {.wire = WIRE, .sent_us = 2 * US_PER_S};
    rate_on_sent(&r, &after, 2 * US_PER_S, 0);
    assert_false(after.mark.is_app_limited);
    rate_set_app_limited(&r, WIRE);
    rate_clear_app_limited(&r);
    rate_on_sent(&r, &after, 2 * US_PER_S, WIRE);
    assert_false(after.mark.is_app_limited);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_a_steady_flow),
        cmocka_unit_test(is_not_fooled_by_a_clump),
        cmocka_unit_test(is_not_fooled_by_a_burst),
        cmocka_unit_test(too_short_is_no_sample),
        cmocka_unit_test(tells_when_the_application_had_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
