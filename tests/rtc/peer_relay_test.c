/*
 * Two peers that have a direct path now and then, and a relay beside it: which
 * one they use, what their owner is told, and that nothing is lost between.
 */
#include "testing.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "rtc/cert.h"
#include "rtc/peer_internal.h"

enum { MESSAGE_LEN = 20000, HEADER_LEN = 3 };

struct end;

/* A path of which the test says whether it is there. */
struct wire {
    struct rtc_path path;
    struct end *other;
    bool is_dead; /* what is sent is lost */
    uint8_t room[PATH_BURST_BYTES];
};

struct scene {
    struct loop *loop;
    struct cert *cert;
    bool (*is_done)(const struct scene *scene);
    struct end *ends[2];
};

struct end {
    struct scene *scene;
    struct end *other;
    struct peer *peer;
    struct wire wire;
    char *sdp;
    size_t relayed;
    unsigned received;
    bool is_open;
    enum peer_path_state told;
};

struct delivery {
    struct end *to;
    bool is_relayed;
    size_t len;
    uint8_t bytes[2048];
};

static void deliver(void *arg)
{
    struct delivery *d = arg;
    struct rtc_path *path = &d->to->wire.path;
    struct span datagram = span_of(d->bytes, d->len);
    if (d->is_relayed)
        peer_feed_relay(d->to->peer, datagram);
    else
        path->handlers->on_datagram(datagram, path->arg);
    free(d);
}

static void deliver_later(struct end *to, bool is_relayed, struct span datagram)
{
    struct delivery *d = xcalloc(1, sizeof *d);
    assert_true(datagram.len <= sizeof d->bytes);
    d->to = to;
    d->is_relayed = is_relayed;
    d->len = datagram.len;
    memcpy(d->bytes, datagram.data, datagram.len);
    loop_defer(to->scene->loop, deliver, d);
}

static void wire_send(struct rtc_path *path, struct burst *burst)
{
    struct wire *wire = (struct wire *)(void *)path;
    for (size_t i = 0; i < burst->count; i++) {
        size_t len = i + 1 < burst->count ? burst->datagram_len : burst->last_len;
        if (!wire->is_dead)
            deliver_later(wire->other, false,
                          span_of(burst->data + i * burst->segment + HEADER_LEN, len));
    }
}

static size_t wire_max(const struct rtc_path *path)
{
    return path ? 1400 : 0;
}

static bool wire_describe(const struct rtc_path *path, struct peer_path *out)
{
    (void)path;
    *out = (struct peer_path){.local = "wire"};
    return true;
}

static void wire_tried(struct rtc_path *path, char out[PEER_TRIED_MAX])
{
    (void)path;
    memcpy(out, "wires", sizeof "wires");
}

static const struct rtc_path_ops wire_ops = {wire_send, wire_max, wire_describe, wire_tried};

/* ---- what the peers tell ---- */

static void check_done(struct scene *scene)
{
    if (scene->is_done && scene->is_done(scene))
        loop_stop(scene->loop);
}

static void run_until(struct scene *scene, bool (*is_done)(const struct scene *scene))
{
    scene->is_done = is_done;
    while (!is_done(scene)) /* news under our own calls stop it once more */
        loop_run(scene->loop);
}

static void on_description(enum sdp_type type, const char *sdp, void *arg)
{
    struct end *end = arg;
    (void)type;
    free(end->sdp);
    end->sdp = xstrdup(sdp);
    check_done(end->scene);
}

static void on_candidate(const char *json, void *arg)
{
    (void)json, (void)arg;
}

static void on_state(enum peer_state state, void *arg)
{
    (void)state, (void)arg;
}

static void on_open(void *arg)
{
    struct end *end = arg;
    end->is_open = true;
    check_done(end->scene);
}

static void on_message(unsigned channel, struct span message, void *arg)
{
    struct end *end = arg;
    assert_int_equal(channel, 0);
    assert_int_equal(message.len, MESSAGE_LEN);
    assert_int_equal(message.data[0], (uint8_t)++end->received);
    check_done(end->scene);
}

static void on_writable(void *arg)
{
    (void)arg;
}

static void on_relay(struct span datagram, void *arg)
{
    struct end *end = arg;
    assert_memory_equal(peer_remote_relay_tag(end->peer), peer_relay_tag(end->other->peer),
                        PEER_RELAY_TAG_LEN);
    end->relayed++;
    deliver_later(end->other, true, datagram);
}

static void on_path(enum peer_path_state state, void *arg)
{
    struct end *end = arg;
    end->told = state;
    check_done(end->scene);
}

