/*
 * Two peers of one process over real sockets, on one loop. What one hands to
 * signalling is given to the other at once, or as the test wants it.
 */
#include "testing.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/evp.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/random.h"
#include "net/loop.h"
#include "rtc/cert.h"
#include "rtc/peer_internal.h"
#include "sleeping.h"

enum { TIMEOUT_S = 60 * TEST_SLOWER, CANDIDATES_MAX = 64 };

struct end {
    struct scene *scene;
    struct end *other;
    struct cert *cert;
    struct peer *peer;
    struct peer_config config;

    /* Signalling of this end. */
    char *sdp; /* the last one */
    enum sdp_type type;
    int descriptions;
    bool is_described; /* since the test set it to false */
    size_t candidate_count;
    char *candidates[CANDIDATES_MAX];
    bool is_gathered;

    bool is_open;
    bool is_closed;
    uint64_t open_us;
    uint64_t closed_us;
    char close_text[1024];
    unsigned states; /* a bit each */

    EVP_MD_CTX *sent_digest;
    EVP_MD_CTX *received_digest;
    size_t sent_bytes;
    size_t to_send_bytes;
    size_t received_bytes;
    unsigned received;
    unsigned by_channel[1 + PEER_CHANNELS_MAX]; /* the same */
    unsigned writable;
    int path_changes;
    bool never_opens;
    bool never_connects;          /* its SCTP */
    uint64_t packets_before_open; /* of SCTP, received */
    bool is_early;                /* DTLS was not done then */
    struct rtc_path nowhere;
    unsigned sleeps_s; /* before DTLS */
    bool closes_on_open;
    bool closes_on_message;
};

struct scene {
    struct loop *loop;
    struct timer *watchdog;
    struct timer *poll;
    bool (*is_done)(struct scene *scene);
    bool is_manual; /* the test carries descriptions and candidates */
    uint64_t begin_us;
    struct ice_servers *servers;
    struct end ends[2]; /* offerer, answerer */
};

static void check_done(struct scene *scene)
{
    if (scene->is_done && scene->is_done(scene)) {
        scene->is_done = NULL;
        loop_stop(scene->loop);
    }
}

static void give_description(struct end *end, enum sdp_type type)
{
    const char *why = NULL;
    if (peer_set_remote(end->other->peer, type, end->sdp, &why) < 0)
        fail_msg("%s refused: %s\n%s", sdp_type_name(type), why, end->sdp);
}

static void on_description(enum sdp_type type, const char *sdp, void *arg)
{
    struct end *end = arg;
    free(end->sdp);
    end->sdp = xstrdup(sdp);
    end->type = type;
    end->descriptions++;
    end->is_described = true;
    end->is_gathered = false;
    if (!end->scene->is_manual)
        give_description(end, type);
    check_done(end->scene);
}

static void on_candidate(const char *json, void *arg)
{
    struct end *end = arg;
    assert_non_null(end->sdp); /* never before the description */
    assert_false(end->is_gathered);
    assert_true(end->candidate_count < CANDIDATES_MAX);
    end->is_gathered = strstr(json, "\"candidate\":\"\"") != NULL;
    end->candidates[end->candidate_count++] = xstrdup(json);
    if (!end->scene->is_manual)
        peer_add_candidate(end->other->peer, json);
    check_done(end->scene);
}

static void on_state(enum peer_state state, void *arg)
{
    struct end *end = arg;
    end->states |= 1u << state;
    if (state == PEER_OPENING && end->never_opens)
        end->peer->is_offerer = false;
    if (state == PEER_OPENING && end->never_connects) {
        rtc_path_init(&end->nowhere, NULL, NULL);
        peer_use_path(end->peer, &end->nowhere);
    }
    if (state == PEER_SECURING && end->sleeps_s > 0)
        machine_sleeps(end->sleeps_s);
    assert_int_equal(peer_get_state(end->peer), state);
    check_done(end->scene);
}

static void push(struct end *end);

static void on_open(void *arg)
{
    struct end *end = arg;
    struct sctp_stats stats;
    sctp_assoc_stats(end->peer->sctp, &stats);
    end->packets_before_open = stats.received_packets;
    end->is_early = !dtls_is_connected(end->peer->dtls);
    assert_false(end->is_open);
    end->is_open = true;
    end->open_us = clock_now_us();
    if (end->closes_on_open) {
        peer_close(end->peer);
        end->peer = NULL;
    } else {
        push(end);
    }
    check_done(end->scene);
}

static void on_message(unsigned channel, struct span message, void *arg)
{
    struct end *end = arg;
    end->by_channel[channel]++;
    assert_true(end->is_open);
    assert_false(end->is_closed);
    EVP_DigestUpdate(end->received_digest, message.data, message.len);
    end->received_bytes += message.len;
    end->received++;
    if (end->closes_on_message) {
        peer_close(end->peer);
        end->peer = NULL;
    }
    check_done(end->scene);
}

static void on_writable(void *arg)
{
    struct end *end = arg;
    assert_true(peer_is_writable(end->peer));
    end->writable++;
    push(end);
    check_done(end->scene);
}

static void on_close(const char *text, void *arg)
{
    struct end *end = arg;
    assert_false(end->is_closed);
    end->is_closed = true;
    end->closed_us = clock_now_us();
    snprintf(end->close_text, sizeof end->close_text, "%s", text);
    check_done(end->scene);
}

static void on_path(enum peer_path_state state, void *arg)
{
    struct end *end = arg;
    assert_true(end->is_open);
    if (end->other->peer) /* who is gone may be missed before the goodbye is there */
        assert_int_equal(state, PEER_PATH_WORKS);
    end->path_changes++;
    check_done(end->scene);
}

static const struct peer_handlers handlers = {on_description, on_candidate, on_state,
                                              on_open,        on_message,   on_writable,
                                              NULL,           on_path,      on_close};

/* Sends until the queue is over its mark or all is sent. */
static void push(struct end *end)
{
    static uint8_t bytes[PEER_MESSAGE_MAX];
    while (end->sent_bytes < end->to_send_bytes && peer_is_writable(end->peer)) {
        size_t len = 1 + random_below(PEER_MESSAGE_MAX);
        if (len > end->to_send_bytes - end->sent_bytes)
            len = end->to_send_bytes - end->sent_bytes;
        random_bytes(bytes, len < 64 ? len : 64);
        size_t head = len < 5 ? len : 5;
        assert_int_equal(peer_send(end->peer, 0, span_of(bytes, head),
                                   span_of(bytes + head, len - head)),
                         0);
        EVP_DigestUpdate(end->sent_digest, bytes, len);
        end->sent_bytes += len;
    }
}

