/*
 * Answers those who ask a provider for a report: a checkup for all who ask at
 * about the same time.
 */
#ifndef TUNNEL_REPORTER_H
#define TUNNEL_REPORTER_H

#include "tunnel/checkup.h"

struct reporter;

enum {
    REPORTER_ASKERS_MAX = 8 /* that wait; more are not answered */
};

/* Who asks meanwhile is told the same again: so nobody makes us ask others
 * more often. */
#define REPORTER_FRESH_US (10 * US_PER_S)

struct reporter_config {
    char *const *stun; /* see struct checkup_config */
    size_t stun_count;
    const char *second_stun;     /* beside them; or NULL */
    struct ice_servers *servers; /* of the sessions: whether there is TURN among them */
    struct upstream_config upstream;
    struct report fixed; /* what no checkup finds out */
};

struct reporter_handlers {
    /* The session of that member's device now. */
    enum report_session (*session_of)(const char *peer, void *arg);
    void (*on_report)(const char *peer, const char *report, void *arg);
};

/* The config is copied, what it points to outlives the reporter. */
struct reporter *reporter_new(struct loop *loop, const struct reporter_config *config,
                              const struct reporter_handlers *handlers, void *arg);
void reporter_free(struct reporter *reporter); /* NULL is allowed */

/* on_report() comes, at once or some time later. */
void reporter_ask(struct reporter *reporter, const char *peer);

#endif
