/*
 * Two engines in memory under a fake clock. OpenSSL reads the time by
 * gettimeofday(), which dtls_pair.c therefore defines: a lost flight is
 * retransmitted when the test says that it is time.
 */
#ifndef TESTS_RTC_DTLS_PAIR_H
#define TESTS_RTC_DTLS_PAIR_H

#include "testing.h"

#include "rtc/cert.h"
#include "rtc/dtls.h"
#include "wire.h"

extern uint64_t fake_now_us;

struct end {
    struct cert *cert;
    struct dtls *dtls;
    struct wire out;
    bool is_connected;
    bool is_closed;
    int error;
    char text[256];
    unsigned received;
    size_t received_bytes;
    uint8_t last[DTLS_PLAINTEXT_MAX];
    struct span greeting; /* sent under on_connected */
    bool is_eager;        /* under on_early instead, */
    bool was_early;       /* as has happened, */
    unsigned greeting_at; /* in the datagram of that number */
};

struct pair {
    struct end ends[2]; /* client, server */
};

extern const struct dtls_handlers pair_handlers;

/* *state is the pair: certificates, and no engines yet. */
int pair_setup(void **state);
int pair_teardown(void **state);

void make_engines(struct pair *pair);

/* Makes them, and both start. */
void start(struct pair *pair);

/* Runs to the next event. False when nothing will happen any more. */
bool step(struct pair *pair);
void run(struct pair *pair); /* until then */

/* Both are, and no datagram was longer than it may be. */
void assert_connected(struct pair *pair);

#endif
