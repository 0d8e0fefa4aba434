/*
 * What tls.c (sessions, and settings of clients) and tls_server.c (those of
 * servers) share.
 */
#ifndef NET_TLS_INTERNAL_H
#define NET_TLS_INTERNAL_H

#include <openssl/ssl.h>

#include "net/tls.h"

/* Settings of either side, as far as they are the same. */
SSL_CTX *tls_context_new(const SSL_METHOD *method);

/* A session of those settings that does not know yet which side it is. */
struct tls_session *tls_session_new_bare(SSL_CTX *ctx, SSL **ssl);

#endif