static void on_watchdog(void *arg)
{
    struct scene *scene = arg;
    for (int i = 0; i < 2; i++)
        print_error("end %d: open %d closed %d \"%s\" received %zu of %zu\n", i,
                    scene->ends[i].is_open, scene->ends[i].is_closed, scene->ends[i].close_text,
                    scene->ends[i].received_bytes, scene->ends[1 - i].sent_bytes);
    fail_msg("not done in %d s", TIMEOUT_S);
}

static void run_until(struct scene *scene, bool (*is_done)(struct scene *scene))
{
    if (is_done(scene))
        return;
    scene->is_done = is_done;
    timer_start_in(scene->watchdog, TIMEOUT_S * US_PER_S);
    loop_run(scene->loop);
    timer_stop(scene->watchdog);
}

static bool is_time(struct scene *scene)
{
    (void)scene;
    return false;
}

static void on_poll(void *arg)
{
    struct scene *scene = arg;
    scene->is_done = NULL;
    loop_stop(scene->loop);
}

/* For what must not happen. */
static void run_for(struct scene *scene, uint64_t duration_us)
{
    timer_start_in(scene->poll, duration_us);
    run_until(scene, is_time);
}

static int setup(void **state)
{
    struct scene *scene = xcalloc(1, sizeof *scene);
    scene->loop = loop_new();
    scene->watchdog = timer_new(scene->loop, on_watchdog, scene);
    scene->poll = timer_new(scene->loop, on_poll, scene);
    scene->servers = ice_servers_new(scene->loop);
    for (int i = 0; i < 2; i++) {
        struct end *end = &scene->ends[i];
        end->scene = scene;
        end->other = &scene->ends[1 - i];
        end->cert = cert_new();
        end->config = (struct peer_config){
            .cert = end->cert,
            .servers = scene->servers,
            .tool = i == 0 ? "first" : "second",
            .promise = i == 0 ? "all" : NULL,
        };
        end->peer = peer_new(scene->loop, &end->config, &handlers, end);
        end->sent_digest = EVP_MD_CTX_new();
        end->received_digest = EVP_MD_CTX_new();
        EVP_DigestInit_ex(end->sent_digest, EVP_sha256(), NULL);
        EVP_DigestInit_ex(end->received_digest, EVP_sha256(), NULL);
    }
    scene->begin_us = clock_now_us();
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    for (int i = 0; i < 2; i++) {
        struct end *end = &scene->ends[i];
        peer_close(end->peer);
        EVP_MD_CTX_free(end->sent_digest);
        EVP_MD_CTX_free(end->received_digest);
        free(end->sdp);
        for (size_t k = 0; k < end->candidate_count; k++)
            free(end->candidates[k]);
    }
    timer_free(scene->watchdog);
    timer_free(scene->poll);
    ice_servers_free(scene->servers);
    loop_free(scene->loop);
    for (int i = 0; i < 2; i++)
        cert_free(scene->ends[i].cert);
    free(scene);
    return 0;
}

static uint64_t cpu_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / 1000;
}

/* ---- conditions ---- */

static bool both_open(struct scene *scene)
{
    return scene->ends[0].is_open && scene->ends[1].is_open;
}

static bool all_received(struct scene *scene)
{
    return scene->ends[0].received_bytes == scene->ends[1].to_send_bytes &&
           scene->ends[1].received_bytes == scene->ends[0].to_send_bytes;
}

static bool both_opening(struct scene *scene)
{
    unsigned mask = 1u << PEER_OPENING;
    return (scene->ends[0].states & scene->ends[1].states & mask) != 0;
}

static bool second_closed(struct scene *scene)
{
    return scene->ends[1].is_closed;
}

static bool any_closed(struct scene *scene)
{
    return scene->ends[0].is_closed || scene->ends[1].is_closed;
}

static bool second_described(struct scene *scene)
{
    return scene->ends[1].sdp != NULL;
}

static bool first_described(struct scene *scene)
{
    return scene->ends[0].sdp != NULL;
}

static bool first_gathered(struct scene *scene)
{
    return scene->ends[0].is_gathered;
}

static bool second_gathered(struct scene *scene)
{
    return scene->ends[1].is_gathered;
}

static void connect_both(struct scene *scene)
{
    peer_offer(scene->ends[0].peer);
    run_until(scene, both_open);
}

static void assert_same_digest(struct end *from, struct end *to)
{
    uint8_t sent[EVP_MAX_MD_SIZE];
    uint8_t received[EVP_MAX_MD_SIZE];
    EVP_DigestFinal_ex(from->sent_digest, sent, NULL);
    EVP_DigestFinal_ex(to->received_digest, received, NULL);
    assert_memory_equal(sent, received, 32);
}

/* Time that went by without work for us: a slow machine does not count. */
static uint64_t waited_us(uint64_t begin_us, uint64_t begin_cpu_us)
{
    uint64_t wall = clock_now_us() - begin_us;
    uint64_t cpu = cpu_now_us() - begin_cpu_us;
    return wall > cpu ? wall - cpu : 0;
}

/* A machine that stands still makes one try slow; what waits for a timer is
 * slow each time. */
static void assert_at_once(void **state, bool (*is_at_once)(struct scene *scene))
{
    for (int tries = 1; !is_at_once(*state); tries++) {
        assert_true(tries < 5);
        teardown(state);
        setup(state);
    }
}

/* ---- tests ---- */

static bool opens_at_once(struct scene *scene)
{
    uint64_t begin_us = clock_now_us();
    uint64_t begin_cpu_us = cpu_now_us();
    connect_both(scene);
    return waited_us(begin_us, begin_cpu_us) < US_PER_S / 2;
}

static void test_opens_at_once(void **state)
{
    assert_at_once(state, opens_at_once);
    struct scene *scene = *state;
    for (int i = 0; i < 2; i++) {
        struct end *end = &scene->ends[i];
        struct peer_path path;
        assert_true(peer_get_path(end->peer, &path));
        assert_false(path.is_relayed);
        assert_non_null(strstr(path.local, "host "));
        assert_int_equal(end->states, 1u << PEER_CONNECTING | 1u << PEER_SECURING |
                                          1u << PEER_OPENING | 1u << PEER_OPEN);
        assert_memory_equal(peer_remote_fingerprint(end->peer), cert_fingerprint(end->other->cert),
                            CERT_FINGERPRINT_LEN);
        assert_string_equal(peer_remote_tool(end->peer), end->other->config.tool);
        assert_true(span_is_string(peer_remote_promise(end->peer),
                                   end->other->config.promise ? end->other->config.promise : ""));
        assert_true(peer_is_writable(end->peer));
    }
}

static bool second_secures(struct scene *scene)
{
    return scene->ends[1].states & 1u << PEER_SECURING;
}

/* The answerer begins DTLS while its answer is held up, as libdatachannel does:
 * what it sends is kept, lest the next that it sends be waited for. */
