/*
 * What messages say of an address to listen at: of a name, that it is looked up
 * while all else waits; and how to write another one.
 */
#ifndef CLI_LISTEN_NAME_H
#define CLI_LISTEN_NAME_H

#include "cli/config.h"

/* Says so, where host is neither an address nor one that needs no name server,
 * such as localhost; flag is where it stands. */
void listen_name_tell(const struct config *config, const char *flag, const char *host);

/* How that proxy is told to listen there, as in "--listen 8001"; to be
 * freed. */
char *listen_name_other(const struct config *config, const char *place);

#endif
