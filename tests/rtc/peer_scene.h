/*
 * Two peers of one process over real sockets, on one loop. What one hands to
 * signalling is given to the other at once, or as the test wants it.
 */
#ifndef TESTS_RTC_PEER_SCENE_H
#define TESTS_RTC_PEER_SCENE_H

#include "testing.h"

#include <openssl/evp.h>

#include "net/loop.h"
#include "rtc/cert.h"
#include "rtc/ice_servers.h"
#include "rtc/path.h"
#include "rtc/peer.h"

enum { CANDIDATES_MAX = 64 };

struct end {
    struct scene *scene;
    struct end *other;
    struct cert *cert;
    struct peer *peer;
    struct peer_config config;

    /* What the test wants of it. */
    size_t to_send_bytes;
    unsigned sleeps_s; /* before DTLS */
    bool never_opens;
    bool never_connects; /* its SCTP */
    bool closes_on_open;
    bool closes_on_message;

    /* What it has said by signalling. */
    char *sdp; /* the last one */
    enum sdp_type type;
    int descriptions;
    bool is_described; /* since the test set it to false */
    size_t candidate_count;
    char *candidates[CANDIDATES_MAX];
    bool is_gathered;

    /* What it was told. */
    unsigned states; /* a bit each */
    bool is_open;
    bool is_early;                /* DTLS was not done then */
    uint64_t packets_before_open; /* of SCTP, received */
    int path_changes;
    bool is_closed;
    uint64_t closed_us;
    char close_text[1024];

    /* Messages. */
    EVP_MD_CTX *sent_digest;
    EVP_MD_CTX *received_digest;
    size_t sent_bytes;
    size_t received_bytes;
    unsigned received;
    unsigned by_channel[1 + PEER_CHANNELS_MAX]; /* the same */
    unsigned writable;

    struct rtc_path nowhere;
};

struct scene {
    struct loop *loop;
    struct timer *watchdog;
    struct timer *poll;
    bool (*is_done)(struct scene *scene);
    bool is_manual; /* the test carries descriptions and candidates */
    struct ice_servers *servers;
    struct end ends[2]; /* offerer, answerer */
};

/* *state is the scene: two peers that know nothing of each other. */
int scene_setup(void **state);
int scene_teardown(void **state);

/* Until is_done() returns true after something that an end was told; for what
 * must not happen, a while. */
void run_until(struct scene *scene, bool (*is_done)(struct scene *scene));
void run_for(struct scene *scene, uint64_t duration_us);

/* The first offers, and both open. */
void connect_both(struct scene *scene);

/* The first offers, the test carries that and all that follows, and the second
 * has its answer ready. */
void offer_by_hand(struct scene *scene);

/* The end's last description reaches the other, which must take it. */
void give_description(struct end *end, enum sdp_type type);

/* Sends until the queue is over its mark or all of to_send_bytes is sent. */
void push(struct end *end);

/* Once, at the end of a test: all bytes that one has sent came to the other. */
void assert_same_digest(struct end *from, struct end *to);

/* A machine that stands still makes one try slow; what waits for a timer is
 * slow each time. Each try but the first is in a new scene. */
void assert_at_once(void **state, bool (*is_at_once)(struct scene *scene));

/* What stands behind the name in the description, to the end of its line. */
void sdp_value(const char *sdp, const char *name, char out[64]);

/* ---- conditions ---- */

bool both_open(struct scene *scene);
bool all_received(struct scene *scene);
bool any_closed(struct scene *scene);
bool first_described(struct scene *scene); /* since is_described was false */
bool second_described(struct scene *scene);
bool both_on_new_paths(struct scene *scene); /* since path_changes were 0 */

#endif