static bool opens_behind_a_late_answer(struct scene *scene)
{
    struct end *first = &scene->ends[0];
    struct end *second = &scene->ends[1];
    scene->is_manual = true;
    peer_offer(first->peer);
    run_until(scene, first_described);
    give_description(first, SDP_OFFER);
    run_until(scene, second_secures);
    /* Between the fourth time that it is sent and the fifth. */
    run_for(scene, 750 * US_PER_MS);
    assert_false(first->is_open);
    uint64_t begin_us = clock_now_us();
    uint64_t begin_cpu_us = cpu_now_us();
    give_description(second, SDP_ANSWER);
    run_until(scene, both_open);
    return waited_us(begin_us, begin_cpu_us) < US_PER_S / 3;
}

static void test_dtls_before_the_answer(void **state)
{
    assert_at_once(state, opens_behind_a_late_answer);
}

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

static bool close_is_noticed(struct scene *scene, int side)
{
    struct end *other = &scene->ends[1 - side];
    connect_both(scene);
    peer_close(scene->ends[side].peer);
    scene->ends[side].peer = NULL;
    uint64_t closed_us = clock_now_us();
    run_until(scene, any_closed);
    assert_true(other->is_closed);
    assert_non_null(strstr(other->close_text, "closed"));
    assert_true(peer_has_heard_goodbye(other->peer));
    assert_int_equal(peer_get_state(other->peer), PEER_CLOSED);
    assert_int_equal(peer_send(other->peer, 0, SPAN_LITERAL("x"), (struct span){0}), -ENOTCONN);
    return other->closed_us - closed_us < 200 * US_PER_MS;
}

static bool close_of_first_is_noticed(struct scene *scene)
{
    return close_is_noticed(scene, 0);
}

static bool close_of_second_is_noticed(struct scene *scene)
{
    return close_is_noticed(scene, 1);
}

static void test_close_is_noticed(void **state)
{
    assert_at_once(state, close_of_first_is_noticed);
    teardown(state);
    setup(state);
    assert_at_once(state, close_of_second_is_noticed);
}

static bool close_is_noticed_while_paused_and_full(struct scene *scene)
{
    struct end *from = &scene->ends[0];
    struct end *to = &scene->ends[1];
    peer_set_reading(to->peer, false);
    from->to_send_bytes = 32 << 20;
    connect_both(scene);
    run_for(scene, US_PER_S / 2);
    peer_close(from->peer);
    from->peer = NULL;
    uint64_t closed_us = clock_now_us();
    run_until(scene, any_closed);
    assert_int_equal(to->received, 0);
    return to->closed_us - closed_us < 200 * US_PER_MS;
}

static void test_close_is_noticed_while_paused_and_full(void **state)
{
    assert_at_once(state, close_is_noticed_while_paused_and_full);
}

/* What was to be sent at the turn's end is no longer there then. The rate that
 * the first megabytes show makes room for a long queue. */
static void test_close_in_the_turn_that_filled_the_queue(void **state)
{
    struct scene *scene = *state;
    struct end *from = &scene->ends[0];
    from->to_send_bytes = 4 << 20;
    peer_offer(from->peer);
    run_until(scene, all_received);
    from->to_send_bytes += 4 << 20;
    push(from);
    peer_close(from->peer);
    from->peer = NULL;
    run_until(scene, any_closed);
    assert_true(scene->ends[1].is_closed);
}

static void test_close_under_handlers(void **state)
{
    struct scene *scene = *state;
    scene->ends[0].to_send_bytes = 1 << 20;
    scene->ends[1].closes_on_message = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, any_closed);
    assert_true(scene->ends[0].is_closed);
    assert_int_equal(scene->ends[1].received, 1);
    teardown(state);
    setup(state);
    scene = *state;
    scene->ends[0].closes_on_open = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, any_closed);
    assert_true(scene->ends[1].is_closed);
}

static void test_close_at_every_step(void **state)
{
    for (int steps = 0; steps < 40; steps++) {
        struct scene *scene = *state;
        peer_offer(scene->ends[0].peer);
        if (steps > 0)
            run_for(scene, (uint64_t)steps * US_PER_MS);
        for (int i = 0; i < 2; i++) {
            peer_close(scene->ends[i].peer);
            scene->ends[i].peer = NULL;
        }
        teardown(state);
        setup(state);
    }
}

static void test_all_candidates_in_the_description(void **state)
{
    struct scene *scene = *state;
    scene->is_manual = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, first_described);
    assert_non_null(strstr(scene->ends[0].sdp, "a=candidate:"));
    give_description(&scene->ends[0], SDP_OFFER);
    run_until(scene, second_described);
    assert_non_null(strstr(scene->ends[1].sdp, "a=candidate:"));
    give_description(&scene->ends[1], SDP_ANSWER);
    run_until(scene, both_open); /* no candidate was carried */
}

/* Moves the candidates of a description into trickled ones. */
static char *strip_candidates(const char *sdp, char *candidates[], size_t *count)
{
    char *out = xcalloc(strlen(sdp) + 1, 1);
    size_t len = 0;
    *count = 0;
    for (const char *line = sdp; *line;) {
        const char *end = strstr(line, "\r\n") + 2;
        size_t line_len = (size_t)(end - line);
        if (strncmp(line, "a=candidate:", 12) == 0) {
            char *json = xasprintf("{\"candidate\":\"%.*s\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0}",
                                   (int)line_len - 4, line + 2);
            candidates[(*count)++] = json;
        } else if (strncmp(line, "a=end-of-candidates", 19) != 0) {
            memcpy(out + len, line, line_len);
            len += line_len;
        }
        line = end;
    }
    return out;
}

static void give_stripped(struct end *end, enum sdp_type type, bool candidates_first)
{
    char *candidates[CANDIDATES_MAX];
    size_t count;
    const char *why = NULL;
    char *sdp = strip_candidates(end->sdp, candidates, &count);
    assert_true(count > 0);
    if (!candidates_first)
        assert_int_equal(peer_set_remote(end->other->peer, type, sdp, &why), 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(peer_add_candidate(end->other->peer, candidates[i]), 0);
        free(candidates[i]);
    }
    assert_int_equal(peer_add_candidate(end->other->peer, "null"), 0);
    if (candidates_first)
        assert_int_equal(peer_set_remote(end->other->peer, type, sdp, &why), 0);
    free(sdp);
}

static void connect_stripped(struct scene *scene, bool candidates_first)
{
    scene->is_manual = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, first_gathered);
    give_stripped(&scene->ends[0], SDP_OFFER, candidates_first);
    run_until(scene, second_gathered);
    give_stripped(&scene->ends[1], SDP_ANSWER, candidates_first);
    run_until(scene, both_open);
}

static void test_no_candidates_in_the_description(void **state)
{
    connect_stripped(*state, false);
}

