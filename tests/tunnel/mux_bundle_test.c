/*
 * What is said in one turn leaves as one message: see docs/PROTOCOL.md,
 * "bundle".
 */
#include "mux_pair.h"

#include <stdio.h>

#include "base/bytes.h"
#include "tunnel/bundle.h"

/* All on one channel. */
static int one_channel_setup(void **state)
{
    return pair_setup_with(state, FEATURES_ALL & ~FEATURE_CHANNELS, FEATURES_ALL);
}

#define ONE_CHANNEL(f) cmocka_unit_test_setup_teardown(f, one_channel_setup, pair_teardown)

/* Ends the turn, and delivers what that makes ready; in how many messages. */
static size_t deliver_turn(struct pair *pair, struct side *from, struct side *to)
{
    size_t messages = 0;
    while (deliver_one(pair, from, to))
        messages++;
    return messages;
}

static void open_whole(struct pair *pair, const char *path)
{
    end(open_stream(pair, path));
}

static void test_an_exchange_is_two_messages(void **state)
{
    struct pair *pair = *state;
    size_t asked = pair->consumer.turn_ends;
    struct mux_stream *request = open_stream(pair, "/a");
    mux_stream_write(request, SPAN_LITERAL("ping"));
    end(request);
    assert_int_equal(pair->consumer.out.len, 0); /* until the turn ends */
    assert_true(pair->consumer.turn_ends > asked);
    assert_int_equal(deliver_turn(pair, &pair->consumer, &pair->provider), 1);
    assert_story(&pair->provider, "1 GET /a; body ping; end; ");
    respond(pair->provider.stream[0], 200);
    mux_stream_write(pair->provider.stream[0], SPAN_LITERAL("pong"));
    end(pair->provider.stream[0]);
    assert_int_equal(deliver_turn(pair, &pair->provider, &pair->consumer), 1);
    assert_story(&pair->consumer, "head 200; body pong; end; ");
}

static void test_one_frame_is_no_bundle(void **state)
{
    struct pair *pair = *state;
    open_stream(pair, "/");
    deliver_all(pair);
    respond(pair->provider.stream[0], 200);
    mux_end_turn(pair->provider.mux);
    static const uint8_t header[] = {FRAME_RES_HEADERS, 0, 0, 0, 1};
    struct span sent = buf_bytes(&pair->provider.out);
    assert_true(sent.len > PREFIX_LEN + sizeof header);
    assert_memory_equal(sent.data + PREFIX_LEN, header, sizeof header);
}

static void test_streams_share_a_bundle(void **state)
{
    struct pair *pair = *state;
    for (int i = 0; i < 3; i++)
        open_whole(pair, "/a");
    assert_int_equal(deliver_turn(pair, &pair->consumer, &pair->provider), 1);
    assert_story(&pair->provider, "1 GET /a; end; 2 GET /a; end; 3 GET /a; end; ");
}

static struct mux_stream *get(struct pair *pair, const char *path)
{
    struct head head;
    struct mux_stream *stream;
    head_init(&head);
    head.method = SPAN_LITERAL("GET");
    head.target = span_from_string(path);
    head.framing = HTTP_BODY_NONE;
    assert_int_equal(mux_open(pair->consumer.mux, &head, &stream_handlers, &pair->consumer,
                              &stream),
                     0);
    end(stream);
    return stream;
}

static void answer_with(struct mux_stream *stream, const char *length)
{
    struct head head;
    head_init(&head);
    head.status = 200;
    head.framing = HTTP_BODY_LENGTH;
    head_add(&head, SPAN_LITERAL("Content-Length"), span_from_string(length));
    assert_int_equal(mux_stream_respond(stream, &head), 0);
    mux_stream_write(stream, SPAN_LITERAL("pong"));
}

/* What is short, whatever its stream. */
static void test_a_turn_shares_a_channel(void **state)
{
    struct pair *pair = *state;
    get(pair, "/a");
    get(pair, "/b");
    assert_int_equal(deliver_turn(pair, &pair->consumer, &pair->provider), 1);
    assert_story(&pair->provider, "1 GET /a; end; 2 GET /b; end; ");
    for (size_t i = 0; i < 2; i++) {
        answer_with(pair->provider.stream[i], "4");
        end(pair->provider.stream[i]);
    }
    assert_int_equal(deliver_turn(pair, &pair->provider, &pair->consumer), 1);
    assert_story(&pair->consumer, "head 200; body pong; end; head 200; body pong; end; ");
}

