/*
 * The table that names every option of `tunnel`: its flag, its variable, whom
 * it concerns and the function that takes its value.
 */
#ifndef CLI_OPTION_TABLE_H
#define CLI_OPTION_TABLE_H

#include "cli/config.h"

#define OPTION_BOTH (COMMAND_SERVE | COMMAND_PROXY)

/* UNLISTED: quoted in an error, but not for long in the process list. */
enum secrecy { PUBLIC, UNLISTED, SECRET };

/* In front of a name, one that is no flag: an argument. */
#define ARGUMENT " "

struct option {
    const char *flag;
    const char *variable; /* or NULL */
    const char *value;    /* its name in the help; NULL for a switch */
    int commands;
    const char *(*take)(struct config *config, const char *text);
    const char *help;
    enum secrecy secrecy;
};

/* In the order in which variables are taken: a link beats TUNNEL_SIGNAL. */
extern const struct option option_table[];
extern const size_t option_count;

/* NULL for what is none. */
const struct option *option_find(const char *flag, size_t len);

#endif
