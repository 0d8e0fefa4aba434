/*
 * What a config lacks, and which of its values do not go together.
 */
#ifndef CLI_CONFIG_WHOLE_H
#define CLI_CONFIG_WHOLE_H

#include "cli/config.h"
#include "cli/wording.h"

/* Once, behind the last value: settles it. NULL, or a sentence for whoever
 * wrote it, to be freed, as in "proxy needs --room NAME (or TUNNEL_ROOM)";
 * proxy is whom. */
char *config_complete(struct config *config, const char *whom, const struct wording *wording);

#endif
