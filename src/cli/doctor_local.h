/*
 * What is found on this machine alone, at once: the state folder, and sockets
 * for the local network.
 */
#ifndef CLI_DOCTOR_LOCAL_H
#define CLI_DOCTOR_LOCAL_H

#include "cli/config.h"
#include "cli/doctor_report.h"
#include "net/loop.h"

/* Fills facts->state in; folder, which is to be freed, is its path. Returns the
 * URL of the signal server with which serve last ran there, to be freed, or
 * NULL. */
char *doctor_local_state(const struct config *config, struct doctor_facts *facts, char **folder);

/* The interfaces that links can be met by. */
size_t doctor_local_lan(struct loop *loop, const struct config *config);

#endif
