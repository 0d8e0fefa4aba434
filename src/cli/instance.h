/*
 * One tunnel that this process runs, with all that goes with it: its state, the
 * TLS of its clients, its lines and its views.
 */
#ifndef CLI_INSTANCE_H
#define CLI_INSTANCE_H

#include "cli/config.h"
#include "tunnel/tunnel.h"

struct instance;

/* The config outlives the instance by a turn of the loop. on_status: at each
 * change of a keeper. NULL when it cannot be, which is said on stderr. */
struct instance *instance_new(struct loop *loop, const struct config *config,
                              void (*on_status)(struct instance *instance,
                                                const struct keeper_status *keeper, void *arg),
                              void *arg);

/* Lines about its start, and about its end. */
void instance_tell(const struct instance *instance);
void instance_tell_end(const struct instance *instance);

/* Whether it has files that are opened or read again when somebody asks for
 * that; and that. */
bool instance_has_files(const struct instance *instance);
void instance_reopen(struct instance *instance);

/* NULL is allowed. What is still to go out does so while the loop runs on; what
 * is closed may look at the config until this turn ends. */
void instance_free(struct instance *instance);

#endif
