/*
 * Flags that were given and change nothing: who gave them expects something.
 */
#ifndef CLI_IDLE_FLAGS_H
#define CLI_IDLE_FLAGS_H

#include "cli/config.h"

/* A sentence about the next one, or NULL. *at is 0 at first, and goes up. */
const char *idle_flags_next(const struct config *config, unsigned *at);

#endif
