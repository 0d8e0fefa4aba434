/*
 * Paths: the burst that all have in common, and a path that is not ICE's, over
 * which two peers run whose ICE has nothing to try.
 */
#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "net/loop.h"
#include "rtc/cert.h"
#include "rtc/peer_internal.h"

/* ---- bursts ---- */

struct recorder {
    struct rtc_path path;
    struct burst sent; /* the last one */
    int bursts;
    uint8_t room[PATH_BURST_BYTES];
    uint8_t sent_bytes[PATH_BURST_BYTES];
};

static void record(struct rtc_path *path, struct burst *burst)
{
    struct recorder *r = (void *)path;
    r->sent = *burst;
    r->sent.data = memcpy(r->sent_bytes, burst->data, burst->len);
    r->bursts++;
}

static size_t max_of_recorder(const struct rtc_path *path)
{
    (void)path;
    return 1000;
}

static const struct rtc_path_ops recorder_ops = {.send = record, .datagram_max = max_of_recorder};

static struct recorder *recorder_new(void)
{
    struct recorder *r = xcalloc(1, sizeof *r);
    rtc_path_init(&r->path, &recorder_ops, r->room);
    return r;
}

static void queue(struct recorder *r, size_t len, uint8_t byte, bool may_fragment)
{
    uint8_t *at = rtc_path_queue(&r->path, len, may_fragment);
    assert_non_null(at);
    memset(at, byte, len);
}

static void test_burst(void **state)
{
    (void)state;
    struct recorder *r = recorder_new();
    assert_null(rtc_path_queue(&r->path, 10, false));
    assert_int_equal(rtc_path_datagram_max(&r->path), 0);
    rtc_path_open(&r->path, 0, 1);
    assert_int_equal(rtc_path_datagram_max(&r->path), 1000);
    rtc_path_flush(&r->path);
    assert_int_equal(r->bursts, 0); /* nothing waits */

    queue(r, 100, 'a', false);
    queue(r, 100, 'b', false);
    queue(r, 60, 'c', false);
    assert_int_equal(r->bursts, 0);
    queue(r, 60, 'd', false); /* nothing stands behind the shorter one */
    assert_int_equal(r->bursts, 1);
    assert_int_equal(r->sent.count, 3);
    assert_int_equal(r->sent.len, 260);
    assert_int_equal(r->sent.segment, 100);
    assert_int_equal(r->sent.last_len, 60);
    assert_memory_equal(r->sent.data + 198, "bbcc", 4);
    queue(r, 61, 'e', false); /* nor a longer one */
    assert_int_equal(r->bursts, 2);
    queue(r, 61, 'f', true); /* nor another kind */
    assert_int_equal(r->bursts, 3);
    assert_false(r->sent.may_fragment);
    rtc_path_flush(&r->path);
    assert_true(r->sent.may_fragment);

    queue(r, 10, 'g', false);
    rtc_path_open(&r->path, 0, 1); /* another way: what waits was for the one before */
    rtc_path_flush(&r->path);
    queue(r, 10, 'h', false);
    rtc_path_shut(&r->path);
    rtc_path_flush(&r->path);
    assert_int_equal(r->bursts, 4);
    assert_null(rtc_path_queue(&r->path, 10, false));
    free(r);
}

static void test_burst_is_bounded(void **state)
{
    (void)state;
    struct recorder *r = recorder_new();
    rtc_path_open(&r->path, 4, 4);
    for (int i = 0; i <= PATH_BURST_MAX; i++)
        queue(r, 8, 'x', false);
    assert_int_equal(r->bursts, 1);
    assert_int_equal(r->sent.count, PATH_BURST_MAX);
    rtc_path_flush(&r->path);
    for (size_t len = 0; len + 16384 <= PATH_BURST_BYTES; len += 16384)
        queue(r, 16380, 'y', false);
    assert_int_equal(r->bursts, 2);
    queue(r, 16380, 'y', false);
    assert_int_equal(r->bursts, 3);
    assert_true(r->sent.len <= PATH_BURST_BYTES);
    free(r);
}

/* The carrier's header comes before each, zeros behind it. */
static void test_framing(void **state)
{
    (void)state;
    struct recorder *r = recorder_new();
    rtc_path_open(&r->path, 4, 4);
    memset(r->path.burst.data, 0xff, 64);
    queue(r, 5, 'a', false);
    queue(r, 2, 'b', false);
    rtc_path_flush(&r->path);
    assert_int_equal(r->sent.segment, 12);
    assert_int_equal(r->sent.datagram_len, 5);
    assert_int_equal(r->sent.last_len, 2);
    assert_int_equal(r->sent.len, 20);
    assert_memory_equal(r->sent.data + 4, "aaaaa\0\0\0", 8);
    assert_memory_equal(r->sent.data + 16, "bb\0\0", 4);
    free(r);
}

