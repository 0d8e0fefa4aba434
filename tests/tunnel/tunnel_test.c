/*
 * One end of a tunnel as a whole: what needs no command line, and fits into one
 * process beside another.
 */
#include "pair.h"

#include <errno.h>

/* What it was asked for is its answer. */
static void on_api_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    (void)arg;
    http_exchange_reply(x, 200, "text/plain", (struct http_fields){0}, request->target);
}

static int setup(void **state)
{
    *state = pair_new(on_api_request);
    return 0;
}

static int teardown(void **state)
{
    pair_free(*state);
    return 0;
}

/* ---- conditions ---- */

static bool consumer_is_waiting(struct pair *pair)
{
    return pair->consumer.is_waiting;
}

static bool consumer_is_down(struct pair *pair)
{
    return !pair->consumer.is_up;
}

static bool upstream_is_bad(struct pair *pair)
{
    return pair->provider.has_bad_upstream;
}

/* ---- tests ---- */

static void test_request_goes_through(void **state)
{
    struct pair *pair = *state;
    pair_start_provider(pair);
    assert_int_equal(tunnel_port(pair->provider.tunnel), 0);
    pair_start_consumer(pair, 0);
    /* It waits for the tunnel. */
    pair_ask(pair, "/early");
    assert_int_equal(pair->status, 200);
    assert_true(pair_has_body(pair, "/early"));
    pair_run_until(pair, pair_is_up);
    pair_ask(pair, "/late");
    assert_true(pair_has_body(pair, "/late"));
    assert_false(pair->provider.has_bad_upstream);
}

static void test_other_end_comes_back(void **state)
{
    struct pair *pair = *state;
    pair_start_provider(pair);
    pair_start_consumer(pair, 0);
    pair_run_until(pair, pair_is_up);
    end_stop(&pair->provider);
    pair_run_until(pair, consumer_is_down);
    assert_true(pair->consumer.has_heard_goodbye);
    pair_start_provider(pair);
    pair_ask(pair, "/again");
    assert_int_equal(pair->status, 200);
}

static void test_client_hears_why_it_is_down(void **state)
{
    struct pair *pair = *state;
    pair_start_consumer(pair, 1);
    pair_run_until(pair, consumer_is_waiting);
    pair_ask(pair, "/");
    assert_int_equal(pair->status, 503);
    assert_true(pair_has_body(pair, "`tunnel serve` is not in the room"));
}

static void test_upstream_is_asked_at_the_start(void **state)
{
    struct pair *pair = *state;
    http_server_free(pair->api);
    pair->api = NULL;
    pair_start_provider(pair);
    pair_run_until(pair, upstream_is_bad);
}

static bool request_waits(struct pair *pair)
{
    struct tunnel_status status;
    tunnel_status(pair->consumer.tunnel, &status);
    return status.waiting > 0;
}

static void test_status_of_what_is_down(void **state)
{
    struct pair *pair = *state;
    struct tunnel_status status;
    pair_start_consumer(pair, 0);
    tunnel_status(pair->consumer.tunnel, &status);
    assert_int_equal(status.state, KEEPER_CONNECTING);
    pair_run_until(pair, consumer_is_waiting);
    pair_begin(pair, "GET", "/x", HTTP_BODY_NONE, NULL);
    pair_run_until(pair, request_waits);
    tunnel_status(pair->consumer.tunnel, &status);
    assert_int_equal(status.state, KEEPER_WAITING);
    assert_string_equal(status.problem, "`tunnel serve` is not in the room");
    assert_int_equal(status.waiting, 1);
    assert_false(status.keeper.partners);
    /* Whoever waits when it goes is told of, too. */
    end_stop(&pair->consumer);
    assert_int_equal(pair->consumer.records, 1);
    assert_int_equal(pair->consumer.record.end, EXCHANGE_DOWN);
    assert_non_null(strstr(pair->consumer.reason, "shutting down"));
}

