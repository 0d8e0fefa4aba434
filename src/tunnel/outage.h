/*
 * Why the tunnel is down, in the words that a 503 carries.
 */
#ifndef TUNNEL_OUTAGE_H
#define TUNNEL_OUTAGE_H

#include "tunnel/link.h"

struct outage {
    bool has_failed; /* since the tunnel was up: why that was stays true meanwhile */
};

/* What clients are told from now on; NULL: what was said before stays true.
 * All zero before the first. The text is static, or the status's. */
const char *outage_update(struct outage *outage, const struct link_status *status);

#endif
