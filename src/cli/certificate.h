/*
 * A server's certificate as its owner sees it: read at the start and on SIGHUP,
 * and what the log says of it.
 */
#ifndef CLI_CERTIFICATE_H
#define CLI_CERTIFICATE_H

#include "net/tls_server.h"

/* Says until when it is good; warns of one that is not, or not for long. */
void certificate_tell(const struct tls_server *server);

/* Reads it again (for stop_on_hangup()); what is wrong with the new one is
 * logged, and the old one stays. */
void certificate_reload(void *tls_server);

#endif
