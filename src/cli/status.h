/*
 * What a person sees: a few plain lines on a terminal, the same as log lines
 * elsewhere.
 */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include "cli/options.h"
#include "tunnel/link.h"

/* Once, at the start: what runs, for which room. listen is "HOST:PORT" of a
 * proxy, NULL for serve. */
void status_print_start(const struct config *config, const char *listen);

/* At each change of the link. */
void status_print_link(const struct config *config, const char *listen,
                       const struct link_status *status);

void status_print_stop(const struct config *config);

#endif
