/*
 * What STUN and TURN servers tell `tunnel doctor`: those of the command line,
 * and those that the signal server names.
 */
#ifndef CLI_DOCTOR_SERVERS_H
#define CLI_DOCTOR_SERVERS_H

#include "cli/config.h"
#include "cli/doctor_report.h"
#include "cli/doctor_wait.h"
#include "signal/message.h"

struct doctor_servers;

/* Those of the config; it and the wait outlive them. */
struct doctor_servers *doctor_servers_new(const struct config *config, struct doctor_wait *wait);
void doctor_servers_free(struct doctor_servers *servers); /* NULL is allowed */

/* One that the signal server names. Copied. */
void doctor_servers_take(struct doctor_servers *servers, const struct signal_ice_server *server);

/* A measure is under way that a server answers: it comes to an end. */
bool doctor_servers_are_measured(const struct doctor_servers *servers);

/* What is known so far; strings are the servers'. */
void doctor_servers_get(struct doctor_servers *servers, struct doctor_facts *out);

#endif