static void test_turns_take_turns(void **state)
{
    struct pair *pair = *state;
    for (unsigned i = 0; i < MUX_CHANNELS + 2; i++) {
        struct mux_stream *stream = get(pair, "/a");
        unsigned channel = next_channel(&pair->consumer);
        assert_int_equal(channel, 1 + i % MUX_CHANNELS);
        pair->provider.streams = 0;
        deliver_all(pair);
        cancel(stream, "enough"); /* nothing of a stream may overtake another part */
        assert_int_equal(next_channel(&pair->consumer), channel);
        deliver_all(pair);
    }
}

/* What may be long has the channel of its stream, and so has what came before
 * the head. */
static void test_long_answers_keep_their_channel(void **state)
{
    struct pair *pair = *state;
    for (int i = 0; i < 3; i++)
        get(pair, "/");
    deliver_all(pair);
    struct head hints;
    head_init(&hints);
    hints.status = 103;
    answer_with(pair->provider.stream[0], "4000");
    assert_int_equal(next_channel(&pair->provider), 1 + 1 % MUX_CHANNELS);
    deliver_all(pair);
    respond(pair->provider.stream[1], 200);
    assert_int_equal(next_channel(&pair->provider), 1 + 2 % MUX_CHANNELS);
    deliver_all(pair);
    mux_stream_interim(pair->provider.stream[2], &hints);
    assert_int_equal(next_channel(&pair->provider), 1 + 3 % MUX_CHANNELS);
    deliver_all(pair);
    answer_with(pair->provider.stream[2], "4");
    assert_int_equal(next_channel(&pair->provider), 1 + 3 % MUX_CHANNELS);
}

static void test_each_channel_has_its_own(void **state)
{
    struct pair *pair = *state;
    open_whole(pair, "/a");
    open_whole(pair, "/b");
    assert_int_equal(next_channel(&pair->consumer), 1 + 1 % MUX_CHANNELS);
    assert_int_equal(deliver_turn(pair, &pair->consumer, &pair->provider), 2);
    assert_story(&pair->provider, "1 GET /a; end; 2 GET /b; end; ");
}

/* What is large goes by itself, and in its place. */
static void test_large_frames_keep_their_place(void **state)
{
    struct pair *pair = *state;
    static const uint8_t zeros[2 * FRAME_BODY_MAX];
    open_whole(pair, "/");
    deliver_all(pair);
    respond(pair->provider.stream[0], 200);
    mux_stream_write(pair->provider.stream[0], SPAN_LITERAL("first"));
    mux_stream_write(pair->provider.stream[0], span_of(zeros, sizeof zeros));
    mux_stream_write(pair->provider.stream[0], SPAN_LITERAL("last"));
    end(pair->provider.stream[0]);
    assert_true(deliver_one(pair, &pair->provider, &pair->consumer));
    assert_story(&pair->consumer, "head 200; body first; ");
    assert_true(deliver_one(pair, &pair->provider, &pair->consumer));
    assert_true(deliver_one(pair, &pair->provider, &pair->consumer));
    assert_int_equal(pair->consumer.body_bytes, 5 + sizeof zeros);
    assert_true(deliver_one(pair, &pair->provider, &pair->consumer));
    assert_story(&pair->consumer, "body last; end; ");
    assert_false(deliver_one(pair, &pair->provider, &pair->consumer));
}

/* No message is longer than a packet, and none is lost. */
static void test_a_bundle_has_an_end(void **state)
{
    struct pair *pair = *state;
    static const uint8_t piece[200];
    open_whole(pair, "/");
    deliver_all(pair);
    respond(pair->provider.stream[0], 200);
    for (int i = 0; i < 20; i++)
        mux_stream_write(pair->provider.stream[0], span_of(piece, sizeof piece));
    size_t messages = 0;
    for (mux_end_turn(pair->provider.mux); pair->provider.out.len > 0; messages++) {
        assert_true(get_u32be(buf_bytes(&pair->provider.out).data) <= BUNDLE_MAX);
        deliver_one(pair, &pair->provider, &pair->consumer);
    }
    assert_int_equal(messages, 5); /* four pieces in each */
    assert_int_equal(pair->consumer.body_bytes, 20 * sizeof piece);
}

