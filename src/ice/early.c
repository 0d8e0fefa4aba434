#include "ice/early.h"

static struct early_check *find(struct early_checks *early, const struct early_check *check)
{
    for (int i = 0; i < early->count; i++) {
        struct early_check *e = &early->list[i];
        if (e->local == check->local && ice_address_is_equal(&e->source, &check->source))
            return e;
    }
    return NULL;
}

/* NULL: all that are there are more urgent. */
static struct early_check *take_slot(struct early_checks *early, uint32_t priority)
{
    if (early->count < ICE_EARLY_CHECKS_MAX)
        return &early->list[early->count++];
    struct early_check *least = &early->list[0];
    for (int i = 1; i < early->count; i++) {
        if (early->list[i].priority < least->priority)
            least = &early->list[i];
    }
    return least->priority < priority ? least : NULL;
}

void early_checks_add(struct early_checks *early, const struct early_check *check)
{
    struct early_check *known = find(early, check);
    if (known) {
        known->use_candidate |= check->use_candidate;
        return;
    }
    struct early_check *slot = take_slot(early, check->priority);
    if (slot)
        *slot = *check;
}

bool early_checks_has(const struct early_checks *early, const struct ice_address *source)
{
    for (int i = 0; i < early->count; i++) {
        if (ice_address_is_equal(&early->list[i].source, source))
            return true;
    }
    return false;
}

void early_checks_forget(struct early_checks *early, int local)
{
    int kept = 0;
    for (int i = 0; i < early->count; i++) {
        if (early->list[i].local != local)
            early->list[kept++] = early->list[i];
    }
    early->count = kept;
}
