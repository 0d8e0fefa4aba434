/*
 * What both subcommands run on: the loop, the certificate, the ICE servers,
 * the link, and the signals that end it all.
 */
#ifndef CLI_RUNTIME_H
#define CLI_RUNTIME_H

#include "cli/config.h"
#include "cli/status.h"
#include "net/loop.h"
#include "tunnel/link.h"

struct runtime;

struct runtime *runtime_new(const struct config *config);
struct loop *runtime_loop(struct runtime *runtime);

/* Starts the link and runs until a signal (cli/stop.h); then the link says
 * bye and is closed. The second signal ends the process at once. */
void runtime_run(struct runtime *runtime, struct status *status,
                 const struct link_handlers *handlers, void *arg);

/* Lets what is still closing go out, frees. */
void runtime_free(struct runtime *runtime);

#endif