/* ---- a path that is not ICE's ---- */

/* Datagrams of one burst on their way to the other carrier. */
struct flight {
    struct carrier *to;
    struct burst burst;
    uint8_t bytes[PATH_BURST_BYTES];
};

enum { HEADER_LEN = 3, DATAGRAM_MAX = 1200 };

struct carrier {
    struct rtc_path path;
    struct loop *loop;
    struct carrier *other;
    unsigned sent;
    unsigned received;
    uint8_t room[PATH_BURST_BYTES];
};

static void land(void *arg)
{
    struct flight *flight = arg;
    struct rtc_path *path = &flight->to->path;
    const struct burst *burst = &flight->burst;
    for (size_t i = 0; i < burst->count; i++) {
        const uint8_t *at = burst->data + i * burst->segment;
        size_t len = i + 1 < burst->count ? burst->datagram_len : burst->last_len;
        assert_memory_equal(at, "hdr", HEADER_LEN);
        flight->to->received++;
        path->handlers->on_datagram(span_of(at + HEADER_LEN, len), path->arg);
    }
    free(flight);
}

static void carry(struct rtc_path *path, struct burst *burst)
{
    struct carrier *c = (void *)path;
    struct flight *flight = xcalloc(1, sizeof *flight);
    for (size_t i = 0; i < burst->count; i++)
        memcpy(burst->data + i * burst->segment, "hdr", HEADER_LEN);
    c->sent += (unsigned)burst->count;
    flight->to = c->other;
    flight->burst = *burst;
    flight->burst.data = memcpy(flight->bytes, burst->data, burst->len);
    loop_defer(c->loop, land, flight);
}

static size_t max_of_carrier(const struct rtc_path *path)
{
    (void)path;
    return DATAGRAM_MAX;
}

static bool describe(const struct rtc_path *path, struct peer_path *out)
{
    (void)path;
    *out = (struct peer_path){.local = "pigeon 1", .remote = "pigeon 2", .is_relayed = true};
    return true;
}

static void describe_tried(struct rtc_path *path, char out[PEER_TRIED_MAX])
{
    (void)path;
    memcpy(out, "pigeons", sizeof "pigeons");
}

static const struct rtc_path_ops carrier_ops = {carry, max_of_carrier, describe, describe_tried};

static void connect_carrier(void *arg)
{
    struct carrier *c = arg;
    rtc_path_open(&c->path, HEADER_LEN, 1);
    c->path.handlers->on_connected(c->path.arg);
}

/* ---- two peers ---- */

enum { MESSAGE_LEN = 50000, MESSAGES = 40 };

struct scene;

struct end {
    struct scene *scene;
    struct peer *peer;
    struct carrier *carrier;
    char *sdp;
    int sent;
    int received;
    int path_changes;
    bool is_open;
    bool is_closed;
};

struct scene {
    struct loop *loop;
    struct cert *cert;
    bool (*is_done)(const struct scene *scene);
    struct end ends[2];
};

static void check_done(struct scene *scene)
{
    if (scene->is_done(scene))
        loop_stop(scene->loop);
}

static void run_until(struct scene *scene, bool (*is_done)(const struct scene *scene))
{
    scene->is_done = is_done;
    if (!is_done(scene))
        loop_run(scene->loop);
}

static void push(struct end *end)
{
    static uint8_t bytes[MESSAGE_LEN];
    while (end->sent < MESSAGES && peer_is_writable(end->peer)) {
        memset(bytes, ++end->sent, sizeof bytes);
        assert_int_equal(peer_send(end->peer, 0, (struct span){0}, span_of(bytes, sizeof bytes)),
                         0);
    }
}

static void on_description(enum sdp_type type, const char *sdp, void *arg)
{
    struct end *end = arg;
    (void)type;
    end->sdp = xstrdup(sdp);
    check_done(end->scene);
}

/* The end of candidates; there are none. */
static void on_candidate(const char *json, void *arg)
{
    (void)arg;
    assert_non_null(strstr(json, "\"candidate\":\"\""));
}

static void on_state(enum peer_state state, void *arg)
{
    (void)state;
    (void)arg;
}

static void on_open(void *arg)
{
    struct end *end = arg;
    end->is_open = true;
    push(end);
    check_done(end->scene);
}

static void on_message(unsigned channel, struct span message, void *arg)
{
    struct end *end = arg;
    assert_int_equal(channel, 0);
    assert_int_equal(message.len, MESSAGE_LEN);
    assert_int_equal(message.data[0], ++end->received);
    assert_int_equal(message.data[MESSAGE_LEN - 1], end->received);
    check_done(end->scene);
}

static void on_writable(void *arg)
{
    push(arg);
}

static void on_path(enum peer_path_state state, void *arg)
{
    struct end *end = arg;
    end->path_changes += state == PEER_PATH_LOST;
}