/* What one end has sent, the other has received. */
static void check_figures(const struct tunnel_status *from, const struct tunnel_status *to)
{
    const struct session_stats *session = &from->keeper.session;
    const struct peer_stats *peer = &session->peer;
    assert_int_equal(from->state, KEEPER_UP);
    assert_null(from->problem);
    assert_true(from->keeper.partners);
    assert_int_equal(from->keeper.sessions, 1);
    assert_true(session->ready_us > 0);
    assert_int_equal(session->streams, 0);
    assert_int_equal(peer->state, PEER_OPEN);
    assert_true(peer->has_path && peer->path.local[0]);
    assert_true(peer->window_bytes > 0 && peer->packet_bytes > 0);
    assert_true(peer->sent_packets > 0 && peer->sent_bytes > strlen("/counted"));
    assert_true(to->keeper.session.peer.received_bytes <= peer->sent_bytes);
    assert_true(to->keeper.session.peer.received_packets <= peer->sent_packets);
    assert_int_equal(from->streams, 0);
    assert_int_equal(from->relayed, 0);
    assert_int_equal(from->keeper.counts.direct, 1);
    assert_int_equal(from->keeper.counts.traffic.sent_bytes, peer->sent_bytes);
}

static void check_exchanges(const struct tunnel *tunnel)
{
    const struct history *history = tunnel_history(tunnel);
    const struct exchange_totals *totals = &history->totals;
    assert_int_equal(history->under_way_count, 0);
    assert_int_equal(totals->ends[EXCHANGE_COMPLETE], 1);
    assert_int_equal(exchange_totals_count(totals), 1);
    assert_int_equal(totals->statuses[2], 1);
    assert_int_equal(totals->request_bytes, 0);
    assert_int_equal(totals->response_bytes, strlen("/counted"));
    assert_string_equal(history_find(history, 1)->record.target, "/counted");
    assert_null(history_find(history, 2));
}

/* False for a moment after another path was found to be better, or another
 * session has taken over, as it may when the machine is busy. */
static bool knows_its_path(struct tunnel *tunnel)
{
    struct tunnel_status status;
    const struct session_stats *session = &status.keeper.session;
    const struct peer_stats *peer = &session->peer;
    tunnel_status(tunnel, &status);
    assert_true(peer->min_rtt_us <= peer->rtt_us);
    return session->rtt_us > 0 && peer->min_rtt_us > 0 && peer->rate_bytes_per_s > 0;
}

static void test_status_of_what_is_up(void **state)
{
    struct pair *pair = *state;
    struct tunnel_status provider, consumer;
    pair_start_provider(pair);
    pair_start_consumer(pair, 0);
    pair_run_until(pair, pair_is_up);
    pair_ask(pair, "/counted");
    tunnel_status(pair->provider.tunnel, &provider);
    tunnel_status(pair->consumer.tunnel, &consumer);
    check_figures(&provider, &consumer);
    check_figures(&consumer, &provider);
    check_exchanges(pair->provider.tunnel);
    check_exchanges(pair->consumer.tunnel);
    while (!knows_its_path(pair->provider.tunnel) || !knows_its_path(pair->consumer.tunnel))
        pair_ask(pair, "/counted");
}

/* Nothing is left behind: loop_free() would say so. */
static void test_place_is_taken(void **state)
{
    struct pair *pair = *state;
    const struct proxy_config config = {.host = "127.0.0.1", .port = pair->api_url.port};
    assert_int_equal(end_start(&pair->consumer, NULL, &config), -EADDRINUSE);
}

static void test_ca_file_is_missing(void **state)
{
    struct pair *pair = *state;
    const char *why;
    url_deinit(&pair->api_url);
    assert_int_equal(url_parse("https://127.0.0.1", &pair->api_url, &why), 0);
    const struct serve_config config = {
        .upstream = {.url = &pair->api_url, .ca_file = "/proc/nonexistent"},
        .advertise = "/",
    };
    assert_int_equal(end_start(&pair->provider, &config, NULL), -ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_request_goes_through),
        TEST(test_other_end_comes_back),
        TEST(test_client_hears_why_it_is_down),
        TEST(test_upstream_is_asked_at_the_start),
        TEST(test_status_of_what_is_down),
        TEST(test_status_of_what_is_up),
        TEST(test_place_is_taken),
        TEST(test_ca_file_is_missing),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