/* What a full channel does not take at a turn's end goes before any body. */
static void test_a_full_channel(void **state)
{
    struct pair *pair = *state;
    static const uint8_t zeros[FRAME_BODY_MAX];
    open_whole(pair, "/a");
    open_whole(pair, "/b");
    deliver_all(pair);
    respond(pair->provider.stream[0], 200);
    respond(pair->provider.stream[1], 204);
    end(pair->provider.stream[1]);
    pair->provider.capacity = 0;
    mux_end_turn(pair->provider.mux);
    mux_stream_write(pair->provider.stream[0], span_of(zeros, sizeof zeros));
    assert_int_equal(pair->provider.out.len, 0);
    size_t asked = pair->provider.turn_ends;
    pair->provider.capacity = CHANNEL_MAX;
    mux_flush(pair->provider.mux);
    assert_true(pair->provider.turn_ends > asked);
    pair->consumer.story[0] = '\0';
    assert_true(deliver_one(pair, &pair->provider, &pair->consumer));
    assert_story(&pair->consumer, "head 200; head 204; end; ");
    deliver_all(pair);
    assert_int_equal(pair->consumer.body_bytes, sizeof zeros);
}

/* Its queue is full, but of other channels' bodies. */
static void fill(struct side *side, uint64_t busy)
{
    side->capacity = 0;
    side->takes_small = true;
    side->busy = busy;
}

/* A bundle that its channel did not take holds up no other channel's. */
static void test_a_full_channel_beside_others(void **state)
{
    struct pair *pair = *state;
    for (int i = 0; i < 2; i++)
        get(pair, "/");
    deliver_all(pair);
    respond(pair->provider.stream[0], 200);
    fill(&pair->provider, UINT64_C(1) << (1 + 1 % MUX_CHANNELS));
    mux_end_turn(pair->provider.mux);
    assert_int_equal(pair->provider.out.len, 0);
    size_t asked = pair->provider.turn_ends;
    respond(pair->provider.stream[1], 200);
    assert_true(pair->provider.turn_ends > asked);
    mux_end_turn(pair->provider.mux);
    assert_int_equal(next_channel(&pair->provider), 1 + 2 % MUX_CHANNELS);
    /* Empty again, the first one takes more in the turn that sends it all. */
    pair->provider.busy = 0;
    asked = pair->provider.turn_ends;
    end(pair->provider.stream[0]);
    assert_true(pair->provider.turn_ends > asked);
    pair->consumer.story[0] = '\0';
    deliver_all(pair);
    assert_story(&pair->consumer, "head 200; head 200; end; ");
}

/* What is short takes a channel that takes it. */
static void test_turns_pass_over_what_is_full(void **state)
{
    struct pair *pair = *state;
    fill(&pair->consumer, UINT64_C(1) << 1 | UINT64_C(1) << 3);
    for (unsigned i = 0; i < 3; i++) {
        static const unsigned channels[] = {2, 4, 5};
        get(pair, "/");
        mux_end_turn(pair->consumer.mux);
        assert_int_equal(next_channel(&pair->consumer), channels[i]);
        buf_clear(&pair->consumer.out);
    }
    pair->consumer.busy = UINT64_MAX;
    get(pair, "/");
    pair->consumer.busy = 0;
    mux_flush(pair->consumer.mux);
    mux_end_turn(pair->consumer.mux);
    assert_int_equal(count_frames(&pair->consumer, FRAME_REQ_END), 1);
}

/* It fits no more, and the channel takes nothing: what comes next waits. */
static void test_a_full_bundle_before_a_full_channel(void **state)
{
    struct pair *pair = *state;
    static const uint8_t piece[BUNDLE_FRAME_MAX - FRAME_HEADER_LEN - 50];
    open_whole(pair, "/");
    deliver_all(pair);
    respond(pair->provider.stream[0], 200);
    mux_stream_write(pair->provider.stream[0], span_of(piece, sizeof piece));
    pair->provider.capacity = 0;
    mux_stream_write(pair->provider.stream[0], SPAN_LITERAL("more"));
    end(pair->provider.stream[0]);
    mux_end_turn(pair->provider.mux);
    assert_int_equal(pair->provider.out.len, 0);
    pair->provider.capacity = CHANNEL_MAX;
    mux_flush(pair->provider.mux);
    deliver_all(pair);
    assert_story(&pair->consumer, "head 200; body more; end; ");
    assert_int_equal(pair->consumer.body_bytes, sizeof piece + 4);
}

static void test_not_agreed_on(void **state)
{
    static const unsigned without = FEATURES_ALL & ~(unsigned)FEATURE_BUNDLE;
    static const unsigned rows[][2] = {{FEATURES_ALL, without}, {without, FEATURES_ALL}};
    for (size_t i = 0; i < 2; i++) {
        pair_setup_with(state, rows[i][0], rows[i][1]);
        struct pair *pair = *state;
        open_whole(pair, "/");
        assert_int_equal(deliver_turn(pair, &pair->consumer, &pair->provider), 2);
        assert_story(&pair->provider, "1 GET /; end; ");
        assert_int_equal(pair->consumer.turn_ends, 0);
        feed_bytes(&pair->consumer, FRAME_BUNDLE, 0, SPAN_LITERAL("\0\5\3\0\0\0\0"));
        assert_story(&pair->consumer, "note dropped a BUNDLE: `bundle` was not agreed on; ");
        pair_teardown(state);
    }
}

