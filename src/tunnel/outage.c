/*
 * What has failed is not over because another attempt is made: until one
 * succeeds, or fails in another way, it is what a client should know.
 */
#include "tunnel/outage.h"

#include <stdio.h>

#include "base/clock.h"

/* Longer than any backoff: only who is not let in any more waits so long. */
#define LASTING_US (60 * US_PER_S)

static bool update_text(struct outage *outage, bool is_provider, const struct keeper_status *status)
{
    const char *const steps[] = {
        [KEEPER_CONNECTING] = "connecting to the signal server",
        [KEEPER_WAITING] =
            is_provider ? "no `tunnel proxy` is in the room" : "`tunnel serve` is not in the room",
        [KEEPER_NEGOTIATING] = "still connecting to the other side",
    };
    if (status->state == KEEPER_UP) {
        *outage = (struct outage){0};
        return false;
    }
    if (!status->problem && (outage->has_failed || status->state == KEEPER_RETRYING))
        return false;
    if (status->is_slow && outage->has_failed)
        return false;
    outage->has_failed = status->problem && !status->is_slow;
    snprintf(outage->text, sizeof outage->text, "%s",
             status->problem ? status->problem : steps[status->state]);
    return true;
}

bool outage_update(struct outage *outage, bool is_provider, const struct keeper_status *status,
                   uint64_t now_us)
{
    bool was_lasting = outage->is_lasting;
    uint64_t before_us = outage->retry_at_us;
    bool is_another = update_text(outage, is_provider, status);
    outage->is_lasting = status->state == KEEPER_RETRYING && status->retry_in_us >= LASTING_US;
    outage->retry_at_us = status->retry_in_us > 0 ? now_us + status->retry_in_us : 0;
    return is_another || outage->is_lasting != was_lasting || outage->retry_at_us != before_us;
}