static void test_candidates_before_the_description(void **state)
{
    connect_stripped(*state, true);
}

static void test_unusable_candidates_are_skipped(void **state)
{
    struct scene *scene = *state;
    peer_offer(scene->ends[0].peer);
    run_until(scene, second_described);
    static const char *const unused[] = {
        "{\"candidate\":\"candidate:1 1 udp 2113937151 "
        "0b1c2d3e-aaaa-bbbb-cccc-001122334455.local 50000 typ host\",\"sdpMid\":\"0\"}",
        "{\"candidate\":\"candidate:1 2 udp 2113937151 192.0.2.7 50000 typ host\"}",
        "{\"candidate\":\"candidate:1 1 tcp 2113937151 192.0.2.7 9 typ host tcptype active\"}",
        "{\"candidate\":\"candidate:1 1 udp 2113937151 fe80::1 50000 typ host\"}",
        "{\"candidate\":\"candidate:1 1 udp 2113937151 192.0.2.7 0 typ host\"}",
    };
    static const char *const unusable[] = {
        "{\"candidate\":\"candidate:1 1 udp 2113937151 192.0.2.7 5000 typ host\","
        "\"usernameFragment\":\"another\"}",
        "{\"candidate\":\"rubbish\"}",
        "{\"candidate\":7}",
        "[]",
        "rubbish",
        "",
    };
    for (size_t i = 0; i < sizeof unused / sizeof *unused; i++)
        assert_int_equal(peer_add_candidate(scene->ends[1].peer, unused[i]), 0);
    for (size_t i = 0; i < sizeof unusable / sizeof *unusable; i++)
        assert_int_equal(peer_add_candidate(scene->ends[1].peer, unusable[i]), -EINVAL);
    run_until(scene, both_open);
}

static void test_garbage_descriptions_are_refused(void **state)
{
    struct scene *scene = *state;
    struct peer *peer = scene->ends[1].peer;
    const char *why = NULL;
    assert_int_equal(peer_set_remote(peer, SDP_OFFER, "rubbish", &why), -EINVAL);
    assert_non_null(why);
    assert_int_equal(peer_set_remote(peer, SDP_OFFER, "", &why), -EINVAL);
    assert_int_equal(peer_set_remote(peer, SDP_OFFER, "v=0\r\n", &why), -EINVAL);
    assert_non_null(strstr(why, "data channel"));
    /* An answer without an offer, an offer against ours, and each twice. */
    scene->is_manual = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, first_described);
    assert_int_equal(peer_set_remote(peer, SDP_ANSWER, scene->ends[0].sdp, &why), -EINVAL);
    assert_int_equal(peer_set_remote(scene->ends[0].peer, SDP_OFFER, scene->ends[0].sdp, &why),
                     -EINVAL);
    give_description(&scene->ends[0], SDP_OFFER);
    assert_int_equal(peer_set_remote(peer, SDP_OFFER, scene->ends[0].sdp, &why), -EINVAL);
    run_until(scene, second_described);
    assert_int_equal(peer_set_remote(scene->ends[0].peer, SDP_ANSWER, "rubbish", &why), -EINVAL);
    give_description(&scene->ends[1], SDP_ANSWER);
    assert_int_equal(peer_set_remote(scene->ends[0].peer, SDP_ANSWER, scene->ends[1].sdp, &why),
                     -EINVAL);
    run_until(scene, both_open);
}

static void test_wrong_fingerprint_is_refused(void **state)
{
    struct scene *scene = *state;
    scene->is_manual = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, first_described);
    char *digit = strstr(scene->ends[0].sdp, "sha-256 ") + 8;
    *digit = *digit == 'A' ? 'B' : 'A';
    give_description(&scene->ends[0], SDP_OFFER);
    run_until(scene, second_described);
    give_description(&scene->ends[1], SDP_ANSWER);
    run_until(scene, any_closed);
    assert_false(scene->ends[1].is_open);
    assert_non_null(strstr(scene->ends[1].close_text, "fingerprint"));
}

/* ---- SNAP ---- */

static void sdp_value(const char *sdp, const char *name, char out[64]);

/* The description with another a=sctp-init; NULL: without. */
static void replace_init(struct end *end, const char *value)
{
    char *line = strstr(end->sdp, "a=sctp-init:");
    if (line) {
        char *rest = strstr(line, "\r\n") + 2;
        memmove(line, rest, strlen(rest) + 1);
    }
    if (value) {
        char *longer = xasprintf("%sa=sctp-init:%s\r\n", end->sdp, value);
        free(end->sdp);
        end->sdp = longer;
    }
}

static bool first_has_hello(struct scene *scene)
{
    return scene->ends[1].sdp && scene->ends[0].peer->early_datagrams.len > 0;
}

static bool first_describes(struct scene *scene)
{
    return scene->ends[0].is_described;
}

static bool both_described(struct scene *scene)
{
    return scene->ends[0].is_described && scene->ends[1].is_described;
}

/* DTLS goes with ICE's checks where both descriptions say so. */
static void test_dtls_in_checks(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct scene *scene = *state;
        bool is_spoken = i == 0;
        scene->is_manual = true;
        peer_offer(scene->ends[0].peer);
        run_until(scene, first_described);
        char *option = strstr(scene->ends[0].sdp, "trickle sped");
        assert_non_null(option);
        if (!is_spoken)
            memcpy(option, "trickle other", 12);
        give_description(&scene->ends[0], SDP_OFFER);
        run_until(scene, second_described);
        assert_int_equal(strstr(scene->ends[1].sdp, " sped") != NULL, is_spoken);
        give_description(&scene->ends[1], SDP_ANSWER);
        run_until(scene, both_open);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(scene->ends[k].peer->has_ridden, is_spoken);
            assert_int_equal(scene->ends[k].peer->sped.is_heard, is_spoken);
        }
        teardown(state);
        setup(state);
    }
}

/* The answerer's check, with its ClientHello, is there before its answer. */
static void test_dtls_in_checks_before_the_answer(void **state)
{
    struct scene *scene = *state;
    scene->is_manual = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, first_described);
    give_description(&scene->ends[0], SDP_OFFER);
    run_until(scene, first_has_hello);
    assert_int_equal(peer_get_state(scene->ends[0].peer), PEER_NEW);
    give_description(&scene->ends[1], SDP_ANSWER);
    run_until(scene, both_open);
}

/* What is wrong with the handshake is told once, and behind ICE's call. */
static void test_wrong_fingerprint_in_checks(void **state)
{
    struct scene *scene = *state;
    scene->is_manual = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, first_described);
    give_description(&scene->ends[0], SDP_OFFER);
    run_until(scene, second_described);
    char *digit = strstr(scene->ends[1].sdp, "sha-256 ") + 8;
    *digit = *digit == 'A' ? 'B' : 'A';
    give_description(&scene->ends[1], SDP_ANSWER);
    run_until(scene, any_closed);
    assert_false(scene->ends[0].is_open);
    assert_non_null(strstr(scene->ends[0].close_text, "fingerprint"));
}

