/*
 * A provider's state on the command line: what `tunnel serve` without --room
 * begins with, and the commands that invite devices and shut them out.
 */
#ifndef CLI_INVITATION_H
#define CLI_INVITATION_H

#include "cli/config.h"
#include "tunnel/state.h"

/* Opens the state folder for a serve, the only one there: notes in it where to
 * meet, and makes the invite `default` when that is new. NULL when that fails,
 * which is said on stderr. */
struct state *invitation_open(const struct config *config);

/* On a terminal the line to paste on another machine; elsewhere how to get it,
 * since a log is read by many. */
void invitation_print(const struct config *config, const struct state *state);

/* `tunnel invite`, `invites` and `revoke`: the exit status. */
int invitation_run(const struct config *config);

#endif
