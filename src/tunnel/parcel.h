/*
 * Descriptions that wait for their candidates, where what is said cannot
 * trickle: a tracker passes whole descriptions on and nothing else. Pure.
 *
 *   parcels_begin() ── parcels_add() … ── complete, or the time is up ──► taken
 */
#ifndef TUNNEL_PARCEL_H
#define TUNNEL_PARCEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "signal/message.h"
#include "tunnel/seal_message.h"

/* STUN has answered by then where it will, and a TURN server nearby; what comes
 * later is not waited for, and lost. */
#define PARCEL_PATIENCE_US (2 * US_PER_S)

struct parcel {
    struct list link;
    char peer[SIGNAL_PEER_ID_MAX + 1]; /* whom it is for */
    enum seal_type type;
    struct buf sdp; /* NUL-terminated once it is taken */
    char *ufrag;    /* candidates of another one are for another description */
    uint64_t due_us;
    bool is_complete;
};

struct parcels {
    struct list list;
};

void parcels_init(struct parcels *all);
void parcels_deinit(struct parcels *all);

/* In the place of one for the same member. One whose description has all
 * candidates is complete at once. */
void parcels_begin(struct parcels *all, const char *peer, enum seal_type type, const char *sdp,
                   uint64_t now_us);

/* candidate_json: see rtc/candidate.h. One for which there is no parcel is
 * dropped. */
void parcels_add(struct parcels *all, const char *peer, const char *candidate_json);

/* The next that is complete or due, to be freed by parcel_free(); or NULL. */
struct parcel *parcels_take(struct parcels *all, uint64_t now_us);
void parcel_free(struct parcel *parcel);

/* When there is something to take; 0 for now, TIME_NEVER for nothing. */
uint64_t parcels_due_us(const struct parcels *all);

#endif