static void on_close(const char *text, void *arg)
{
    (void)arg;
    fail_msg("closed: %s", text);
}

/* ---- the scene ---- */

static int awaited; /* whose description */

static bool is_described(const struct scene *scene)
{
    return scene->ends[awaited]->sdp != NULL;
}

static bool both_open(const struct scene *scene)
{
    return scene->ends[0]->is_open && scene->ends[1]->is_open;
}

static unsigned expected;

static void send_both(struct scene *scene)
{
    static uint8_t bytes[MESSAGE_LEN];
    for (int i = 0; i < 2; i++) {
        struct end *end = scene->ends[i];
        bytes[0] = (uint8_t)(end->other->received + 1);
        assert_int_equal(peer_send(end->peer, 0, (struct span){0}, span_of(bytes, sizeof bytes)),
                         0);
    }
    expected = scene->ends[0]->received + 1;
}

static bool has_all(const struct scene *scene)
{
    return scene->ends[0]->received == expected && scene->ends[1]->received == expected;
}

/* A message each way, which arrive. */
static void exchange(struct scene *scene)
{
    send_both(scene);
    run_until(scene, has_all);
}

static void direct(struct scene *scene, enum peer_path_state state, bool is_other)
{
    for (int i = 0; i < 2; i++) {
        struct rtc_path *path = &scene->ends[i]->wire.path;
        scene->ends[i]->wire.is_dead = state != PEER_PATH_WORKS;
        if (state == PEER_PATH_LOST)
            rtc_path_shut(path);
        else if (is_other)
            rtc_path_open(path, HEADER_LEN, 1);
        path->handlers->on_change(state, is_other, path->arg);
    }
}

static void set_relay(struct scene *scene, bool can_relay)
{
    for (int i = 0; i < 2; i++)
        peer_set_relay(scene->ends[i]->peer, can_relay);
}

static enum peer_path_state wanted;

static bool both_told(const struct scene *scene)
{
    return scene->ends[0]->told == wanted && scene->ends[1]->told == wanted;
}

static void expect_told(struct scene *scene, enum peer_path_state state)
{
    wanted = state;
    run_until(scene, both_told);
}

static void check_path(struct scene *scene, bool is_last_resort)
{
    struct peer_path path;
    for (int i = 0; i < 2; i++) {
        assert_true(peer_get_path(scene->ends[i]->peer, &path));
        assert_int_equal(path.is_last_resort, is_last_resort);
    }
}

/* takes: whether each of them does. */
static struct scene *scene_new(bool first_takes, bool second_takes)
{
    static const struct peer_handlers handlers = {
        .on_description = on_description,
        .on_candidate = on_candidate,
        .on_state = on_state,
        .on_open = on_open,
        .on_message = on_message,
        .on_writable = on_writable,
        .on_relay = on_relay,
        .on_path = on_path,
        .on_close = on_close,
    };
    struct scene *scene = xcalloc(1, sizeof *scene);
    const char *why = NULL;
    scene->loop = loop_new();
    scene->cert = cert_new();
    for (int i = 0; i < 2; i++) {
        struct peer_config config = {.cert = scene->cert,
                                     .is_relay_only = true,
                                     .takes_relay = i == 0 ? first_takes : second_takes};
        struct end *end = scene->ends[i] = xcalloc(1, sizeof *end);
        end->scene = scene;
        end->peer = peer_new(scene->loop, &config, &handlers, end);
        rtc_path_init(&end->wire.path, &wire_ops, end->wire.room);
    }
    for (int i = 0; i < 2; i++)
        scene->ends[i]->wire.other = scene->ends[i]->other = scene->ends[1 - i];
    peer_offer(scene->ends[0]->peer);
    peer_use_path(scene->ends[0]->peer, &scene->ends[0]->wire.path);
    awaited = 0;
    run_until(scene, is_described);
    assert_int_equal(peer_set_remote(scene->ends[1]->peer, SDP_OFFER, scene->ends[0]->sdp, &why),
                     0);
    peer_use_path(scene->ends[1]->peer, &scene->ends[1]->wire.path);
    awaited = 1;
    run_until(scene, is_described);
    assert_int_equal(peer_set_remote(scene->ends[0]->peer, SDP_ANSWER, scene->ends[1]->sdp, &why),
                     0);
    return scene;
}

static void scene_free(struct scene *scene)
{
    scene->is_done = NULL;
    for (int i = 0; i < 2; i++)
        peer_close(scene->ends[i]->peer);
    loop_free(scene->loop);
    for (int i = 0; i < 2; i++) {
        free(scene->ends[i]->sdp);
        free(scene->ends[i]);
    }
    cert_free(scene->cert);
    free(scene);
}

