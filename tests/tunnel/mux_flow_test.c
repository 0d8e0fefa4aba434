/*
 * Credit: who is held up by a slow reader, what that costs, and what a peer may
 * not do with it.
 */
#include "flow_path.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "net/conn.h"
#include "tunnel/frame.h"

static void test_one_download_fills_a_long_path(void **state)
{
    (void)state;
    struct world *world = world_new(200 * MBIT, 100 * US_PER_MS, FEATURE_FLOW);
    struct exchange *x = open_exchange(world, UNLIMITED);
    world_run(world, 1500 * US_PER_MS); /* the window grows */
    assert_share(received_in(world, x, 3 * US_PER_S), 200 * MBIT, 3 * US_PER_S, 97);
    /* And no further than it must. */
    x->client_rate = 0;
    world_run(world, 2 * US_PER_S);
    assert_true(x->held + x->kernel <= 4 * 200 * MBIT / 10);
    world_free(world);
}

static void test_slow_client_stops_itself_only(void **state)
{
    (void)state;
    struct world *world = world_new(200 * MBIT, 20 * US_PER_MS, FEATURE_FLOW);
    struct exchange *slow = open_exchange(world, 10000);
    struct exchange *stuck = open_exchange(world, 0);
    struct exchange *fast = open_exchange(world, UNLIMITED);
    world_run(world, US_PER_S);
    assert_share(received_in(world, fast, 10 * US_PER_S), 200 * MBIT, 10 * US_PER_S, 97);
    assert_int_equal(world->consumer.pauses, 0);
    /* What the sockets took at once may have looked fast, once. */
    assert_true(slow->most_held <= 2 * FIRST_WINDOW);
    assert_true(stuck->held <= 2 * FIRST_WINDOW);
    /* Their upstreams were not read ahead, either. */
    size_t ahead = MUX_STREAM_QUEUE_HIGH + CONN_READ_MAX;
    assert_true(stuck->read_from_upstream <= KERNEL_MOST + 2 * FIRST_WINDOW + ahead);
    assert_true(slow->read_from_upstream <= KERNEL_MOST + 2 * FIRST_WINDOW + ahead + 12 * 10000);
    /* The slow one gets its due. */
    assert_true(slow->received - slow->held - slow->kernel >= 10 * 10000);
    world_free(world);
}

static void test_a_thousand_slow_clients(void **state)
{
    (void)state;
    struct world *world = world_new(1000 * MBIT, 20 * US_PER_MS, FEATURE_FLOW);
    /* They come one after the other, and each looks fast for as long as its
     * socket takes all. */
    for (int i = 0; i < 1000; i++) {
        open_exchange(world, 10000)->kernel_most = 4 << 20;
        world_run(world, 50 * US_PER_MS);
    }
    struct exchange *fast = open_exchange(world, UNLIMITED);
    world_run(world, 4 * US_PER_S);
    assert_share(received_in(world, fast, 2 * US_PER_S), 1000 * MBIT, 2 * US_PER_S, 90);
    size_t held = 0;
    for (int i = 0; i < 1000; i++)
        held += world->exchanges[i].held;
    assert_true(held <= 1000u * FIRST_WINDOW + EXTRA_MAX);
    world_free(world);
}

static void test_windows_of_all_are_bounded(void **state)
{
    (void)state;
    enum { MANY = 30 };
    struct world *world = world_new(8000 * MBIT, 200 * US_PER_MS, FEATURE_FLOW);
    for (int i = 0; i < MANY; i++)
        open_exchange(world, UNLIMITED);
    world_run(world, 4 * US_PER_S);
    for (int i = 0; i < MANY; i++)
        world->exchanges[i].client_rate = 0;
    world_run(world, 2 * US_PER_S);
    size_t held = 0;
    for (int i = 0; i < MANY; i++) {
        held += world->exchanges[i].held;
        assert_true(world->exchanges[i].held <= WINDOW_MAX);
    }
    assert_true(held > EXTRA_MAX / 2);
    assert_true(held <= EXTRA_MAX + MANY * FIRST_WINDOW);
    world_free(world);
}

/* A window that a fast client had is given back when it turns slow. */
static void test_window_shrinks(void **state)
{
    (void)state;
    struct world *world = world_new(200 * MBIT, 100 * US_PER_MS, FEATURE_FLOW);
    struct exchange *x = open_exchange(world, UNLIMITED);
    world_run(world, 3 * US_PER_S);
    x->client_rate = 100000;
    world_run(world, 400 * US_PER_S);
    x->most_held = 0;
    world_run(world, 20 * US_PER_S);
    assert_true(x->most_held <= FIRST_WINDOW);
    world_free(world);
}

