/*
 * A running tunnel as metrics. docs/OBSERVING.md names each of them.
 */
#ifndef CLI_TUNNEL_METRICS_H
#define CLI_TUNNEL_METRICS_H

#include "base/metrics.h"
#include "cli/config.h"
#include "tunnel/tunnel.h"

void tunnel_metrics_write(struct metrics *metrics, const struct tunnel *tunnel,
                          const struct config *config);

/* NULL when it is of use: a consumer when a session is up, a provider when it
 * can be found; else why not. */
const char *tunnel_metrics_unready(const struct tunnel *tunnel, const struct config *config);

#endif
