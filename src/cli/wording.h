/*
 * How a message names an option: as its reader writes it.
 *
 *                that lacks                   that is given  with a value
 *   command line --turn URL (or TUNNEL_TURN)  --turn         --turn turn:h
 *   a variable   the same                     TUNNEL_TURN    TUNNEL_TURN=turn:h
 *   file         turn = URL                   turn           turn = turn:h
 */
#ifndef CLI_WORDING_H
#define CLI_WORDING_H

#include <stdbool.h>

/* Where the reader has written it. */
struct wording {
    int argc;
    char **argv; /* `tunnel COMMAND ...`; NULL: in a configuration file */
};

extern const struct wording wording_of_file;

/* Whether the flag stands on the command line, with a value or without one. */
bool wording_has_flag(const struct wording *wording, const char *flag);

/* Of a flag of cli/option_table.h: as one that lacks, to be freed, and as
 * one that is given. */
char *wording_lacking(const struct wording *wording, const char *flag);
const char *wording_given(const struct wording *wording, const char *flag);

/* Of one that is given, or is to be, with that value; to be freed. */
char *wording_with(const struct wording *wording, const char *flag, const char *value);

#endif
