/*
 * What the command line of signal-server says of a cluster.
 */
#ifndef CLI_SIGNAL_SERVER_CLUSTER_H
#define CLI_SIGNAL_SERVER_CLUSTER_H

#include <stdbool.h>

#include "signal/cluster/redis_url.h"

struct tls_client;
struct signal_server_config;

/* All zero: it says nothing. */
struct cluster_options {
    struct redis_url url;
    bool is_given;
    char *password; /* that of the file, or NULL */
    const char *ca; /* or NULL */
    struct tls_client *tls;
};

/* NULL, or what would be right. */
const char *cluster_options_take_url(struct cluster_options *options, const char *text);

/* What does not go together, or NULL. */
const char *cluster_options_misfit(const struct cluster_options *options);

/* Fills in the server's configuration, which borrows from the options. False:
 * said why not. */
bool cluster_options_apply(struct cluster_options *options, struct signal_server_config *config);

void cluster_options_deinit(struct cluster_options *options);

#endif
