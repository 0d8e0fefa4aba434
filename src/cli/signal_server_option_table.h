/*
 * The table that names every option of signal-server: its flag, its variable
 * and the function that takes its value.
 */
#ifndef CLI_SIGNAL_SERVER_OPTION_TABLE_H
#define CLI_SIGNAL_SERVER_OPTION_TABLE_H

#include "cli/signal_server_options.h"

struct signal_server_option {
    const char *flag;
    const char *value;    /* its name in the help; NULL: it has none */
    const char *variable; /* or NULL */
    const char *help;
    /* NULL, or what would be right. */
    const char *(*take)(struct signal_server_options *options, const char *text);
};

/* In the order of the help. */
extern const struct signal_server_option signal_server_option_table[];
extern const size_t signal_server_option_count;

/* NULL for what is none. */
const struct signal_server_option *signal_server_option_find(const char *flag, size_t len);

#endif
