/*
 * A running signal server as metrics. docs/OBSERVING.md names each of them.
 */
#ifndef CLI_SIGNAL_SERVER_METRICS_H
#define CLI_SIGNAL_SERVER_METRICS_H

#include "base/metrics.h"
#include "signal/server.h"

/* All but what runs: of one that may be a part of something else. */
void signal_server_metrics_write_stats(struct metrics *metrics, const struct signal_server *server);

/* The write of a struct metrics_source; arg is the server. */
void signal_server_metrics_write(struct metrics *metrics, void *arg);

/* Its unready: it is of use from the start. */
const char *signal_server_metrics_unready(void *arg);

#endif
