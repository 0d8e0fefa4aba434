/*
 * What has failed is not over because another attempt is made: until one
 * succeeds, or fails in another way, it is what a client should know.
 */
#include "tunnel/outage.h"

#include <stdio.h>

bool outage_update(struct outage *outage, bool is_provider, const struct keeper_status *status)
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
