/*
 * A visit to WebTorrent trackers, several at once, in the place of one to a
 * signal server: what a keeper hears of it are the same messages. A tracker
 * knows no rooms and passes nothing on but offers, to whoever is in the swarm
 * of that info_hash, and answers. So descriptions hold all of their candidates.
 *
 *   consumer                     trackers                       provider
 *      │── announce ──────────────► │ ◄──────────────── announce ──│
 *      │◄─ one is complete ──────── │                              │
 *      │── announce, 10 offers ───► │ ── offer ──► (another device) │
 *      │                            │ ── offer ───────────────────►│
 *      │◄────────────── answer ──── │ ◄─────────────────── answer ─│
 *
 * A provider counts as complete, so consumers see in the figures that it is
 * there; when it comes, it says so by offers that only call. To a consumer the
 * whole swarm is one member of the room, who answers is told by what is
 * sealed. To a provider each process is one, by the mark that its sealed
 * strings begin with, on however many trackers it is met.
 *
 * A consumer that is answered leaves the swarm after a while, and its trackers,
 * and comes back when it has something to say: so others find the provider
 * there, and public trackers are asked only by who looks for somebody.
 */
#ifndef SIGNAL_TRACKER_H
#define SIGNAL_TRACKER_H

#include "signal/client.h"
#include "signal/tracker_message.h"
#include "signal/tracker_place.h"

struct tracker;

enum {
    TRACKER_MEMBERS_MAX = 64, /* that a provider remembers how to answer */
    TRACKER_MARK_MAX = SIGNAL_PEER_ID_MAX
};

/* A tracker that says nothing of it is announced to so often; and what it says
 * counts within these bounds: some forget who is later than twice its 20 s. */
#define TRACKER_INTERVAL_US       (120 * US_PER_S)
#define TRACKER_INTERVAL_LEAST_US (15 * US_PER_S)
#define TRACKER_INTERVAL_MOST_US  (1800 * US_PER_S)

/* How long an answered consumer stays. */
#define TRACKER_LINGER_US (40 * US_PER_S)

/* How long an offer is worth being made once more, to a tracker that comes
 * late or a provider that does. */
#define TRACKER_OFFER_US (25 * US_PER_S)

/* Between tries of one tracker while another one is there. */
#define TRACKER_BACKOFF_FIRST_US (5 * US_PER_S)
#define TRACKER_BACKOFF_MOST_US  (300 * US_PER_S)

struct tracker_config {
    const struct url *urls; /* of the trackers, ws or wss; outlive it */
    size_t count;           /* 1 to TRACKERS_MAX */
    const struct tls_client *tls;
    const struct egress *egress;
    uint8_t info_hash[TRACKER_ID_LEN];
    enum signal_job job;
    size_t mark_len; /* of what is sealed: characters that name the process */
};

/* What it hears comes as SIGNAL_JOINED (of a shared room; to a consumer also
 * when a provider comes), SIGNAL_PEER_LEFT, SIGNAL_OFFER and SIGNAL_ANSWER. It
 * is gone (on_close) when no tracker is left. *handlers is not copied. */
struct tracker *tracker_new(struct loop *loop, const struct tracker_config *config,
                            const struct signal_client_handlers *handlers, void *arg);

/* In the place of TRACKER_LINGER_US, for tests. */
void tracker_set_linger(struct tracker *tracker, uint64_t linger_us);

/* A whole description, sealed, as ASCII. An answer goes back on the ways by
 * which the member's offers have come. */
void tracker_send_offer(struct tracker *tracker, const char *sdp);
void tracker_send_answer(struct tracker *tracker, const char *to, const char *sdp);

/* As of a signal client. */
void tracker_probe(struct tracker *tracker);
bool tracker_has_address(const struct tracker *tracker);

/* Leaves the swarm, closes, frees. No handler is called any more. */
void tracker_close(struct tracker *tracker);

#endif
