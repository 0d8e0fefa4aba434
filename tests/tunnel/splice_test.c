/* A splice alone: the multiplexer and the local end are stand-ins that note
 * what is asked of them. */
#include "testing.h"

#include "tunnel/splice.h"

/* What stands in for both ends. */
static struct ends {
    size_t sent;      /* into the stream */
    size_t room;      /* of the stream */
    size_t delivered; /* to the local end */
    size_t queued;    /* there */
    size_t held;      /* as the multiplexer was told last */
    unsigned told;    /* how often */
    bool is_reading;
} ends;

void mux_stream_write(struct mux_stream *stream, struct span bytes)
{
    assert_ptr_equal(stream, &ends);
    ends.sent += bytes.len;
}

bool mux_stream_is_writable(struct mux_stream *stream)
{
    assert_ptr_equal(stream, &ends);
    return ends.sent < ends.room;
}

void mux_stream_set_held(struct mux_stream *stream, size_t held, uint64_t now_us)
{
    assert_ptr_equal(stream, &ends);
    assert_true(now_us > 0);
    ends.held = held;
    ends.told++;
}

static void local_write(void *local, struct span bytes)
{
    assert_ptr_equal(local, &ends);
    ends.delivered += bytes.len;
    ends.queued += bytes.len;
}

static size_t local_queued(const void *local)
{
    assert_ptr_equal(local, &ends);
    return ends.queued;
}

static void local_set_reading(void *local, bool reading)
{
    assert_ptr_equal(local, &ends);
    ends.is_reading = reading;
}

static struct stream_splice begin(void)
{
    static const struct splice_local ops = {local_write, local_queued, local_set_reading};
    ends = (struct ends){.room = 10, .is_reading = true};
    return (struct stream_splice){.ops = &ops,
                                  .local = &ends,
                                  .stream = (struct mux_stream *)&ends,
                                  .request = HALF_BODY};
}

static void test_a_full_stream_stops_the_local_end(void **state)
{
    (void)state;
    struct stream_splice s = begin();
    splice_send(&s, SPAN_LITERAL("12345"));
    assert_true(ends.is_reading);
    splice_send(&s, SPAN_LITERAL("67890"));
    assert_int_equal(ends.sent, 10);
    assert_false(ends.is_reading);
    splice_on_stream_drain(&s);
    assert_true(ends.is_reading);
}

static void test_what_the_local_end_holds_is_told(void **state)
{
    (void)state;
    struct stream_splice s = begin();
    splice_deliver(&s, SPAN_LITERAL("123"));
    assert_int_equal(ends.held, 3);
    splice_deliver(&s, SPAN_LITERAL("45"));
    assert_int_equal(ends.held, 5);
    ends.queued = 1;
    splice_on_local_drain(&s);
    assert_int_equal(ends.held, 1);
    assert_int_equal(ends.delivered, 5);
}

static void test_without_a_stream_there_is_nobody_to_tell(void **state)
{
    (void)state;
    struct stream_splice s = begin();
    s.stream = NULL;
    splice_on_local_drain(&s);
    assert_int_equal(ends.told, 0);
}

static void test_an_exchange_is_over_with_its_response(void **state)
{
    (void)state;
    struct stream_splice s = begin();
    splice_respond(&s, HTTP_BODY_UNKNOWN);
    assert_true(splice_end_response(&s));

    s = begin();
    assert_false(splice_end_request(&s));
    splice_respond(&s, HTTP_BODY_NONE);
    assert_true(splice_end_response(&s));
}

static void test_a_pipe_is_over_with_both_directions(void **state)
{
    (void)state;
    struct stream_splice s = begin();
    splice_respond(&s, HTTP_BODY_PIPE);
    assert_false(splice_end_response(&s));
    assert_true(splice_end_request(&s));

    s = begin();
    splice_respond(&s, HTTP_BODY_PIPE);
    assert_false(splice_end_request(&s));
    assert_true(splice_end_response(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_stream_stops_the_local_end),
        cmocka_unit_test(test_what_the_local_end_holds_is_told),
        cmocka_unit_test(test_without_a_stream_there_is_nobody_to_tell),
        cmocka_unit_test(test_an_exchange_is_over_with_its_response),
        cmocka_unit_test(test_a_pipe_is_over_with_both_directions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
