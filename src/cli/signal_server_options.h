/*
 * What the command line of signal-server says.
 */
#ifndef CLI_SIGNAL_SERVER_OPTIONS_H
#define CLI_SIGNAL_SERVER_OPTIONS_H

#include <stdbool.h>

#include "base/log.h"
#include "cli/signal_server_cluster.h"
#include "signal/server.h"

/* Strings are those of argv. */
struct signal_server_options {
    struct signal_server_config server; /* without its files and its TLS */
    char *host;                         /* that of server */
    const char *listen;                 /* as given; the host in `server` is from it */
    uint16_t port;                      /* where `listen` names none */
    const char *web;                    /* a folder, or NULL: what is compiled in */
    const char *tls_cert, *tls_key;     /* both, or NULL */
    struct cluster_options cluster;
    char *metrics_host; /* NULL: none */
    uint16_t metrics_port;
    size_t workers; /* processes */
    bool has_web;
    bool has_turn; /* a secret is needed */
    enum log_level log_level;
    enum log_format log_format;
};

/* From the environment and the arguments. False: said on stderr what is wrong.
 * To be deinitialized in either case. */
bool signal_server_options_read(struct signal_server_options *options, int argc, char **argv);
void signal_server_options_deinit(struct signal_server_options *options);

void signal_server_print_help(void);

#endif
