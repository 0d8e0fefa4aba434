/*
 * `tunnel status` and `tunnel requests`: what a tunnel that runs tells of
 * itself.
 */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include "cli/config.h"

/* The process's exit status. */
int inspect_run(const struct config *config);

#endif
