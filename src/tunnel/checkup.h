/*
 * What a provider can find out about its own network and upstream while it
 * runs, for a report to who asks.
 */
#ifndef TUNNEL_CHECKUP_H
#define TUNNEL_CHECKUP_H

#include "base/clock.h"
#include "net/loop.h"
#include "rtc/ice_servers.h"
#include "tunnel/report.h"
#include "tunnel/upstream.h"

struct checkup;

/* Who asks has patience for little longer. */
#define CHECKUP_US (1200 * US_PER_MS)

struct checkup_config {
    struct ice_servers *servers; /* of STUN, all of which are asked; NULL: none is */
    const struct upstream_config *upstream;
};

/* What the config points to outlives it. on_done comes once, in a later turn,
 * after CHECKUP_US at most: the report has all that a checkup can find. */
struct checkup *checkup_new(struct loop *loop, const struct checkup_config *config,
                            void (*on_done)(const struct report *report, void *arg), void *arg);
void checkup_free(struct checkup *checkup); /* NULL is allowed; also from on_done() */

#endif