static void on_close(const char *text, void *arg)
{
    (void)text;
    struct end *end = arg;
    end->is_closed = true;
    check_done(end->scene);
}

static const struct peer_handlers handlers = {on_description, on_candidate, on_state, on_open,
                                              on_message,     on_writable,  NULL,     NULL,
                                              on_path,        on_close};

static int setup(void **state)
{
    struct scene *scene = xcalloc(1, sizeof *scene);
    scene->loop = loop_new();
    scene->cert = cert_new();
    for (int i = 0; i < 2; i++) {
        struct end *end = &scene->ends[i];
        struct peer_config config = {.cert = scene->cert, .is_relay_only = true};
        end->scene = scene;
        end->peer = peer_new(scene->loop, &config, &handlers, end);
        end->carrier = xcalloc(1, sizeof *end->carrier);
        end->carrier->loop = scene->loop;
        rtc_path_init(&end->carrier->path, &carrier_ops, end->carrier->room);
    }
    scene->ends[0].carrier->other = scene->ends[1].carrier;
    scene->ends[1].carrier->other = scene->ends[0].carrier;
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    for (int i = 0; i < 2; i++)
        peer_close(scene->ends[i].peer);
    loop_free(scene->loop);
    for (int i = 0; i < 2; i++) {
        free(scene->ends[i].carrier);
        free(scene->ends[i].sdp);
    }
    cert_free(scene->cert);
    free(scene);
    return 0;
}

static bool first_is_described(const struct scene *scene)
{
    return scene->ends[0].sdp != NULL;
}

static bool second_is_described(const struct scene *scene)
{
    return scene->ends[1].sdp != NULL;
}

static bool both_open(const struct scene *scene)
{
    return scene->ends[0].is_open && scene->ends[1].is_open;
}

static bool all_received(const struct scene *scene)
{
    return scene->ends[0].received == MESSAGES && scene->ends[1].received == MESSAGES;
}

static bool second_closed(const struct scene *scene)
{
    return scene->ends[1].is_closed;
}

static void connect_both(struct scene *scene)
{
    struct end *first = &scene->ends[0];
    struct end *second = &scene->ends[1];
    const char *why = NULL;
    peer_offer(first->peer);
    peer_use_path(first->peer, &first->carrier->path);
    run_until(scene, first_is_described);
    assert_int_equal(peer_set_remote(second->peer, SDP_OFFER, first->sdp, &why), 0);
    peer_use_path(second->peer, &second->carrier->path);
    run_until(scene, second_is_described);
    assert_int_equal(peer_set_remote(first->peer, SDP_ANSWER, second->sdp, &why), 0);
    for (int i = 0; i < 2; i++)
        loop_defer(scene->loop, connect_carrier, scene->ends[i].carrier);
    run_until(scene, both_open);
}

static void test_peers_over_another_path(void **state)
{
    struct scene *scene = *state;
    struct peer_path path;
    char tried[PEER_TRIED_MAX];
    connect_both(scene);
    run_until(scene, all_received);
    for (int i = 0; i < 2; i++) {
        struct end *end = &scene->ends[i];
        assert_true(peer_get_path(end->peer, &path));
        assert_string_equal(path.local, "pigeon 1");
        assert_string_equal(peer_describe_tried(end->peer, tried), "pigeons");
        /* No datagram went another way: 2 MB in such small ones. */
        assert_true(end->carrier->sent > MESSAGES * MESSAGE_LEN / DATAGRAM_MAX);
    }
    /* The channel's close travels there, too. */
    peer_close(scene->ends[0].peer);
    scene->ends[0].peer = NULL;
    run_until(scene, second_closed);
    assert_true(scene->ends[1].carrier->received > 0);
}

static void test_news_of_another_path(void **state)
{
    struct scene *scene = *state;
    struct end *end = &scene->ends[0];
    connect_both(scene);
    struct rtc_path *path = &end->carrier->path;
    rtc_path_shut(path);
    path->handlers->on_change(PEER_PATH_LOST, false, path->arg);
    assert_int_equal(end->path_changes, 1);
    rtc_path_open(path, HEADER_LEN, 1);
    path->handlers->on_change(PEER_PATH_WORKS, true, path->arg);
    run_until(scene, all_received);
    /* Who is not used any more is not heard. */
    peer_use_path(end->peer, NULL);
    path->handlers->on_change(PEER_PATH_LOST, false, path->arg);
    path->handlers->on_failed("no more pigeons", path->arg);
    assert_int_equal(end->path_changes, 1);
    assert_false(end->is_closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst),
        cmocka_unit_test(test_burst_is_bounded),
        cmocka_unit_test(test_framing),
        cmocka_unit_test_setup_teardown(test_peers_over_another_path, setup, teardown),
        cmocka_unit_test_setup_teardown(test_news_of_another_path, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
