/*
 * What the peer is told about its data, and when; and the window that it gets.
 */
#include "testing.h"

#include "base/bytes.h"
#include "sctp/receive.h"

enum { CUM = 1000, STREAMS = 4, PAYLOAD = 1000, WINDOW = 20000 };

struct scene {
    struct receive in;
    struct output out;
    struct sctp_arena arena;
    struct sctp_assoc_config config;
    uint8_t bytes[4096];
    uint8_t sack[2048]; /* that was written last */
    size_t sack_len;
    unsigned messages;
    uint64_t now_us;
    bool again; /* the SACK that was written last should be repeated */
};

static void on_packets(void *arg, const struct sctp_packet *packets, size_t count)
{
    struct scene *s = arg;
    assert_int_equal(count, 1);
    s->sack_len = packets->len - SCTP_HEADER_LEN;
    memcpy(s->sack, packets->data + SCTP_HEADER_LEN, s->sack_len);
}

static void on_message(void *arg, const struct sctp_message_info *info, struct span message)
{
    (void)info;
    (void)message;
    ((struct scene *)arg)->messages++;
}

static int setup(void **state)
{
    static struct scene scene;
    static const struct inbox_handlers inbox = {.on_message = on_message};
    static const struct sctp_assoc_handlers handlers = {.on_packets = on_packets};
    struct scene *s = &scene;
    *s = (struct scene){.arena = {.data = s->bytes, .len = sizeof s->bytes}};
    s->config = (struct sctp_assoc_config){
        .arena = &s->arena,
        .mtu = 1200,
        .max_message = 100000,
        .recv_window = WINDOW,
        .recv_window_max = 8 * WINDOW,
    };
    output_init(&s->out, &s->config, &handlers, s);
    receive_init(&s->in, &s->config, &inbox, s);
    receive_start(&s->in, CUM, STREAMS, true, 0);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    receive_deinit(&s->in);
    output_deinit(&s->out);
    return 0;
}

/* A packet with one message, which stands alone. */
static enum receive_verdict feed(struct scene *s, uint32_t tsn, uint8_t flags, size_t len)
{
    static const uint8_t payload[PAYLOAD];
    struct chunk_data d = {
        .tsn = tsn,
        .flags = DATA_BEGIN | DATA_END | DATA_UNORDERED | flags,
        .interleaved = true,
        .mid = tsn,
        .payload = {payload, len},
    };
    enum receive_verdict verdict = receive_data(&s->in, &d);
    receive_packet_end(&s->in, s->now_us);
    return verdict;
}

static struct chunk_sack sack(struct scene *s)
{
    struct chunk c;
    struct chunk_sack sack;
    s->again = receive_write_sack(&s->in, &s->out, s->now_us);
    output_close(&s->out);
    output_send(&s->out);
    struct span rest = span_of(s->sack, s->sack_len);
    assert_int_equal(chunk_next(&rest, &c), 1);
    assert_int_equal(chunk_sack_decode(&c, &sack), 0);
    return sack;
}

static void one_packet_waits_two_do_not(void **state)
{
    struct scene *s = *state;
    assert_false(receive_packet_end(&s->in, 0)); /* nothing but control chunks */
    assert_int_equal(feed(s, CUM + 1, 0, PAYLOAD), RECEIVE_TAKEN);
    assert_false(receive_wants_sack(&s->in));
    feed(s, CUM + 2, 0, PAYLOAD);
    assert_true(receive_wants_sack(&s->in));
    assert_int_equal(sack(s).cum_tsn, CUM + 2);
    assert_false(receive_wants_sack(&s->in));
    feed(s, CUM + 3, DATA_IMMEDIATE, PAYLOAD);
    assert_true(receive_wants_sack(&s->in));
    assert_int_equal(s->messages, 3);
}

