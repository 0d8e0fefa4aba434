/*
 * TLS as a server (OpenSSL): a certificate and its key, which the connections
 * of a listener share. listener_set_tls() of net/conn.h puts it behind conns.
 */
#ifndef NET_TLS_SERVER_H
#define NET_TLS_SERVER_H

#include <stddef.h>
#include <time.h>

#include "net/tls.h"

struct tls_server;

/* Reads both files, PEM: the certificate with those that lead to a root behind
 * it, and its key, which is not encrypted. TLS 1.2 or later; of ALPN
 * "http/1.1". 0 with *out, else *why, to be freed, names the file and says what
 * is wrong with it: -ENOENT for one that cannot be read, -EINVAL. */
int tls_server_new(const char *cert_file, const char *key_file, struct tls_server **out,
                   char **why);

/* Reads them again, for connections to come. On an error, as above, all stays
 * as it was. */
int tls_server_reload(struct tls_server *server, char **why);

/* NULL is allowed. Sessions may outlive it. */
void tls_server_free(struct tls_server *server);

/* The DNS names of the certificate but for wildcards, at most max, each to be
 * freed. Their count. */
size_t tls_server_names(const struct tls_server *server, char **names, size_t max);

/* When the certificate is no longer valid, in seconds since 1970, and as a date
 * of UTC. */
int64_t tls_server_expiry(const struct tls_server *server, struct tm *utc);

/* The engine of one connection that was accepted. A client that speaks HTTP
 * instead is answered in HTTP (400), so that a person sees what is wrong. */
struct tls_session *tls_session_accept(const struct tls_server *server);

#endif
