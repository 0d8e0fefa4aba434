/*
 * A tracker that does what it is told, and records what it hears.
 */
#ifndef TESTS_SIGNAL_FAKE_TRACKER_H
#define TESTS_SIGNAL_FAKE_TRACKER_H

#include "net/net_testing.h"

#include "http/server.h"
#include "http/url.h"
#include "net/websocket.h"

/* The info_hash of all tests, as bytes and in JSON. */
#define FAKE_HASH "aaaaaaaaaaaaaaaaaaaa"

struct fake_tracker {
    struct loop *loop;
    struct http_server *http;
    struct websocket *ws; /* the last that came, or NULL */
    struct url url;
    struct buf heard; /* "announce|offer|answer EVENT left N offers N SDP TO\n" each */
    bool has_heard;
    bool is_left; /* the socket was closed */
};

void fake_tracker_start(struct fake_tracker *f, struct loop *loop);
void fake_tracker_stop(struct fake_tracker *f);

/* Until it has heard something more, which are these lines. */
void fake_tracker_expect(struct fake_tracker *f, const char *lines);

void fake_tracker_say(struct fake_tracker *f, const char *json);

/* The response to an announce, with so many providers. */
void fake_tracker_respond(struct fake_tracker *f, unsigned complete);

/* An offer, or an answer, from the peer whose id is 20 times that letter, with
 * 20 times the next one as the offer's. */
void fake_tracker_pass_on(struct fake_tracker *f, const char *type, char peer, const char *sdp);

#endif
