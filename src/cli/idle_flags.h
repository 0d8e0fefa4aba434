/*
 * Flags that were given and change nothing: who gave them expects something.
 */
#ifndef CLI_IDLE_FLAGS_H
#define CLI_IDLE_FLAGS_H

#include "cli/config.h"

/* A sentence about the next one, to be freed, in the words of who has written
 * the config; or NULL. *at is 0 at first, and goes up. */
char *idle_flags_next(const struct config *config, unsigned *at);

#endif
