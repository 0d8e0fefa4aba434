/*
 * Whose turn it is, and what becomes of a message until it is released.
 */
#include "testing.h"

#include "sctp/sendq.h"

enum { STREAMS = 100, FRAGMENT = 1000 };

static uint8_t bytes[100000];

static void add(struct sendq *q, uint16_t stream, size_t len)
{
    struct sctp_outgoing out = {.stream = stream, .body = {bytes, len}};
    sendq_add(q, &out, 0);
}

/* Takes the next fragment; returns its stream, or -1 when there is none. */
static int take(struct sendq *q)
{
    struct sctp_message *m = sendq_peek(q);
    if (!m)
        return -1;
    size_t rest = m->len - m->sent;
    int stream = m->stream;
    sendq_take(q, m, rest < FRAGMENT ? rest : FRAGMENT);
    sendq_release(q, m); /* as if acknowledged at once */
    return stream;
}

static struct sendq *sendq_new(bool interleaved)
{
    static struct sendq q;
    sendq_init(&q, STREAMS);
    q.interleaved = interleaved;
    q.quantum = FRAGMENT;
    return &q;
}

static void shares_by_priority(void **state)
{
    (void)state;
    struct sendq *q = sendq_new(true);
    sendq_set_priority(q, 1, 128);
    sendq_set_priority(q, 2, 512);
    for (uint16_t stream = 0; stream < 3; stream++)
        add(q, stream, 100000);
    unsigned got[3] = {0};
    for (int i = 0; i < 140; i++)
        got[take(q)]++;
    assert_in_range(got[0], 38, 42); /* of 140, as 2 : 1 : 4 */
    assert_in_range(got[1], 18, 22);
    assert_in_range(got[2], 78, 82);
    sendq_deinit(q);
}

/* Of a message that has begun to leave somebody may hear. */
static void counts_what_has_not_left(void **state)
{
    (void)state;
    struct sendq *q = sendq_new(true);
    const struct sctp_outgoing other = {.stream = 3, .ppid = 1, .body = {bytes, 1}};
    assert_int_equal(sendq_stream_unsent(q, 3, 0), 0);
    for (int i = 0; i < 3; i++)
        add(q, 3, 2 * FRAGMENT);
    sendq_add(q, &other, 0);
    assert_int_equal(sendq_stream_unsent(q, 3, 0), 3);
    take(q);
    assert_int_equal(sendq_stream_unsent(q, 3, 0), 2);
    take(q);
    assert_int_equal(sendq_stream_unsent(q, 3, 0), 2);
    assert_int_equal(sendq_stream_unsent(q, 3, 1), 1);
    assert_int_equal(sendq_stream_unsent(q, 4, 0), 0);
    sendq_deinit(q);
}

/* A stream that just became busy goes before those that are, for one turn. */
static void fresh_goes_first_once(void **state)
{
    (void)state;
    struct sendq *q = sendq_new(true);
    add(q, 5, 50000);
    add(q, 6, 50000);
    for (int i = 0; i < 10; i++)
        take(q);
    add(q, 7, 10 * FRAGMENT);
    assert_int_equal(take(q), 7);
    unsigned sevens = 0;
    for (int i = 0; i < 9; i++)
        sevens += take(q) == 7;
    assert_in_range(sevens, 2, 4); /* then a third */
    sendq_deinit(q);
}

/* What a stream does not need of that turn is for its next messages: tokens
 * wait for nothing. Nor do they starve others, however many they are. */
static void small_ones_go_first_for_a_turn(void **state)
{
    enum { TOKEN = 100, TOKENS = 500 };
    (void)state;
    struct sendq *q = sendq_new(true);
    for (size_t len = 0; len < TOKENS * FRAGMENT; len += sizeof bytes)
        add(q, 5, sizeof bytes);
    assert_int_equal(take(q), 5);
    for (size_t sent = 0; sent < q->quantum; sent += TOKEN) {
        add(q, 7, TOKEN);
        assert_int_equal(take(q), 7);
    }
    add(q, 7, TOKEN);
    assert_int_equal(take(q), 5);
    size_t tokens = 0, bulk = 0;
    for (int i = 0; i < TOKENS; i++) {
        add(q, 7, TOKEN);
        if (take(q) == 7)
            tokens += TOKEN;
        else
            bulk += FRAGMENT;
    }
    assert_in_range(tokens, bulk / 2, 2 * bulk);
    sendq_deinit(q);
}

