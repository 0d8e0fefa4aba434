/*
 * A certificate for this machine's own server, for who has none: signed by an
 * authority that is made for it and whose key is then forgotten, so that who
 * trusts it trusts one server and nobody else.
 */
#ifndef NET_TLS_CERTIFICATE_H
#define NET_TLS_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In PEM, NUL-terminated. */
struct tls_certificate {
    char *authority;   /* for clients to trust */
    char *certificate; /* the server's, with the authority's behind it */
    char *key;         /* the server's: a secret */
};

/* names: host names and IP addresses, one at least. From a day ago (clocks
 * differ) until lifetime_s from now. To be deinitialized. */
void tls_certificate_make(const char *const *names, size_t count, int64_t lifetime_s,
                          struct tls_certificate *out);
void tls_certificate_deinit(struct tls_certificate *certificate);

/* Whether the first certificate of a PEM text has all of the names, and is good
 * for so long yet. */
bool tls_certificate_serves(const char *pem, const char *const *names, size_t count,
                            int64_t left_s);

#endif