static void test_sctp_without_a_handshake(void **state)
{
    struct scene *scene = *state;
    connect_both(scene);
    char before[2][64];
    for (int i = 0; i < 2; i++)
        sdp_value(scene->ends[i].sdp, "a=sctp-init:", before[i]);
    assert_string_not_equal(before[0], before[1]);
    assert_int_equal(scene->ends[0].packets_before_open, 0);
    /* Of the session: it stays. */
    scene->ends[0].is_described = scene->ends[1].is_described = false;
    assert_int_equal(peer_restart(scene->ends[1].peer), 0);
    run_until(scene, both_described);
    for (int i = 0; i < 2; i++) {
        char now[64];
        sdp_value(scene->ends[i].sdp, "a=sctp-init:", now);
        assert_string_equal(now, before[i]);
    }
}

/* The first is one of ours and says so: the second may send at the end of its
 * part of DTLS, before their OPEN; which it acknowledges all the same. Not
 * so the first, whom nobody has promised anything. */
static void test_sends_before_the_channel_is_opened(void **state)
{
    struct scene *scene = *state;
    struct end *second = &scene->ends[1];
    second->to_send_bytes = scene->ends[0].to_send_bytes = 100 << 10;
    peer_offer(scene->ends[0].peer);
    run_until(scene, all_received);
    assert_true(second->is_early);
    assert_false(second->peer->first.is_awaited);
    assert_same_digest(&scene->ends[0], second);
    assert_same_digest(second, &scene->ends[0]);
}

/* Where one of them does not know of it, or says what is no INIT, there is a
 * handshake as ever; also where it repeats our line. */
static void test_sctp_with_a_handshake(void **state)
{
    static const char *const values[] = {NULL, "", "AAAA", "=", "AQAAFAAAAAAAAQAAAAEAAQAAAAE="};
    for (size_t i = 0; i <= sizeof values / sizeof *values; i++) {
        struct scene *scene = *state;
        struct end *first = &scene->ends[0];
        struct end *second = &scene->ends[1];
        bool is_echo = i == sizeof values / sizeof *values;
        scene->is_manual = true;
        peer_offer(first->peer);
        run_until(scene, first_described);
        replace_init(first, is_echo ? NULL : values[i]);
        give_description(first, SDP_OFFER);
        run_until(scene, second_described);
        assert_null(strstr(second->sdp, "a=sctp-init"));
        if (is_echo)
            replace_init(second, first->peer->local.sctp_init);
        give_description(second, SDP_ANSWER);
        run_until(scene, both_open);
        assert_true(first->packets_before_open > 0);
        /* What was not agreed on at first is not to be had later. */
        first->is_described = false;
        assert_int_equal(peer_restart(first->peer), 0);
        run_until(scene, first_describes);
        assert_null(strstr(first->sdp, "a=sctp-init"));
        teardown(state);
        setup(state);
    }
}

static void test_answer_with_a_wrong_init(void **state)
{
    struct scene *scene = *state;
    const char *why = NULL;
    scene->is_manual = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, first_described);
    give_description(&scene->ends[0], SDP_OFFER);
    run_until(scene, second_described);
    char *good = xstrdup(scene->ends[1].peer->local.sctp_init);
    replace_init(&scene->ends[1], "AAAA");
    assert_int_equal(peer_set_remote(scene->ends[0].peer, SDP_ANSWER, scene->ends[1].sdp, &why),
                     -EINVAL);
    assert_non_null(strstr(why, "sctp-init"));
    replace_init(&scene->ends[1], good);
    free(good);
    give_description(&scene->ends[1], SDP_ANSWER);
    run_until(scene, both_open);
    assert_int_equal(scene->ends[0].packets_before_open, 0);
}

/* An offerer whose SCTP does not get to opening the channel is given up long
 * before the connection's time is over; on a slow path it has longer. */
static void test_channel_that_never_opens(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct scene *scene = *state;
        bool is_slow = i == 1;
        scene->ends[0].never_opens = true;
        scene->ends[0].peer->config.promise = NULL; /* or it were not waited for */
        for (int k = 0; k < 2; k++)
            scene->ends[k].sleeps_s = is_slow ? 4 : 0;
        peer_offer(scene->ends[0].peer);
        run_until(scene, both_opening);
        machine_sleeps(12);
        run_for(scene, US_PER_MS);
        assert_int_equal(scene->ends[1].is_closed, !is_slow);
        machine_sleeps(30);
        run_until(scene, second_closed);
        assert_non_null(strstr(scene->ends[1].close_text, "did not open within"));
        teardown(state);
        machine_forgets_sleep();
        setup(state);
    }
}

/* Who is busy, or has lost an INIT, has longer for that. */
static void test_sctp_that_never_connects(void **state)
{
    struct scene *scene = *state;
    struct end *first = &scene->ends[0];
    struct end *second = &scene->ends[1];
    first->never_connects = true;
    scene->is_manual = true;
    peer_offer(first->peer);
    run_until(scene, first_described);
    replace_init(first, NULL); /* or there were no handshake */
    give_description(first, SDP_OFFER);
    run_until(scene, second_described);
    give_description(second, SDP_ANSWER);
    run_until(scene, both_opening);
    machine_sleeps(8);
    run_for(scene, US_PER_MS);
    assert_false(second->is_closed);
    machine_sleeps(3);
    run_until(scene, second_closed);
    assert_non_null(strstr(second->close_text, "SCTP did not connect within"));
    machine_forgets_sleep();
}

/* ---- ICE restarts ---- */

static void sdp_value(const char *sdp, const char *name, char out[64])
{
    const char *at = strstr(sdp, name);
    assert_non_null(at);
    at += strlen(name);
    snprintf(out, 64, "%.*s", (int)strcspn(at, "\r"), at);
}

static bool both_on_new_paths(struct scene *scene)
{
    return scene->ends[0].path_changes > 0 && scene->ends[1].path_changes > 0;
}

static bool half_received(struct scene *scene)
{
    return scene->ends[0].received_bytes > scene->ends[1].to_send_bytes / 2;
}

/* Either side restarts in mid-transfer: new credentials on both, the session
 * the same, and every byte arrives once. */
