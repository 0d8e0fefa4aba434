/*
 * The tunnels of a file (cli/config_file.h), in one process: those that it
 * names run, and when it is read again, those that are as before are left
 * alone.
 */
#ifndef CLI_FLEET_H
#define CLI_FLEET_H

#include "cli/service.h"
#include "net/loop.h"

struct fleet;

/* path and service outlive it. NULL: said on stderr what is wrong with the
 * file, or with one of its tunnels. */
struct fleet *fleet_new(struct loop *loop, const char *path, struct service *service);

/* Reads the file again. When something is wrong with it, that is logged, and
 * nothing changes. arg is the fleet. */
void fleet_reload(void *arg);

/* Says how each ends, and ends it. NULL is allowed. */
void fleet_free(struct fleet *fleet);

#endif
