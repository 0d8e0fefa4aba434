/*
 * Our seat at one tracker: a line that is opened again when it is lost, and the
 * announces that are due. A part of signal/tracker.h.
 *
 * Each line has a peer id of its own, at random: aquatic ignores one that it
 * still has from another connection, and a fixed one would tell who we are.
 */
#ifndef SIGNAL_TRACKER_SEAT_H
#define SIGNAL_TRACKER_SEAT_H

#include "signal/line.h"
#include "signal/tracker_message.h"

struct tracker_seat;

struct tracker_seat_config {
    struct signal_way way;    /* its url outlives the seat */
    const uint8_t *info_hash; /* TRACKER_ID_LEN bytes, which outlive the seat */
    bool is_provider;
};

/* None of them may free the seat but in a later turn; seat_free() does so. */
struct tracker_seat_handlers {
    /* It is time for the first announce. */
    void (*on_open)(void *arg);
    void (*on_message)(const struct tracker_message *message, void *arg);
    void (*on_slow)(const char *text, void *arg); /* as of a line */
    /* Closed, as text says; it is opened again by itself. */
    void (*on_lost)(const char *text, void *arg);
};

/* Closed at first. *handlers is not copied. */
struct tracker_seat *tracker_seat_new(struct loop *loop, const struct tracker_seat_config *config,
                                      const struct tracker_seat_handlers *handlers, void *arg);
void tracker_seat_free(struct tracker_seat *seat);

void tracker_seat_open(struct tracker_seat *seat); /* if it is not */

/* Leaves the swarm, and stays closed. */
void tracker_seat_leave(struct tracker_seat *seat);

/* Open, or under way: not after a failure. */
bool tracker_seat_is_hopeful(const struct tracker_seat *seat);
bool tracker_seat_is_open(const struct tracker_seat *seat);

/* sdp: of an offer to whoever is there; NULL for none. To none that is not
 * open. */
void tracker_seat_announce(struct tracker_seat *seat, const char *sdp);

/* To the sender of an offer that has come here. */
void tracker_seat_answer(struct tracker_seat *seat, const uint8_t peer_id[TRACKER_ID_LEN],
                         const uint8_t offer_id[TRACKER_ID_LEN], const char *sdp);

/* As of a line; true for one that is not there. */
void tracker_seat_probe(struct tracker_seat *seat);
bool tracker_seat_has_address(const struct tracker_seat *seat);

#endif
