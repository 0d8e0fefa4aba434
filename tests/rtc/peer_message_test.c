/*
 * Messages between two peers: bulk, sizes, further channels, and a reader who
 * pauses.
 */
#include "peer_scene.h"

#include <errno.h>

#include "base/clock.h"
#include "rtc/peer_internal.h"

static void test_ten_megabytes_both_ways(void **state)
{
    struct scene *scene = *state;
    for (int i = 0; i < 2; i++)
        scene->ends[i].to_send_bytes = 10 << 20;
    peer_offer(scene->ends[0].peer);
    run_until(scene, all_received);
    assert_same_digest(&scene->ends[0], &scene->ends[1]);
    assert_same_digest(&scene->ends[1], &scene->ends[0]);
    assert_true(scene->ends[0].writable > 0 && !dtls_end_repeats(scene->ends[0].peer->dtls));
}

static void test_sizes_of_messages(void **state)
{
    struct scene *scene = *state;
    struct end *from = &scene->ends[0];
    struct end *to = &scene->ends[1];
    static uint8_t bytes[PEER_MESSAGE_MAX + 1];
    assert_int_equal(peer_send(from->peer, 0, SPAN_LITERAL("x"), (struct span){0}), -ENOTCONN);
    connect_both(scene);
    assert_int_equal(peer_send(from->peer, 0, (struct span){0}, (struct span){0}), 0);
    assert_int_equal(peer_send(from->peer, 0, (struct span){0}, SPAN_LITERAL("x")), 0);
    assert_int_equal(peer_send(from->peer, 0, span_of(bytes, PEER_MESSAGE_MAX), (struct span){0}),
                     0);
    assert_int_equal(peer_send(from->peer, 0, span_of(bytes, 1), span_of(bytes, PEER_MESSAGE_MAX)),
                     -EMSGSIZE);
    from->to_send_bytes = from->sent_bytes =
        1 + PEER_MESSAGE_MAX; /* nothing is left for on_writable */
    run_until(scene, all_received);
    assert_int_equal(to->received, 3);
}

static bool has_all_channels(struct scene *scene)
{
    return scene->ends[0].received > PEER_CHANNELS_MAX &&
           scene->ends[1].received > PEER_CHANNELS_MAX;
}

/* What opening has to say leaves with the end of a turn. */
static void wait_idle(struct scene *scene)
{
    while (!peer_is_channel_idle(scene->ends[0].peer, 0) ||
           !peer_is_channel_idle(scene->ends[1].peer, 0))
        run_for(scene, 0);
}

/* Further channels need no OPEN: they are there with the first. */
static void test_further_channels(void **state)
{
    struct scene *scene = *state;
    connect_both(scene);
    wait_idle(scene);
    for (int i = 0; i < 2; i++) {
        for (unsigned channel = 0; channel <= PEER_CHANNELS_MAX; channel++) {
            assert_true(peer_is_channel_idle(scene->ends[i].peer, channel));
            assert_int_equal(peer_send(scene->ends[i].peer, channel, SPAN_LITERAL("x"),
                                       (struct span){0}),
                             0);
            assert_false(peer_is_channel_idle(scene->ends[i].peer, channel));
        }
    }
    run_until(scene, has_all_channels);
    for (int i = 0; i < 2; i++) {
        for (unsigned channel = 0; channel <= PEER_CHANNELS_MAX; channel++)
            assert_int_equal(scene->ends[i].by_channel[channel], 1);
    }
}

static void test_paused_reading_bounds_memory(void **state)
{
    struct scene *scene = *state;
    struct end *from = &scene->ends[0];
    struct end *to = &scene->ends[1];
    peer_set_reading(to->peer, false); /* also before it is open */
    from->to_send_bytes = 32 << 20;
    connect_both(scene);
    run_for(scene, 2 * US_PER_S);
    assert_int_equal(to->received, 0);
    assert_true(from->sent_bytes < 6 << 20);
    peer_set_reading(to->peer, true);
    run_until(scene, all_received);
    assert_same_digest(from, to);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_ten_megabytes_both_ways),
        TEST(test_sizes_of_messages),
        TEST(test_further_channels),
        TEST(test_paused_reading_bounds_memory),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
