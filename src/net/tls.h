/*
 * TLS (OpenSSL): as a client, for https upstreams and wss signal servers; as a
 * server, see net/tls_server.h. A tls_client is the settings that many
 * connections share; the engine under one connection is net/conn.c's business
 * (tls_session below).
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

struct tls_client;
struct tls_session;

/* Verifies servers against the system's store, TLS 1.2 or later. ca_file, a
 * PEM file trusted beside it, may be NULL. insecure switches verification
 * off. 0, or -ENOENT / -EINVAL for a ca_file that cannot be read or holds no
 * certificate. */
int tls_client_new(const char *ca_file, bool insecure, struct tls_client **out);
void tls_client_free(struct tls_client *client);

/* How a URL begins that means its servers without TLS (static): a session says
 * so where there is none. At first it is that of a signal server. */
void tls_client_set_plain(struct tls_client *client, const char *plain);

/* What makes a certificate trusted that the system does not know (static), as
 * in "--upstream-ca FILE": a session that refuses one says so. At first it is
 * SSL_CERT_FILE=FILE. */
void tls_client_set_trust(struct tls_client *client, const char *trust);

/* Sans-I/O engine of one connection to host (SNI, and the name or IP address
 * that the certificate must bear). The client must outlive it. */
struct tls_session *tls_session_new(const struct tls_client *client, const char *host);
void tls_session_free(struct tls_session *session);

/* The session, which has not begun, travels inside another one that is open,
 * as to a server behind a proxy that speaks TLS itself. What it is fed and what
 * is taken from it is then the outer one's ciphertext, and the outer one is
 * freed with it. */
void tls_session_put_inside(struct tls_session *session, struct tls_session *outer);

enum tls_status { TLS_HANDSHAKING, TLS_OPEN, TLS_ENDED, TLS_FAILED };

/* Takes ciphertext from the wire. */
void tls_session_feed(struct tls_session *session, struct span ciphertext);

/* Goes on with the handshake and decrypts: appends plaintext (at most until
 * *plain is full; call again) and returns the status after it. A client's first
 * call begins the handshake. TLS_ENDED: close_notify came. TLS_FAILED:
 * tls_session_error() says why, and an alert may wait to be taken. */
enum tls_status tls_session_read(struct tls_session *session, struct buf *plain);

/* Encrypts; only when TLS_OPEN. 0 or -EPROTO. */
int tls_session_write(struct tls_session *session, struct span plain);

/* Queues close_notify. */
void tls_session_end(struct tls_session *session);

/* The ciphertext that waits to be sent, valid until the next call. 0; or
 * -EPROTO when the outer session is broken: this one is of no use any more. */
int tls_session_wire(struct tls_session *session, struct span *wire);

/* All of that has been taken. */
void tls_session_taken(struct tls_session *session);

/* In words for a person, as in "the server's certificate is refused:
 * certificate has expired". */
const char *tls_session_error(const struct tls_session *session);

#endif
