/*
 * What somebody who starts a tunnel may not have thought of: a line for each
 * thing that is unwise, has no effect, or stands in the way of clients.
 */
#ifndef CLI_CAVEATS_H
#define CLI_CAVEATS_H

#include "cli/config.h"
#include "cli/news.h"

/* listen_port: where a proxy listens. */
void caveats_print(struct news *news, const struct config *config, uint16_t listen_port);

#endif
