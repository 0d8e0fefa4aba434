/*
 * The subcommands. Each runs until a signal ends it and returns the exit
 * status.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/options.h"

int serve_command(const struct config *config);
int proxy_command(const struct config *config);

#endif