static void fail_direct(struct scene *scene)
{
    for (int i = 0; i < 2; i++) {
        struct rtc_path *path = &scene->ends[i]->wire.path;
        path->handlers->on_failed("no wire", path->arg);
    }
}

static void connect_direct(struct scene *scene)
{
    for (int i = 0; i < 2; i++) {
        struct rtc_path *path = &scene->ends[i]->wire.path;
        rtc_path_open(path, HEADER_LEN, 1);
        path->handlers->on_connected(path->arg);
    }
}

/* From the relay to a direct path, and back in an outage. */
static void test_there_and_back(void **state)
{
    (void)state;
    struct scene *scene = scene_new(true, true);
    set_relay(scene, true);
    fail_direct(scene);
    run_until(scene, both_open);
    check_path(scene, true);
    exchange(scene);
    expect_told(scene, PEER_PATH_RELAYED); /* that a restart is worth while */

    send_both(scene);
    connect_direct(scene); /* with messages on their way */
    expect_told(scene, PEER_PATH_WORKS);
    run_until(scene, has_all);
    check_path(scene, false);
    size_t relayed = scene->ends[0]->relayed;
    exchange(scene);
    assert_int_equal(scene->ends[0]->relayed, relayed);

    send_both(scene);
    direct(scene, PEER_PATH_SILENT, false);
    expect_told(scene, PEER_PATH_RELAYED);
    run_until(scene, has_all);
    direct(scene, PEER_PATH_LOST, false);
    exchange(scene);
    check_path(scene, true);
    assert_int_equal(scene->ends[0]->told, PEER_PATH_RELAYED);
    scene_free(scene);
}

/* Signalling goes, and with it the relay; when it is back, all goes on. */
static void test_relay_goes(void **state)
{
    (void)state;
    struct scene *scene = scene_new(true, true);
    set_relay(scene, true);
    fail_direct(scene);
    run_until(scene, both_open);
    set_relay(scene, false);
    expect_told(scene, PEER_PATH_LOST);
    send_both(scene);
    set_relay(scene, true);
    expect_told(scene, PEER_PATH_RELAYED);
    run_until(scene, has_all);
    scene_free(scene);
}

/* One that does not say that it takes part is as one of before. */
static void test_one_does_not(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct scene *scene = scene_new(i == 0, i == 1);
        set_relay(scene, true);
        assert_null(strstr(scene->ends[1 - i]->sdp, "tunnel-relay"));
        assert_non_null(strstr(scene->ends[i]->sdp, "a=tunnel-relay:"));
        connect_direct(scene);
        run_until(scene, both_open);
        exchange(scene);
        direct(scene, PEER_PATH_SILENT, false);
        assert_int_equal(scene->ends[0]->told, PEER_PATH_SILENT);
        direct(scene, PEER_PATH_WORKS, false);
        exchange(scene);
        assert_int_equal(scene->ends[0]->relayed + scene->ends[1]->relayed, 0);
        scene_free(scene);
    }
}

/* Only one of them hears nothing any more: it alone takes the relay. */
static void test_one_way(void **state)
{
    (void)state;
    struct scene *scene = scene_new(true, true);
    set_relay(scene, true);
    connect_direct(scene);
    run_until(scene, both_open);
    struct end *end = scene->ends[0];
    end->wire.is_dead = true;
    end->wire.path.handlers->on_change(PEER_PATH_SILENT, false, end->wire.path.arg);
    assert_int_equal(end->told, PEER_PATH_RELAYED);
    exchange(scene);
    assert_true(end->relayed > 0);
    assert_int_equal(end->other->relayed, 0);
    scene_free(scene);
}

/* Neither hears anything any more, and one of them has noticed. */
static void test_followed(void **state)
{
    (void)state;
    struct scene *scene = scene_new(true, true);
    set_relay(scene, true);
    connect_direct(scene);
    run_until(scene, both_open);
    exchange(scene);
    struct end *end = scene->ends[0];
    end->wire.is_dead = end->other->wire.is_dead = true;
    end->wire.path.handlers->on_change(PEER_PATH_SILENT, false, end->wire.path.arg);
    exchange(scene);
    assert_true(end->other->relayed > 0);
    scene_free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_relay_goes),
        cmocka_unit_test(test_one_does_not),   cmocka_unit_test(test_one_way),
        cmocka_unit_test(test_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