/* The fragments of DATA have consecutive TSNs: the message is finished. */
static void data_is_not_interleaved(void **state)
{
    (void)state;
    struct sendq *q = sendq_new(false);
    add(q, 1, 5 * FRAGMENT);
    assert_int_equal(take(q), 1);
    add(q, 2, 10);
    for (int i = 0; i < 4; i++)
        assert_int_equal(take(q), 1);
    assert_int_equal(take(q), 2);
    assert_int_equal(take(q), -1);
    sendq_deinit(q);
}

static uint32_t mid_of_next(struct sendq *q, uint16_t stream, bool unordered)
{
    struct sctp_outgoing out = {.stream = stream, .unordered = unordered, .body = {bytes, 10}};
    sendq_add(q, &out, 0);
    struct sctp_message *m = sendq_peek(q);
    sendq_take(q, m, 10);
    uint32_t mid = m->mid;
    sendq_release(q, m);
    return mid;
}

static void counts_messages_by_stream_and_order(void **state)
{
    (void)state;
    struct sendq *q = sendq_new(true);
    assert_int_equal(mid_of_next(q, 1, false), 0);
    assert_int_equal(mid_of_next(q, 1, false), 1);
    assert_int_equal(mid_of_next(q, 1, true), 0); /* a count of their own */
    assert_int_equal(mid_of_next(q, 2, false), 0);
    sendq_restart_stream(q, 1);
    assert_int_equal(mid_of_next(q, 1, false), 0);
    sendq_deinit(q);
}

static void holds_a_message_until_it_is_released(void **state)
{
    (void)state;
    struct sendq *q = sendq_new(true);
    add(q, 1, 3 * FRAGMENT);
    size_t memory = sendq_memory(q);
    struct sctp_message *m = sendq_peek(q);
    sendq_take(q, m, FRAGMENT);
    assert_int_equal(q->queued, 2 * FRAGMENT);
    sendq_abandon(q, m); /* the rest is not sent; the fragment is in flight */
    assert_int_equal(q->queued, 0);
    assert_int_equal(q->charged, 0);
    assert_null(sendq_peek(q));
    assert_int_equal(sendq_memory(q), memory);
    sendq_release(q, m);
    assert_true(sendq_memory(q) + 3 * FRAGMENT < memory);
    sendq_deinit(q);
}

static void drops_streams_that_the_peer_has_not(void **state)
{
    (void)state;
    struct sendq *q = sendq_new(true);
    add(q, 3, 10);
    add(q, 70, 10);
    add(q, 99, 10);
    sendq_limit_streams(q, 70);
    assert_true(sendq_stream_is_empty(q, 70) && sendq_stream_is_empty(q, 99));
    assert_int_equal(take(q), 3);
    assert_int_equal(take(q), -1);
    sendq_deinit(q);
}

static void takes_in_what_leaves_soon(void **state)
{
    (void)state;
    assert_int_equal(sendq_limit(0), 16 << 10);
    assert_int_equal(sendq_limit(20000000), 100000); /* 5 ms of it */
    assert_int_equal(sendq_limit(UINT64_C(1) << 40), 16 * (63 << 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_by_priority),
        cmocka_unit_test(counts_what_has_not_left),
        cmocka_unit_test(fresh_goes_first_once),
        cmocka_unit_test(small_ones_go_first_for_a_turn),
        cmocka_unit_test(data_is_not_interleaved),
        cmocka_unit_test(counts_messages_by_stream_and_order),
        cmocka_unit_test(holds_a_message_until_it_is_released),
        cmocka_unit_test(drops_streams_that_the_peer_has_not),
        cmocka_unit_test(takes_in_what_leaves_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
