/*
 * Checks that came before the other side's credentials: answered, but what
 * they teach has to wait. The most urgent are kept.
 */
#ifndef ICE_EARLY_H
#define ICE_EARLY_H

#include <stdbool.h>
#include <stdint.h>

#include "ice/address.h"
#include "ice/limits.h"

struct early_check {
    int local; /* the candidate that it came to */
    struct ice_address source;
    uint32_t priority;
    bool use_candidate;
};

/* Embedded; all zeros is none. */
struct early_checks {
    struct early_check list[ICE_EARLY_CHECKS_MAX];
    int count;
};

/* One that comes again adds nothing but its USE-CANDIDATE. Over the cap the
 * least urgent gives way. */
void early_checks_add(struct early_checks *early, const struct early_check *check);

/* Whether one came from there. */
bool early_checks_has(const struct early_checks *early, const struct ice_address *source);

/* The candidate is gone. */
void early_checks_forget(struct early_checks *early, int local);

#endif
