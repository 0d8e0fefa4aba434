/*
 * Data that is there, or leaves, before the handshake is over.
 */
#include "dtls_pair.h"

/* The server's Finished is lost and its first data is not: the client keeps
 * the data until the handshake is done. */
static void test_early_data_is_kept(void **state)
{
    struct pair *pair = *state;
    pair->ends[1].greeting = SPAN_LITERAL("hello");
    make_engines(pair);
    dtls_start(pair->ends[0].dtls, fake_now_us);
    while (!pair->ends[1].is_connected)
        assert_true(step(pair));
    /* In flight now: Finished, then the greeting. Swap them. */
    struct list *flight = &pair->ends[1].out.flight;
    struct list *finished = list_first(flight);
    list_remove(finished);
    list_append(flight, finished);
    assert_false(pair->ends[0].is_connected);
    run(pair);
    assert_connected(pair);
    assert_int_equal(pair->ends[0].received, 1);
    assert_memory_equal(pair->ends[0].last, "hello", 5);
}

/* The client's data comes right behind its Finished: a round trip earlier. */
static void test_client_sends_early(void **state)
{
    struct pair *pair = *state;
    pair->ends[0].greeting = SPAN_LITERAL("hello");
    for (int i = 0; i < 2; i++)
        pair->ends[i].is_eager = true; /* of a server that changes nothing */
    start(pair);
    while (pair->ends[1].received == 0)
        assert_true(step(pair));
    assert_false(pair->ends[0].is_connected);
    assert_memory_equal(pair->ends[1].last, "hello", 5);
    run(pair);
    assert_connected(pair);
    assert_int_equal(pair->ends[1].received, 1);
}

/* Its numbers go on behind a Finished that has to be sent again, and the data
 * waits for that at the server. */
static void test_early_sender_loses_each_datagram(void **state)
{
    (void)state;
    for (unsigned lost = 0; lost < 14; lost++) {
        void *fresh;
        pair_setup(&fresh);
        struct pair *pair = fresh;
        pair->ends[0].greeting = SPAN_LITERAL("hello");
        pair->ends[0].is_eager = true;
        pair->ends[lost % 2].out.drop_mask = 1u << lost / 2;
        start(pair);
        run(pair);
        assert_connected(pair);
        pair->ends[lost % 2].out.drop_mask = 0;
        for (int i = 0; i < 2; i++)
            assert_int_equal(dtls_send(pair->ends[i].dtls, SPAN_LITERAL("ping")), 0);
        run(pair);
        bool is_greeting = lost % 2 == 0 && lost / 2 == pair->ends[0].greeting_at;
        assert_int_equal(pair->ends[1].received, is_greeting ? 1 : 2);
        assert_int_equal(pair->ends[0].received, 1);
        pair_teardown(&fresh);
    }
}

/* Somebody in between has the server choose another suite: what is sent early
 * is for the server alone, who does not take it, and neither is ever
 * connected. */
static void test_early_sender_is_tampered_with(void **state)
{
    static const uint8_t suite[] = {0xc0, 0x2b}, other[] = {0xc0, 0x2c};
    struct pair *pair = *state;
    pair->ends[0].greeting = pair->ends[1].greeting = SPAN_LITERAL("hello");
    pair->ends[0].is_eager = true;
    make_engines(pair);
    dtls_start(pair->ends[0].dtls, fake_now_us);
    struct wire_packet *hello =
        LIST_ENTRY(list_first(&pair->ends[0].out.flight), struct wire_packet, link);
    uint8_t *at = memmem(hello->data, hello->len, suite, sizeof suite);
    assert_non_null(at);
    memcpy(at, other, sizeof other);
    run(pair);
    assert_true(pair->ends[0].was_early);
    for (int i = 0; i < 2; i++) {
        assert_false(pair->ends[i].is_connected);
        assert_true(pair->ends[i].is_closed);
        assert_int_equal(pair->ends[i].received, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_early_data_is_kept, pair_setup, pair_teardown),
        cmocka_unit_test_setup_teardown(test_client_sends_early, pair_setup, pair_teardown),
        cmocka_unit_test(test_early_sender_loses_each_datagram),
        cmocka_unit_test_setup_teardown(test_early_sender_is_tampered_with, pair_setup,
                                        pair_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
