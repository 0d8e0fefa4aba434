/*
 * A running tunnel as JSON: what `tunnel status` and `tunnel requests` are
 * told. docs/OBSERVING.md names each member.
 */
#ifndef CLI_TUNNEL_JSON_H
#define CLI_TUNNEL_JSON_H

#include "cli/config.h"
#include "tunnel/tunnel.h"

/* Both in one line, with its end, to be freed. */
char *tunnel_json(const struct tunnel *tunnel, const struct config *config);
char *tunnel_json_exchange(const struct history_entry *entry);

#endif
