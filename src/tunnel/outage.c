/*
 * What has failed is not over because another attempt is made: until one
 * succeeds, or fails in another way, it is what a client should know.
 */
#include "tunnel/outage.h"

const char *outage_update(struct outage *outage, const struct link_status *status)
{
    static const char *const steps[] = {
        [LINK_CONNECTING] = "connecting to the signal server",
        [LINK_WAITING] = "`tunnel serve` is not in the room",
        [LINK_NEGOTIATING] = "still connecting to the other side",
        [LINK_UP] = NULL,
        [LINK_RETRYING] = NULL,
    };
    if (status->state == LINK_UP)
        outage->has_failed = false;
    else if (status->problem)
        outage->has_failed = true;
    if (status->problem)
        return status->problem;
    return outage->has_failed ? NULL : steps[status->state];
}
