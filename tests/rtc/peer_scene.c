/*
 * The handlers note what an end was told, and look whether the test's condition
 * holds. Signalling is a call of the other end.
 */
#include "peer_scene.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/random.h"
#include "rtc/peer_internal.h"
#include "sleeping.h"

enum { TIMEOUT_S = 60 * TEST_SLOWER };

static void check_done(struct scene *scene)
{
    if (scene->is_done && scene->is_done(scene)) {
        scene->is_done = NULL;
        loop_stop(scene->loop);
    }
}

void give_description(struct end *end, enum sdp_type type)
{
    const char *why = NULL;
    if (peer_set_remote(end->other->peer, type, end->sdp, &why) < 0)
        fail_msg("%s refused: %s\n%s", sdp_type_name(type), why, end->sdp);
}

void offer_by_hand(struct scene *scene)
{
    scene->is_manual = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, first_described);
    give_description(&scene->ends[0], SDP_OFFER);
    run_until(scene, second_described);
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

void push(struct end *end)
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

static void on_open(void *arg)
{
    struct end *end = arg;
    struct sctp_stats stats;
    sctp_assoc_stats(end->peer->sctp, &stats);
    end->packets_before_open = stats.received_packets;
    end->is_early = !dtls_is_connected(end->peer->dtls);
    assert_false(end->is_open);
    end->is_open = true;
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

static const struct peer_handlers handlers = {on_description, on_candidate, on_state, on_open,
                                              on_message,     on_writable,  NULL,     NULL,
                                              on_path,        on_close};

/* ---- running ---- */

static void on_watchdog(void *arg)
{
    struct scene *scene = arg;
    for (int i = 0; i < 2; i++)
        print_error("end %d: open %d closed %d \"%s\" received %zu of %zu\n", i,
                    scene->ends[i].is_open, scene->ends[i].is_closed, scene->ends[i].close_text,
                    scene->ends[i].received_bytes, scene->ends[1 - i].sent_bytes);
    fail_msg("not done in %d s", TIMEOUT_S);
}

void run_until(struct scene *scene, bool (*is_done)(struct scene *scene))
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

void run_for(struct scene *scene, uint64_t duration_us)
{
    timer_start_in(scene->poll, duration_us);
    run_until(scene, is_time);
}

int scene_setup(void **state)
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
    *state = scene;
    return 0;
}

int scene_teardown(void **state)
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

void connect_both(struct scene *scene)
{
    peer_offer(scene->ends[0].peer);
    run_until(scene, both_open);
}

/* ---- conditions ---- */

bool both_open(struct scene *scene)
{
    return scene->ends[0].is_open && scene->ends[1].is_open;
}

bool all_received(struct scene *scene)
{
    return scene->ends[0].received_bytes == scene->ends[1].to_send_bytes &&
           scene->ends[1].received_bytes == scene->ends[0].to_send_bytes;
}

bool any_closed(struct scene *scene)
{
    return scene->ends[0].is_closed || scene->ends[1].is_closed;
}

bool first_described(struct scene *scene)
{
    return scene->ends[0].is_described;
}

bool second_described(struct scene *scene)
{
    return scene->ends[1].is_described;
}

bool both_on_new_paths(struct scene *scene)
{
    return scene->ends[0].path_changes > 0 && scene->ends[1].path_changes > 0;
}

/* ---- what tests look at ---- */

void assert_same_digest(struct end *from, struct end *to)
{
    uint8_t sent[EVP_MAX_MD_SIZE];
    uint8_t received[EVP_MAX_MD_SIZE];
    EVP_DigestFinal_ex(from->sent_digest, sent, NULL);
    EVP_DigestFinal_ex(to->received_digest, received, NULL);
    assert_memory_equal(sent, received, 32);
}

void assert_at_once(void **state, bool (*is_at_once)(struct scene *scene))
{
    for (int tries = 1; !is_at_once(*state); tries++) {
        assert_true(tries < 5);
        scene_teardown(state);
        scene_setup(state);
    }
}

void sdp_value(const char *sdp, const char *name, char out[64])
{
    const char *at = strstr(sdp, name);
    assert_non_null(at);
    at += strlen(name);
    snprintf(out, 64, "%.*s", (int)strcspn(at, "\r"), at);
}