static void holes_and_duplicates_are_told_at_once(void **state)
{
    struct scene *s = *state;
    feed(s, CUM + 2, 0, PAYLOAD);
    assert_true(receive_wants_sack(&s->in));
    feed(s, CUM + 5, 0, PAYLOAD);
    feed(s, CUM + 6, 0, PAYLOAD);
    assert_int_equal(feed(s, CUM + 5, 0, PAYLOAD), RECEIVE_IGNORED);
    struct chunk_sack told = sack(s);
    assert_int_equal(told.cum_tsn, CUM);
    assert_int_equal(told.gaps, 2);
    assert_int_equal(get_u32be(told.gap_bytes), 2 << 16 | 2);
    assert_int_equal(get_u32be(told.gap_bytes + 4), 5 << 16 | 6);
    assert_int_equal(told.duplicates, 1);
    assert_int_equal(get_u32be(told.duplicate_bytes), CUM + 5);
    assert_int_equal(sack(s).duplicates, 0); /* once */
    assert_int_equal(s->messages, 3);
}

/* Where packets are lost, acknowledgements are, too. */
static void told_twice_where_packets_are_lost(void **state)
{
    struct scene *s = *state;
    s->now_us = US_PER_S;
    feed(s, CUM + 1, 0, PAYLOAD);
    sack(s);
    assert_false(s->again); /* nothing was lost so far */
    feed(s, CUM + 3, 0, PAYLOAD);
    sack(s);
    assert_true(s->again);
    sack(s);
    assert_false(s->again); /* that was the second time */
    feed(s, CUM + 2, 0, PAYLOAD);
    feed(s, CUM + 2, 0, PAYLOAD);
    sack(s);
    assert_true(s->again);
    s->now_us += LOSSY_US;
    feed(s, CUM + 4, 0, PAYLOAD);
    sack(s);
    assert_false(s->again); /* that was long ago */
}

/* As many blocks and duplicates as fit: the packet keeps to the mtu. */
static void sack_keeps_to_its_caps(void **state)
{
    struct scene *s = *state;
    for (uint32_t n = 0; n < 700; n++) {
        feed(s, CUM + 2 + 2 * n, 0, 1);
        feed(s, CUM + 2 + 2 * n, 0, 1);
    }
    struct chunk_sack told = sack(s);
    assert_int_equal(told.duplicates, MAX_DUPLICATES);
    assert_in_range(told.gaps, 200, MAX_GAPS);
    assert_in_range(s->sack_len, 1000, 1200 - SCTP_HEADER_LEN);
}

static void verdicts(void **state)
{
    struct scene *s = *state;
    struct chunk_data d = {.tsn = CUM + 1,
                           .flags = DATA_BEGIN | DATA_END,
                           .payload = {s->bytes, 8}};
    assert_int_equal(receive_data(&s->in, &d), RECEIVE_VIOLATES); /* DATA where I-DATA is agreed */
    assert_int_equal(feed(s, CUM + 1, 0, 0), RECEIVE_EMPTY);
    assert_int_equal(feed(s, CUM + 2 + TSNMAP_MAX_AHEAD, 0, 8), RECEIVE_IGNORED);
    d.interleaved = true;
    d.stream = STREAMS;
    assert_int_equal(receive_data(&s->in, &d), RECEIVE_NO_STREAM);
    assert_int_equal(sack(s).cum_tsn, CUM + 1); /* but it came */
    assert_int_equal(s->messages, 0);
}

static void forward_skips(void **state)
{
    struct scene *s = *state;
    uint8_t bytes[4];
    put_u32be(bytes, CUM + 3);
    struct chunk c = {.type = CHUNK_FORWARD_TSN, .value = {bytes, 4}};
    assert_int_equal(receive_forward(&s->in, &c), RECEIVE_VIOLATES);
    c.type = CHUNK_I_FORWARD_TSN;
    feed(s, CUM + 4, 0, PAYLOAD);
    assert_int_equal(receive_forward(&s->in, &c), RECEIVE_TAKEN);
    assert_true(receive_wants_sack(&s->in));
    assert_int_equal(sack(s).cum_tsn, CUM + 4);
    c.value.len = 3;
    assert_int_equal(receive_forward(&s->in, &c), RECEIVE_VIOLATES);
}