static void test_restart_under_traffic(void **state)
{
    for (int who = 0; who < 2; who++) {
        struct scene *scene = *state;
        char before[2][2][64];
        char after[2][2][64];
        for (int i = 0; i < 2; i++)
            scene->ends[i].to_send_bytes = 8 << 20;
        peer_offer(scene->ends[0].peer);
        run_until(scene, half_received);
        for (int i = 0; i < 2; i++) {
            sdp_value(scene->ends[i].sdp, "a=ice-ufrag:", before[i][0]);
            sdp_value(scene->ends[i].sdp, "o=- ", before[i][1]);
        }
        scene->ends[0].path_changes = scene->ends[1].path_changes = 0;
        assert_int_equal(peer_restart(scene->ends[who].peer), 0);
        assert_int_equal(peer_restart(scene->ends[who].peer), -EALREADY);
        run_until(scene, both_on_new_paths);
        run_until(scene, all_received);
        for (int i = 0; i < 2; i++) {
            struct end *end = &scene->ends[i];
            sdp_value(end->sdp, "a=ice-ufrag:", after[i][0]);
            sdp_value(end->sdp, "o=- ", after[i][1]);
            assert_string_not_equal(before[i][0], after[i][0]);
            /* "ID 2 IN …" became "ID 3 IN …". */
            assert_memory_equal(before[i][1], after[i][1], strcspn(before[i][1], " ") + 1);
            assert_non_null(strstr(after[i][1], " 3 IN"));
            assert_int_equal(end->type, i == who ? SDP_OFFER : SDP_ANSWER);
            assert_int_equal(end->descriptions, 2);
            assert_same_digest(end, end->other);
        }
        assert_non_null(strstr(scene->ends[who].sdp, "a=setup:actpass"));
        /* The answerer of the first round was the DTLS client, and stays it. */
        assert_non_null(
            strstr(scene->ends[1 - who].sdp, who == 0 ? "a=setup:active" : "a=setup:passive"));
        teardown(state);
        setup(state);
    }
}

static bool both_restart_offered(struct scene *scene)
{
    return scene->ends[0].descriptions == 2 && scene->ends[1].descriptions == 2;
}

static bool second_answered(struct scene *scene)
{
    return scene->ends[1].descriptions == 3;
}

/* Both restart at once, and the offers cross: the first offerer's wins, with
 * the other's candidates, which came before its answer. */
static void test_restarts_cross(void **state)
{
    struct scene *scene = *state;
    struct end *first = &scene->ends[0];
    struct end *second = &scene->ends[1];
    connect_both(scene);
    scene->is_manual = true;
    first->path_changes = second->path_changes = 0;
    for (int i = 0; i < 2; i++) {
        struct end *end = &scene->ends[i];
        for (size_t k = 0; k < end->candidate_count; k++)
            free(end->candidates[k]);
        end->candidate_count = 0;
        assert_int_equal(peer_restart(end->peer), 0);
    }
    run_until(scene, both_restart_offered);
    char ufrag[64];
    sdp_value(second->sdp, "a=ice-ufrag:", ufrag);
    give_description(second, SDP_OFFER);
    for (size_t k = 0; k < second->candidate_count; k++)
        assert_int_equal(peer_add_candidate(first->peer, second->candidates[k]), 0);
    give_description(first, SDP_OFFER);
    run_until(scene, second_answered);
    assert_int_equal(second->type, SDP_ANSWER);
    assert_non_null(strstr(second->sdp, ufrag)); /* of its own offer */
    assert_int_equal(first->type, SDP_OFFER);    /* no answer */
    give_description(second, SDP_ANSWER);
    run_until(scene, both_on_new_paths);
    first->to_send_bytes = second->to_send_bytes = 1 << 20;
    push(first);
    push(second);
    run_until(scene, all_received);
    assert_same_digest(first, second);
    assert_same_digest(second, first);
}

static bool first_offered_again(struct scene *scene)
{
    return scene->ends[0].descriptions == 3;
}

/* Both restart at once, and have offered. */
static void restart_both(struct scene *scene)
{
    connect_both(scene);
    scene->is_manual = true;
    for (int i = 0; i < 2; i++) {
        scene->ends[i].path_changes = 0;
        assert_int_equal(peer_restart(scene->ends[i].peer), 0);
    }
    run_until(scene, both_restart_offered);
}

/* Both restart at once, and the offer that counts is lost on the way. The
 * other's shows that it was, so it is sent again. */
static void test_restart_offer_is_lost(void **state)
{
    struct scene *scene = *state;
    struct end *first = &scene->ends[0];
    struct end *second = &scene->ends[1];
    restart_both(scene);
    give_description(second, SDP_OFFER);
    run_until(scene, first_offered_again);
    give_description(first, SDP_OFFER);
    run_until(scene, second_answered);
    give_description(second, SDP_ANSWER);
    run_until(scene, both_on_new_paths);
}

/* An offer that nobody answers: the path stays, and the next restart works,
 * whoever begins it. */
static void test_restart_without_answer(void **state)
{
    for (int who = 0; who < 2; who++) {
        struct scene *scene = *state;
        connect_both(scene);
        scene->is_manual = true;
        assert_int_equal(peer_restart(scene->ends[0].peer), 0);
        run_for(scene, 50 * US_PER_MS);
        peer_abandon_restart(scene->ends[0].peer);
        scene->is_manual = false;
        scene->ends[0].to_send_bytes = scene->ends[1].to_send_bytes = 1 << 20;
        push(&scene->ends[0]);
        push(&scene->ends[1]);
        run_until(scene, all_received);
        scene->ends[0].path_changes = scene->ends[1].path_changes = 0;
        assert_int_equal(peer_restart(scene->ends[who].peer), 0);
        run_until(scene, both_on_new_paths);
        teardown(state);
        setup(state);
    }
}

static bool first_described_again(struct scene *scene)
{
    return scene->ends[0].descriptions == 2;
}

