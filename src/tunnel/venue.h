/*
 * Where a keeper meets others: at a signal server, or at trackers; and in its
 * own network. It says and hears what the keeper does, whichever it is; where
 * that is sealed, it seals what is said.
 *
 * A provider is in its network as well as elsewhere (tunnel/neighbours.h). A
 * consumer is at one place at a time: it asks in its network (signal/lan.h)
 * when it enters, and moves there when somebody lets it in behind whom there is
 * a member, unless it has met the provider elsewhere by then. Anybody may
 * answer: what does not lead to the provider is left alone for
 * VENUE_NEAR_SHUN_US.
 */
#ifndef TUNNEL_VENUE_H
#define TUNNEL_VENUE_H

#include "signal/client.h"
#include "tunnel/sealed_talk.h"

struct venue;

/* In this network; with a seal alone. */
struct venue_near {
    bool is_sought;        /* of a consumer */
    uint16_t port;         /* of a provider: of its signal server there; 0: none */
    const char *interface; /* see signal/lan.h */
};

/* How long what fails elsewhere waits for an answer from this network. */
#define VENUE_NEAR_WAIT_US  (400 * US_PER_MS)
#define VENUE_NEAR_TRIAL_US (3 * US_PER_S) /* who has answered lets us in by then */
#define VENUE_NEAR_SHUN_US  (300 * US_PER_S)

struct venue_config {
    const struct url *signal;     /* or of trackers: see signal/tracker_place.h */
    const struct tls_client *tls; /* for wss */
    const struct egress *egress;  /* or NULL */
    const char *room;
    enum signal_job job;
    bool takes_relay; /* of a signal server, where it has one */
    struct sealed_talk *talk;
    struct venue_near near;
};

/* The handlers, on_open apart, come as of a signal client. All that the config
 * points to, and *handlers, outlive the venue. */
struct venue *venue_new(struct loop *loop, const struct venue_config *config,
                        const struct signal_client_handlers *handlers, void *arg);
void venue_free(struct venue *venue);

void venue_enter(struct venue *venue);
void venue_leave(struct venue *venue); /* harmless outside */

/* To that member, in plain words: an SDP, or a candidate's JSON. Outside to
 * nobody. An offer that it does not answer is said again where it is sealed
 * (tunnel/repeat.h). */
void venue_say(struct venue *venue, const char *peer, enum seal_type type, const char *text);
void venue_say_misfit(struct venue *venue, const char *peer);

/* Whether datagrams can be passed on there now; and one, to a member. */
bool venue_can_relay(const struct venue *venue);
void venue_relay(struct venue *venue, const struct relay_frame *frame);

/* What was heard there of that member was from whom it should be. */
void venue_confirm(struct venue *venue, const char *peer);

/* Where it is, for people, to be freed: "the signal server HOST:PORT", "the
 * trackers a.example, b.example". */
char *venue_describe(const struct venue *venue);

/* As of a signal client. */
void venue_probe(struct venue *venue);
bool venue_has_address(const struct venue *venue); /* true outside */

#endif
