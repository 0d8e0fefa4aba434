/*
 * The commands of `tunnel`, and what the help says of each.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdio.h>

#include "cli/config.h"
#include "cli/nearest.h"

struct command_row {
    const char *name;
    enum command command;
    const char *usage;
    const char *about;
    const char *example;
};

/* NULL for what is none. */
const struct command_row *command_find(const char *name);

/* By its place in the help; NULL behind the last. */
const struct command_row *command_at(size_t at);

/* Tries the names of all. */
void command_suggest(struct nearest *nearest);

/* "serve, proxy … or completion"; to be freed. */
char *command_names(void);

const struct command_row *command_row(enum command command);

/* The first of a set of enum command, which is not empty. */
const struct command_row *command_first(int set);

void command_print_usage(FILE *to);

#endif