static int count_descriptors(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

/* One restart after the other, each with names to look up: the questions of
 * those before are not waited for, each of which has a socket. */
static void test_names_of_restarts_before(void **state)
{
    struct scene *scene = *state;
    struct peer *peer = scene->ends[1].peer;
    const char *why = NULL;
    connect_both(scene);
    scene->is_manual = true;
    int before = count_descriptors();
    for (int i = 0; i < 20; i++) {
        struct buf sdp;
        buf_init(&sdp, 1 << 20);
        buf_append_string(&sdp, scene->ends[0].sdp);
        for (int k = 0; k < 8; k++)
            buf_append_format(&sdp,
                              "a=candidate:%d 1 udp 2122252543 name-%d-%d.local 5000 typ host\r\n",
                              k, i, k);
        buf_append(&sdp, span_of("", 1));
        char *text = (char *)(uintptr_t)buf_bytes(&sdp).data;
        memcpy(strstr(text, "a=ice-ufrag:") + 12, (char[]){(char)('a' + i)}, 1);
        assert_int_equal(peer_set_remote(peer, SDP_OFFER, text, &why), 0);
        buf_deinit(&sdp);
    }
    assert_in_range(count_descriptors() - before, 0, 8);
}

static bool second_described_again(struct scene *scene)
{
    return scene->ends[1].descriptions == 2;
}

static bool second_offered_again(struct scene *scene)
{
    return scene->ends[1].descriptions == 4;
}

static bool first_answered(struct scene *scene)
{
    return scene->ends[0].descriptions == 4;
}

/* Both restart at once, and the second does so again before the offer that
 * the first repeats is there: it was answered, and takes nothing back. */
static void test_repeated_offer_is_late(void **state)
{
    struct scene *scene = *state;
    struct end *first = &scene->ends[0];
    struct end *second = &scene->ends[1];
    const char *why = NULL;
    restart_both(scene);
    char *offer = xstrdup(first->sdp);
    give_description(second, SDP_OFFER);
    run_until(scene, first_offered_again);
    assert_int_equal(peer_set_remote(second->peer, SDP_OFFER, offer, &why), 0);
    free(offer);
    run_until(scene, second_answered);
    give_description(second, SDP_ANSWER);
    run_until(scene, both_on_new_paths);
    first->path_changes = second->path_changes = 0;

    assert_int_equal(peer_restart(second->peer), 0);
    run_until(scene, second_offered_again);
    assert_int_equal(second->type, SDP_OFFER);
    give_description(first, SDP_OFFER);
    assert_true(peer_is_offering(second->peer));
    give_description(second, SDP_OFFER);
    run_until(scene, first_answered);
    assert_int_equal(first->type, SDP_ANSWER);
    give_description(first, SDP_ANSWER);
    run_until(scene, both_on_new_paths);
    assert_int_equal(second->descriptions, 4);
}

/* The second restarts while its answer to the first's offer is on its way: an
 * offer goes out instead, and the answer to the repeated one has what
 * counts. */
static void test_restart_overtakes_answer(void **state)
{
    struct scene *scene = *state;
    struct end *first = &scene->ends[0];
    struct end *second = &scene->ends[1];
    connect_both(scene);
    scene->is_manual = true;
    first->path_changes = second->path_changes = 0;
    assert_int_equal(peer_restart(first->peer), 0);
    run_until(scene, first_described_again);
    give_description(first, SDP_OFFER);
    assert_int_equal(peer_restart(second->peer), 0);
    run_until(scene, second_described_again);
    assert_int_equal(second->type, SDP_OFFER);
    give_description(second, SDP_OFFER);
    run_until(scene, first_offered_again);
    give_description(first, SDP_OFFER);
    run_until(scene, second_answered);
    assert_int_equal(second->type, SDP_ANSWER);
    give_description(second, SDP_ANSWER);
    run_until(scene, both_on_new_paths);
}

static bool first_is_described(struct scene *scene)
{
    return scene->ends[0].is_described;
}

static bool second_is_described(struct scene *scene)
{
    return scene->ends[1].is_described;
}

/* The first offers a restart; returns what the second answers. */
static char *answer_to_restart(struct scene *scene)
{
    scene->is_manual = true;
    for (int i = 0; i < 2; i++) {
        scene->ends[i].path_changes = 0;
        scene->ends[i].is_described = false;
    }
    assert_int_equal(peer_restart(scene->ends[0].peer), 0);
    run_until(scene, first_is_described);
    give_description(&scene->ends[0], SDP_OFFER);
    run_until(scene, second_is_described);
    return xstrdup(scene->ends[1].sdp);
}

/* text with what stands behind `name`, to the end of the line, replaced. */
static char *with_value(const char *text, const char *name, const char *value)
{
    const char *at = strstr(text, name);
    assert_non_null(at);
    at += strlen(name);
    size_t len = strlen(text) + strlen(value) + 1;
    char *out = xcalloc(1, len);
    snprintf(out, len, "%.*s%s%s", (int)(at - text), text, value, at + strcspn(at, "\r"));
    return out;
}

/* Firefox says "active" in its answer to a restart although it is not. */
static void test_restart_answer_changes_the_role(void **state)
{
    static const char *const roles[] = {"passive", "actpass"};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        struct scene *scene = *state;
        const char *why = NULL;
        connect_both(scene);
        char *answer = answer_to_restart(scene);
        assert_non_null(strstr(answer, "a=setup:active"));
        char *changed = with_value(answer, "a=setup:", roles[i]);
        assert_int_equal(peer_set_remote(scene->ends[0].peer, SDP_ANSWER, changed, &why), 0);
        free(changed);
        free(answer);
        run_until(scene, both_on_new_paths);
        /* And the second's own role is what it was. */
        scene->ends[0].is_described = scene->ends[1].is_described = false;
        assert_int_equal(peer_restart(scene->ends[1].peer), 0);
        run_until(scene, second_is_described);
        give_description(&scene->ends[1], SDP_OFFER);
        run_until(scene, first_is_described);
        assert_non_null(strstr(scene->ends[0].sdp, "a=setup:passive"));
        teardown(state);
        setup(state);
    }
}

static void assert_no_restart(struct peer *peer, const char *answer)
{
    const char *why = NULL;
    assert_int_equal(peer_match(peer, SDP_ANSWER, answer), PEER_MATCH_NO_RESTART);
    assert_true(peer_can_restart(peer));
    assert_int_equal(peer_set_remote(peer, SDP_ANSWER, answer, &why), -EINVAL);
    assert_string_equal(why, "the other side takes no part in the restart");
    peer_abandon_restart(peer);
    assert_false(peer_can_restart(peer));
    assert_int_equal(peer_restart(peer), -ENOTSUP);
}

/* aiortc and GStreamer answer a restart with the credentials that they had. */
static void test_answer_without_a_restart(void **state)
{
    struct scene *scene = *state;
    connect_both(scene);
    char *before = xstrdup(scene->ends[1].sdp);
    free(answer_to_restart(scene));
    assert_no_restart(scene->ends[0].peer, before);
    free(before);
}

/* werift answers with another session id: it takes part all the same. */
static void test_answer_of_werift(void **state)
{
    struct scene *scene = *state;
    const char *why = NULL;
    connect_both(scene);
    char *answer = answer_to_restart(scene);
    char *other = with_value(answer, "o=", "- 17 0 IN IP4 0.0.0.0");
    assert_int_equal(peer_set_remote(scene->ends[0].peer, SDP_ANSWER, other, &why), 0);
    run_until(scene, both_on_new_paths);
    assert_int_equal(peer_match(scene->ends[0].peer, SDP_ANSWER, other), PEER_MATCH_SESSION);
    free(other);
    free(answer);
}

