/*
 * The program signal-server with several workers: their parent's part
 * (cli/worker_parent.h) and that of each.
 */
#ifndef CLI_SIGNAL_SERVER_WORKERS_H
#define CLI_SIGNAL_SERVER_WORKERS_H

#include "cli/service.h"
#include "cli/signal_server_options.h"
#include "net/listening.h"
#include "net/tls_server.h"
#include "signal/workers/workers.h"

struct signal_server_workers {
    const struct signal_server_options *options;
    struct tls_server *tls;   /* or NULL */
    struct workers *workers;  /* that listen */
    struct listening metrics; /* the first worker's; of no address: none */
    struct service *service;  /* its own, while it runs */
    bool stays_at_hangup;     /* SIGHUP ends nobody */
    /* Tells where it listens, once a signal does what it is to do. */
    void (*tell)(const struct signal_server_workers *all);
};

/* From when it listens until a signal comes; in each worker, it exits. The exit
 * status. */
int signal_server_workers_run(struct signal_server_workers *all);

#endif
