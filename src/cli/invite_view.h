/*
 * What `tunnel invites` shows: never a secret, nor a link, which has it.
 */
#ifndef CLI_INVITE_VIEW_H
#define CLI_INVITE_VIEW_H

#include "tunnel/state.h"

/* A table on stdout, its times by the clock of this machine. */
void invite_view_print(const struct invites *all, int64_t now_s);

/* An object a line; docs/OBSERVING.md names each member. */
void invite_view_print_json(const struct invites *all, int64_t now_s);

#endif
