/*
 * The command line and the environment of `tunnel` become one struct config;
 * a flag beats its variable, a variable beats the default.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/config.h"

enum options_result {
    OPTIONS_RUN,  /* *out is complete, to be freed by config_deinit() */
    OPTIONS_DONE, /* --help or --version was answered on stdout: output_end(), exit */
    OPTIONS_WRONG /* said on stderr, quoting the value and what is right: exit 2 */
};

/* What there is to know of one option. */
struct option_view {
    const char *flag;  /* as in "--state"; an argument's name as in "NAME" */
    const char *value; /* its name; NULL for a switch and an argument */
    const char *help;
    int commands; /* a set of enum command */
};

/* Each by its place in the order of the help; false behind the last. */
bool options_view(size_t at, struct option_view *out);

/* argv[0] is the program; the secrets among the arguments are overwritten, so
 * that they do not stand in the process list for long. */
enum options_result options_parse(int argc, char **argv, struct config *out);

#endif
