/*
 * TLS of a proxy's clients: --tls, or --tls-cert and --tls-key.
 */
#ifndef CLI_PROXY_TLS_H
#define CLI_PROXY_TLS_H

#include "cli/own_certificate.h"
#include "net/tls_server.h"

struct proxy_tls {
    struct tls_server *server; /* NULL: none was asked for */
    struct own_certificate own;
};

/* False: said on stderr why not. To be closed in either case. */
bool proxy_tls_open(const struct config *config, struct proxy_tls *out);
void proxy_tls_close(struct proxy_tls *tls);

/* At the start: until when the certificate is good, and how clients come to
 * trust our own. */
void proxy_tls_tell(const struct proxy_tls *tls);

#endif