/* Who does not read closes the window, down to nothing; reading opens it. */
static void window_follows_the_reader(void **state)
{
    struct scene *s = *state;
    inbox_set_reading(&s->in.reasm.inbox, false);
    uint32_t tsn = CUM;
    size_t left = WINDOW;
    while (feed(s, tsn + 1, 0, PAYLOAD) == RECEIVE_TAKEN) {
        tsn++;
        size_t told = sack(s).window;
        assert_true(told < left || told == 0);
        left = told;
    }
    assert_int_equal(left, 0);
    assert_in_range(tsn - CUM, WINDOW / PAYLOAD / 2, WINDOW / PAYLOAD);
    assert_true(receive_is_full(&s->in) || reasm_held(&s->in.reasm) > WINDOW - 2 * PAYLOAD);
    assert_true(receive_wants_sack(&s->in)); /* tells that it is closed */
    sack(s);
    assert_false(receive_window_opened(&s->in));
    inbox_set_reading(&s->in.reasm.inbox, true);
    assert_int_equal(s->messages, tsn - CUM);
    assert_true(receive_window_opened(&s->in));
    assert_int_equal(sack(s).window, WINDOW);
    assert_false(receive_window_opened(&s->in)); /* told */
}

static void window_grows_with_what_a_round_trip_brings(void **state)
{
    struct scene *s = *state;
    const uint64_t rtt_us = 50 * US_PER_MS;
    /* Less than half of it a round trip: it stays. */
    uint64_t now_us = US_PER_S;
    for (int i = 0; i < 20; i++, now_us += rtt_us)
        receive_measure(&s->in, WINDOW / 4, rtt_us, 0, now_us);
    assert_int_equal(s->in.window, WINDOW);
    for (int i = 0; i < 20; i++, now_us += rtt_us)
        receive_measure(&s->in, 8 * WINDOW, rtt_us, 0, now_us);
    assert_int_equal(s->in.window, 8 * WINDOW); /* and no further */
}

/* Of what all share there is a part for each, that ends with it. */
static void windows_of_all_are_bounded(void **state)
{
    struct scene *s = *state;
    static const struct inbox_handlers inbox = {.on_message = on_message};
    struct budget all = {.most = 2 * WINDOW};
    struct receive in;
    s->config.received = &all;
    receive_init(&in, &s->config, &inbox, s);
    receive_start(&in, CUM, STREAMS, true, 0);
    for (uint64_t now_us = 0; now_us < US_PER_S; now_us += 10 * US_PER_MS)
        receive_measure(&in, 8 * WINDOW, US_PER_MS, 0, now_us);
    assert_int_equal(in.window, 2 * WINDOW); /* as much is left for another one */
    assert_int_equal(all.used, WINDOW);
    assert_true(in.reasm.max_held < 8 * WINDOW + MAX_PARTS * s->config.max_message);
    receive_deinit(&in);
    assert_int_equal(all.used, 0);
}

/* A round trip that nothing of ours measures is asked for, once a window. */
static void asks_how_far_the_peer_is(void **state)
{
    struct scene *s = *state;
    const uint64_t rtt_us = US_PER_S;
    assert_false(receive_measure(&s->in, WINDOW - 1, rtt_us, 5 * US_PER_S, 1));
    assert_false(receive_measure(&s->in, 1, rtt_us, 3 * US_PER_S, 2)); /* known well enough */
    assert_true(receive_measure(&s->in, 1, rtt_us, 5 * US_PER_S, 3));
    assert_false(receive_measure(&s->in, 1, rtt_us, 5 * US_PER_S, 4));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(one_packet_waits_two_do_not),
        TEST(holes_and_duplicates_are_told_at_once),
        TEST(told_twice_where_packets_are_lost),
        TEST(sack_keeps_to_its_caps),
        TEST(verdicts),
        TEST(forward_skips),
        TEST(window_follows_the_reader),
        TEST(window_grows_with_what_a_round_trip_brings),
        TEST(windows_of_all_are_bounded),
        TEST(asks_how_far_the_peer_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
