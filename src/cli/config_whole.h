/*
 * What a config lacks, and which of its values do not go together: of one that
 * is settled. NULL, or the words for whoever wrote it, to be freed.
 */
#ifndef CLI_CONFIG_WHOLE_H
#define CLI_CONFIG_WHOLE_H

#include "cli/config.h"
#include "cli/wording.h"

/* A sentence. */
char *config_clash(const struct config *config, const struct wording *wording);

/* What it needs to be run, as in "--room NAME (or TUNNEL_ROOM)". */
char *config_missing(const struct config *config, const struct wording *wording);

#endif