/* An answer that comes once more says nothing of the restart that is out. */
static void test_answer_is_late(void **state)
{
    struct scene *scene = *state;
    struct peer *peer = scene->ends[0].peer;
    const char *why = NULL;
    connect_both(scene);
    char *first = answer_to_restart(scene);
    assert_int_equal(peer_set_remote(peer, SDP_ANSWER, first, &why), 0);
    run_until(scene, both_on_new_paths);
    char *second = answer_to_restart(scene);
    assert_int_equal(peer_match(peer, SDP_ANSWER, first), PEER_MATCH_LATE);
    assert_int_equal(peer_set_remote(peer, SDP_ANSWER, first, &why), 0);
    assert_true(peer_is_offering(peer));
    assert_int_equal(peer_match(peer, SDP_ANSWER, second), PEER_MATCH_SESSION);
    assert_int_equal(peer_set_remote(peer, SDP_ANSWER, second, &why), 0);
    free(first);
    free(second);
    run_until(scene, both_on_new_paths);
}

/* libdatachannel gives no answer, and tells who it is beforehand. */
static void test_other_side_cannot_restart(void **state)
{
    struct scene *scene = *state;
    const char *why = NULL;
    scene->is_manual = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, first_described);
    give_description(&scene->ends[0], SDP_OFFER);
    run_until(scene, second_described);
    char *answer = with_value(scene->ends[1].sdp, "o=", "rtc 3456789012 0 IN IP4 127.0.0.1");
    assert_int_equal(peer_set_remote(scene->ends[0].peer, SDP_ANSWER, answer, &why), 0);
    free(answer);
    run_until(scene, both_open);
    assert_false(peer_can_restart(scene->ends[0].peer));
    assert_int_equal(peer_restart(scene->ends[0].peer), -ENOTSUP);
    assert_true(peer_can_restart(scene->ends[1].peer));
}

/* Descriptions of other sessions do nothing to this one. */
static void test_other_sessions_are_refused(void **state)
{
    struct scene *scene = *state;
    struct peer *peer = scene->ends[1].peer;
    const char *why = NULL;
    assert_int_equal(peer_match(peer, SDP_OFFER, "v=0\r\n"), PEER_MATCH_NONE);
    assert_int_equal(peer_restart(peer), -ENOTCONN);
    connect_both(scene);
    char *sdp = xstrdup(scene->ends[0].sdp);
    assert_int_equal(peer_match(peer, SDP_OFFER, sdp), PEER_MATCH_SESSION);
    char *id = strstr(sdp, "o=- ") + 4;
    *id = *id == '1' ? '2' : '1';
    char *other = strstr(sdp, "a=ice-ufrag:") + strlen("a=ice-ufrag:");
    *other = *other == 'a' ? 'b' : 'a';
    assert_int_equal(peer_match(peer, SDP_OFFER, sdp), PEER_MATCH_PROCESS);
    assert_int_equal(peer_set_remote(peer, SDP_OFFER, sdp, &why), -EINVAL);
    assert_string_equal(why, "it is of another session");
    assert_int_equal(peer_match(peer, SDP_OFFER, scene->ends[1].sdp), PEER_MATCH_NONE);
    assert_int_equal(peer_set_remote(peer, SDP_ANSWER, scene->ends[0].sdp, &why), -EINVAL);
    free(sdp);
    /* Once more the same offer: answered, nothing is restarted. */
    char ufrag[64];
    sdp_value(scene->ends[1].sdp, "a=ice-ufrag:", ufrag);
    scene->is_manual = true;
    assert_int_equal(peer_set_remote(peer, SDP_OFFER, scene->ends[0].sdp, &why), 0);
    run_until(scene, second_described_again);
    assert_non_null(strstr(scene->ends[1].sdp, ufrag));
}

static bool opens_beside_dead_servers(struct scene *scene)
{
    const char *why;
    assert_int_equal(ice_servers_add(scene->servers, "stun:stun.invalid:3478", NULL, NULL, &why),
                     0);
    assert_int_equal(ice_servers_add(scene->servers, "stun:127.0.0.1:9", NULL, NULL, &why), 0);
    assert_int_equal(ice_servers_add(scene->servers, "turn:127.0.0.1:9", "u", "p", &why), 0);
    return opens_at_once(scene);
}

/* A name server that does not answer, a STUN server that is not there: peers
 * that see each other do not wait for either. */
static void test_dead_servers_cost_no_time(void **state)
{
    assert_at_once(state, opens_beside_dead_servers);
}

static void add_unresolved_name(struct scene *scene)
{
    const char *why;
    assert_int_equal(ice_servers_add(scene->servers, "stun:stun.example.invalid", NULL, NULL, &why),
                     0);
}

static bool opens_beside_unresolved_name(struct scene *scene)
{
    add_unresolved_name(scene);
    return opens_at_once(scene);
}

/* The name is still being looked up when the agent starts, and for one of the
 * two still when it ends. */
static void test_unresolved_name_costs_no_time(void **state)
{
    assert_at_once(state, opens_beside_unresolved_name);
    teardown(state);
    setup(state);
    struct scene *scene = *state;
    add_unresolved_name(scene);
    peer_offer(scene->ends[0].peer);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_opens_at_once),
        TEST(test_dtls_before_the_answer),
        TEST(test_ten_megabytes_both_ways),
        TEST(test_sizes_of_messages),
        TEST(test_further_channels),
        TEST(test_paused_reading_bounds_memory),
        TEST(test_close_is_noticed),
        TEST(test_close_is_noticed_while_paused_and_full),
        TEST(test_close_in_the_turn_that_filled_the_queue),
        TEST(test_close_under_handlers),
        TEST(test_close_at_every_step),
        TEST(test_all_candidates_in_the_description),
        TEST(test_no_candidates_in_the_description),
        TEST(test_candidates_before_the_description),
        TEST(test_unusable_candidates_are_skipped),
        TEST(test_garbage_descriptions_are_refused),
        TEST(test_wrong_fingerprint_is_refused),
        TEST(test_dtls_in_checks),
        TEST(test_dtls_in_checks_before_the_answer),
        TEST(test_wrong_fingerprint_in_checks),
        TEST(test_sctp_without_a_handshake),
        TEST(test_sends_before_the_channel_is_opened),
        TEST(test_sctp_with_a_handshake),
        TEST(test_answer_with_a_wrong_init),
        TEST(test_channel_that_never_opens),
        TEST(test_sctp_that_never_connects),
        TEST(test_restart_under_traffic),
        TEST(test_restarts_cross),
        TEST(test_restart_offer_is_lost),
        TEST(test_restart_without_answer),
        TEST(test_names_of_restarts_before),
        TEST(test_repeated_offer_is_late),
        TEST(test_restart_overtakes_answer),
        TEST(test_restart_answer_changes_the_role),
        TEST(test_answer_without_a_restart),
        TEST(test_answer_of_werift),
        TEST(test_answer_is_late),
        TEST(test_other_side_cannot_restart),
        TEST(test_other_sessions_are_refused),
        TEST(test_dead_servers_cost_no_time),
        TEST(test_unresolved_name_costs_no_time),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
