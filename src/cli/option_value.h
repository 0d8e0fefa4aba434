/*
 * Takes values of cli/option_table.h, and knows what is mistaken for what: a
 * link, a place where something listens, a signal server's, one without the
 * scheme that belongs in front of it.
 */
#ifndef CLI_OPTION_VALUE_H
#define CLI_OPTION_VALUE_H

#include "cli/option_table.h"
#include "cli/wording.h"

/* Of what bears a secret, a link is told by this. */
bool option_value_is_link(const char *text);

/* As o->take, but to be freed: NULL, or what would be right, and where the
 * value seems to be meant. */
char *option_value_take(const struct option *o, struct config *config, const char *text,
                        const struct wording *wording);

/* What to type instead of a value that is wrong for that argument or flag, as
 * in "perhaps `tunnel doctor --signal h:1`, for a signal server there"; to be
 * freed. NULL: nothing is known, or the flag stands there already. */
char *option_value_suggest(const struct option *o, enum command command, const char *text,
                           const struct wording *wording);

#endif