static void test_without_flow_the_channel_stops(void **state)
{
    (void)state;
    struct world *world = world_new(200 * MBIT, 20 * US_PER_MS, 0);
    open_exchange(world, 10000);
    world_run(world, US_PER_S);
    assert_true(world->consumer.pauses > 0);
    world_free(world);
}

/* --- what a peer may not do ----------------------------------------------- */

static void feed(struct end *end, uint8_t type, uint32_t id, const void *payload, size_t len)
{
    uint8_t *wire = xcalloc(FRAME_HEADER_LEN + len, 1);
    frame_encode_header(type, id, wire);
    if (len > 0)
        memcpy(wire + FRAME_HEADER_LEN, payload, len);
    mux_feed(end->mux, 0, span_of(wire, FRAME_HEADER_LEN + len), end->world->now_us);
    free(wire);
}

static void feed_window(struct end *end, uint32_t id, uint32_t increment)
{
    uint8_t payload[4];
    put_u32be(payload, increment);
    feed(end, FRAME_WINDOW, id, payload, sizeof payload);
}

static void test_more_than_was_granted(void **state)
{
    (void)state;
    static const uint8_t zeros[FRAME_BODY_MAX];
    struct world *world = world_new(200 * MBIT, 20 * US_PER_MS, FEATURE_FLOW);
    struct exchange *x = open_exchange(world, 0);
    world_run(world, US_PER_S);
    uint64_t granted = x->received;
    feed(&world->consumer, FRAME_RES_BODY, 1, zeros, 1);
    assert_string_equal(world->error, "5 a body is longer than was granted");
    assert_int_equal(x->received, granted);
    world_free(world);
}

static void test_windows_that_are_wrong(void **state)
{
    (void)state;
    static const uint8_t three[] = {0, 0, 1};
    struct world *world = world_new(200 * MBIT, 20 * US_PER_MS, FEATURE_FLOW);
    for (int i = 0; i < 4; i++)
        open_exchange(world, 0);
    world_run(world, US_PER_S);
    feed_window(&world->provider, 1, 0);
    assert_true(world->exchanges[0].is_broken);
    feed_window(&world->provider, 2, UINT32_C(1) << 31);
    assert_true(world->exchanges[1].is_broken);
    feed(&world->provider, FRAME_WINDOW, 3, three, sizeof three);
    assert_true(world->exchanges[2].is_broken);
    /* Up to 2^31 - 1 in all, and not one more. */
    world->provider.out.free_us = world->now_us + US_PER_S; /* nothing is sent meanwhile */
    feed_window(&world->provider, 4, INT32_MAX);
    assert_false(world->exchanges[3].is_broken);
    feed_window(&world->provider, 4, 1);
    assert_true(world->exchanges[3].is_broken);
    assert_string_equal(world->error, "5 a WINDOW is malformed or grants too much");
    world_free(world);
}

static void test_window_flood(void **state)
{
    (void)state;
    struct world *world = world_new(200 * MBIT, 20 * US_PER_MS, FEATURE_FLOW);
    struct exchange *x = open_exchange(world, 0);
    world_run(world, US_PER_S);
    size_t sent = world->provider.sent_messages;
    for (uint32_t i = 0; i < 100000; i++)
        feed_window(&world->provider, 2 + i, 1);
    assert_int_equal(world->provider.sent_messages, sent); /* nobody is answered */
    for (uint32_t i = 0; i < 1000; i++)
        feed_window(&world->provider, 1, 1);
    assert_false(x->is_broken);
    /* No more frames than were asked for, nor more bytes. */
    assert_true(world->provider.sent_messages <= sent + 1000);
    world_run(world, US_PER_S);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_download_fills_a_long_path),
        cmocka_unit_test(test_slow_client_stops_itself_only),
        cmocka_unit_test(test_a_thousand_slow_clients),
        cmocka_unit_test(test_windows_of_all_are_bounded),
        cmocka_unit_test(test_window_shrinks),
        cmocka_unit_test(test_without_flow_the_channel_stops),
        cmocka_unit_test(test_more_than_was_granted),
        cmocka_unit_test(test_windows_that_are_wrong),
        cmocka_unit_test(test_window_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