/* The other side is told, before the turn ends. */
static void test_malformed(void **state)
{
    struct pair *pair = *state;
    open_stream(pair, "/");
    feed_bytes(&pair->provider, FRAME_BUNDLE, 0, SPAN_LITERAL("\0\5\3\0\0\0\0\0\7\3\0\0\0\0"));
    assert_story(&pair->provider, "dead: the other side sent a BUNDLE that is malformed; ");
    assert_int_equal(count_frames(&pair->provider, FRAME_PONG), 0); /* nothing of it counts */
    deliver_one(pair, &pair->provider, &pair->consumer);
    assert_story(&pair->consumer,
                 "dead: the other side ended the session: a BUNDLE is malformed; ");
}

/* Each frame finds what the one before it has left. */
static void test_the_first_frame_ends_the_stream(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *request = open_stream(pair, "/a");
    pair->provider.refuses = true;
    mux_stream_write(request, SPAN_LITERAL("ping"));
    end(request);
    open_whole(pair, "/b");
    assert_int_equal(deliver_turn(pair, &pair->consumer, &pair->provider), 1);
    assert_story(&pair->provider,
                 "1 GET /a; late note dropped a REQ_BODY on stream 1, which is not open; "
                 "late note dropped a REQ_END on stream 1, which is not open; 2 GET /b; "
                 "late note dropped a REQ_END on stream 2, which is not open; ");
}

static void test_the_first_frame_ends_the_session(void **state)
{
    struct pair *pair = *state;
    pair->provider.fails_at_request = true;
    open_whole(pair, "/a");
    open_whole(pair, "/b");
    assert_int_equal(deliver_turn(pair, &pair->consumer, &pair->provider), 1);
    assert_story(&pair->provider, "1 GET /a; error over; ");
    assert_int_equal(mux_stream_count(pair->provider.mux), 0);
    feed_bytes(&pair->consumer, FRAME_BUNDLE, 0,
               SPAN_LITERAL("\0\7\x63\0\0\0\0no\0\6\x15\0\0\0\1x"));
    assert_story(&pair->consumer, "dead: the other side ended the session: no; ");
}

/* A head that waits for the turn's end, or for a full channel, is at nobody
 * yet; nor does it go there when its stream is over. */
static void test_what_has_not_left_is_unsent(void **state)
{
    struct pair *pair = *state;
    char expected[64];
    open_whole(pair, "/sent");
    deliver_all(pair);
    cancel(open_stream(pair, "/of no matter"), "enough");
    pair->consumer.capacity = 0;
    open_whole(pair, "/full");
    mux_end_turn(pair->consumer.mux);
    pair->consumer.capacity = CHANNEL_MAX;
    open_whole(pair, "/turn");
    mux_fail(pair->consumer.mux, "over");
    snprintf(expected, sizeof expected, "error over; error %d over; error %d over; ", STREAM_UNSENT,
             STREAM_UNSENT);
    assert_story(&pair->consumer, expected);
    mux_end_turn(pair->consumer.mux);
    assert_int_equal(pair->consumer.out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EXTENDED(test_an_exchange_is_two_messages),
        ONE_CHANNEL(test_an_exchange_is_two_messages),
        EXTENDED(test_one_frame_is_no_bundle),
        ONE_CHANNEL(test_streams_share_a_bundle),
        EXTENDED(test_a_turn_shares_a_channel),
        EXTENDED(test_turns_take_turns),
        EXTENDED(test_long_answers_keep_their_channel),
        EXTENDED(test_each_channel_has_its_own),
        EXTENDED(test_large_frames_keep_their_place),
        EXTENDED(test_a_bundle_has_an_end),
        ONE_CHANNEL(test_a_full_channel),
        EXTENDED(test_a_full_channel_beside_others),
        EXTENDED(test_turns_pass_over_what_is_full),
        EXTENDED(test_a_full_bundle_before_a_full_channel),
        cmocka_unit_test(test_not_agreed_on),
        EXTENDED(test_malformed),
        ONE_CHANNEL(test_the_first_frame_ends_the_stream),
        ONE_CHANNEL(test_the_first_frame_ends_the_session),
        EXTENDED(test_what_has_not_left_is_unsent),
        ONE_CHANNEL(test_what_has_not_left_is_unsent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
