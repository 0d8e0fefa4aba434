/*
 * What a person sees: a few plain lines on a terminal; elsewhere the same as
 * log lines, and in JSON with fields: event and room in each; path ("direct",
 * "relayed" or "signal"), local, remote and rtt_ms; problem and retry_in_s;
 * signal, upstream or listen.
 */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include "cli/config.h"
#include "tunnel/tunnel.h"

struct status;

/* config must outlive it. */
struct status *status_new(const struct config *config);
void status_free(struct status *status);

/* Once, at the start: what runs, for which room, and what is unwise in that.
 * listen_port is where a proxy listens. */
void status_print_start(struct status *status, uint16_t listen_port);

/* At each change of a keeper; link: of which of the links. */
void status_print_keeper(struct status *status, size_t link, const struct keeper_status *keeper);

/* The upstream cannot be used now; see tunnel/upstream_probe.h. */
void status_print_upstream(struct status *status, const char *why);

/* An exchange is over. Of the upstream's failures a provider warns; all else is
 * for information. Many at once are counted, as log lines of one kind are. */
void status_print_exchange(struct status *status, const struct exchange_record *record);

/* The last line, with what there was since the start. */
void status_print_stop(struct status *status, const struct tunnel *tunnel);

#endif
