/*
 * OpenSSL between two memory BIOs: ciphertext is fed into one and taken from
 * the other, so that this file knows no socket. A session never holds more
 * than what was fed and not read, which conn.c bounds by one read.
 */
#include "net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/resolve.h"
#include "net/tls_internal.h"

enum {
    TLS_READ_CHUNK = 16 << 10, /* a record's most plaintext, RFC 8446 section 5.1 */
    TLS_ERROR_LEN = 256
};

struct tls_client {
    SSL_CTX *ctx;
    const char *plain;
    const char *trust;
};

struct tls_session {
    SSL *ssl;
    BIO *in;                      /* owned by ssl */
    BIO *out;                     /* owned by ssl */
    const char *plain;            /* of its client; NULL: a server's */
    const char *trust;            /* likewise */
    struct tls_session *outer;    /* or NULL */
    enum tls_status outer_status; /* when it was last read */
    bool has_failed;
    char error[TLS_ERROR_LEN];
};

SSL_CTX *tls_context_new(const SSL_METHOD *method)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    if (!ctx)
        abort();
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    return ctx;
}

static int load_ca_file(SSL_CTX *ctx, const char *ca_file)
{
    if (access(ca_file, R_OK) < 0)
        return -ENOENT;
    return SSL_CTX_load_verify_file(ctx, ca_file) == 1 ? 0 : -EINVAL;
}

int tls_client_new(const char *ca_file, bool insecure, struct tls_client **out)
{
    /* What we speak inside; some servers want to hear it (RFC 7301). */
    static const unsigned char alpn[] = "\x08http/1.1";
    SSL_CTX *ctx = tls_context_new(TLS_client_method());
    int error = 0;
    SSL_CTX_set_alpn_protos(ctx, alpn, sizeof alpn - 1);
    SSL_CTX_set_verify(ctx, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    /* A machine without a store refuses every server, with a clear text. */
    SSL_CTX_set_default_verify_paths(ctx);
    if (ca_file)
        error = load_ca_file(ctx, ca_file);
    ERR_clear_error();
    if (error < 0) {
        SSL_CTX_free(ctx);
        return error;
    }
    struct tls_client *client = xcalloc(1, sizeof *client);
    client->ctx = ctx;
    client->plain = "ws:// or http://";
    client->trust = "SSL_CERT_FILE=FILE";
    *out = client;
    return 0;
}

void tls_client_set_plain(struct tls_client *client, const char *plain)
{
    client->plain = plain;
}

void tls_client_set_trust(struct tls_client *client, const char *trust)
{
    client->trust = trust;
}

void tls_client_free(struct tls_client *client)
{
    if (!client)
        return;
    SSL_CTX_free(client->ctx);
    free(client);
}

/* Whom the certificate must name. SNI holds names only (RFC 6066 section 3). */
static bool set_host(SSL *ssl, const char *host)
{
    struct address literal;
    if (address_parse(host, 0, &literal) == 0)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct tls_session *tls_session_new_bare(SSL_CTX *ctx, SSL **ssl)
{
    struct tls_session *session = xcalloc(1, sizeof *session);
    session->ssl = SSL_new(ctx);
    session->in = BIO_new(BIO_s_mem());
    session->out = BIO_new(BIO_s_mem());
    if (!session->ssl || !session->in || !session->out)
        abort();
    SSL_set_bio(session->ssl, session->in, session->out);
    *ssl = session->ssl;
    return session;
}

struct tls_session *tls_session_new(const struct tls_client *client, const char *host)
{
    SSL *ssl;
    struct tls_session *session = tls_session_new_bare(client->ctx, &ssl);
    SSL_set_connect_state(ssl);
    session->plain = client->plain;
    session->trust = client->trust;
    if (!set_host(ssl, host)) {
        /* Going on would accept a certificate of anybody. */
        session->has_failed = true;
        snprintf(session->error, sizeof session->error, "TLS: \"%.100s\" is not a host name", host);
    }
    ERR_clear_error();
    return session;
}

void tls_session_free(struct tls_session *session)
{
    if (!session)
        return;
    tls_session_free(session->outer);
    SSL_free(session->ssl);
    free(session);
}

static void session_put(struct tls_session *session, struct span ciphertext)
{
    size_t written = 0;
    if (ciphertext.len == 0)
        return;
    if (BIO_write_ex(session->in, ciphertext.data, ciphertext.len, &written) != 1 ||
        written != ciphertext.len)
        abort(); /* out of memory */
}

/* What the outer session can decrypt is what this one reads. */
static void session_pull(struct tls_session *session)
{
    struct buf plain;
    buf_init(&plain, TLS_READ_CHUNK);
    do {
        buf_clear(&plain);
        session->outer_status = tls_session_read(session->outer, &plain);
        session_put(session, buf_bytes(&plain));
    } while (plain.len > 0);
    buf_deinit(&plain);
}

void tls_session_put_inside(struct tls_session *session, struct tls_session *outer)
{
    session->outer = outer;
    session->outer_status = TLS_OPEN;
    session_pull(session);
}

void tls_session_feed(struct tls_session *session, struct span ciphertext)
{
    if (!session->outer) {
        session_put(session, ciphertext);
        return;
    }
    tls_session_feed(session->outer, ciphertext);
    session_pull(session);
}

/* Goes out as it is. Nothing of TLS has. */
static void answer_http(struct tls_session *session)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n"
                                 "Content-Type: text/plain\r\n"
                                 "Content-Length: 42\r\n"
                                 "Connection: close\r\n"
                                 "\r\n"
                                 "this port speaks TLS: https://, or wss://\n";
    BIO_write(session->out, answer, sizeof answer - 1);
}

/* What mostly is behind it: a clock, or a certificate of one's own making. */
static void explain_refusal(struct tls_session *session, long verified)
{
    const char *own = getenv("SSL_CERT_FILE");
    const char *trust = "";
    const char *advice = "";
    switch (verified) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        advice = ", by the clock of this machine";
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        advice = "; the file that SSL_CERT_FILE names cannot be read";
        if (!own || access(own, R_OK) == 0) {
            trust = session->trust;
            advice = " makes those in a file trusted";
        }
        break;
    default:
        break;
    }
    snprintf(session->error, sizeof session->error, "the server's certificate is refused: %s%s%s%s",
             X509_verify_cert_error_string(verified), *trust ? "; " : "", trust, advice);
}

static enum tls_status session_fail(struct tls_session *session)
{
    session->has_failed = true;
    long verified = SSL_get_verify_result(session->ssl);
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);
    if (ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST && SSL_is_server(session->ssl))
        answer_http(session);
    if (verified != X509_V_OK && SSL_get_verify_mode(session->ssl) != SSL_VERIFY_NONE)
        explain_refusal(session, verified);
    else if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER)
        snprintf(session->error, sizeof session->error, "there is no TLS at that port%s%s%s",
                 session->plain ? "; perhaps " : "", session->plain ? session->plain : "",
                 session->plain ? " is meant, without an 's'" : "");
    else
        snprintf(session->error, sizeof session->error, "TLS failed: %s",
                 reason ? reason : "unknown error");
    ERR_clear_error();
    return TLS_FAILED;
}

/* Nothing more comes from the outer session. */
static enum tls_status session_fail_outside(struct tls_session *session)
{
    const char *why = session->outer_status == TLS_FAILED ? session->outer->error
                                                          : "the proxy ended the connection";
    session->has_failed = true;
    snprintf(session->error, sizeof session->error, "%s", why);
    return TLS_FAILED;
}

/* The status after a call that did not succeed. */
static enum tls_status session_check(struct tls_session *session, int result,
                                     enum tls_status when_waiting)
{
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        if (session->outer && session->outer_status != TLS_OPEN)
            return session_fail_outside(session);
        return when_waiting;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_ENDED;
    default:
        return session_fail(session);
    }
}

enum tls_status tls_session_read(struct tls_session *session, struct buf *plain)
{
    if (session->has_failed)
        return TLS_FAILED;
    ERR_clear_error();
    if (!SSL_is_init_finished(session->ssl)) {
        int result = SSL_do_handshake(session->ssl);
        if (result != 1)
            return session_check(session, result, TLS_HANDSHAKING);
    }
    while (buf_room(plain) > 0) {
        size_t want = buf_room(plain) < TLS_READ_CHUNK ? buf_room(plain) : TLS_READ_CHUNK;
        uint8_t *room = buf_reserve(plain, want);
        size_t got = 0;
        int result = SSL_read_ex(session->ssl, room, want, &got);
        if (result != 1)
            return session_check(session, result, TLS_OPEN);
        buf_commit(plain, got);
    }
    return TLS_OPEN;
}

int tls_session_write(struct tls_session *session, struct span plain)
{
    if (plain.len == 0)
        return 0;
    if (session->has_failed)
        return -EPROTO;
    ERR_clear_error();
    size_t written = 0;
    if (SSL_write_ex(session->ssl, plain.data, plain.len, &written) == 1 && written == plain.len)
        return 0;
    session_fail(session);
    return -EPROTO;
}

/* Moves what this one wants to send into the outer session. */
static int session_push(struct tls_session *session)
{
    char *data = NULL;
    long len = BIO_get_mem_data(session->out, &data);
    if (len <= 0)
        return 0;
    int error = tls_session_write(session->outer, span_of(data, (size_t)len));
    BIO_reset(session->out);
    return error;
}

void tls_session_end(struct tls_session *session)
{
    /* OpenSSL forbids the call after a failure. */
    if (session->has_failed || !SSL_is_init_finished(session->ssl))
        return;
    SSL_shutdown(session->ssl);
    ERR_clear_error();
    if (session->outer && session_push(session) == 0)
        tls_session_end(session->outer);
}

int tls_session_wire(struct tls_session *session, struct span *wire)
{
    char *data = NULL;
    *wire = (struct span){0};
    if (session->outer)
        return session_push(session) < 0 ? -EPROTO : tls_session_wire(session->outer, wire);
    long len = BIO_get_mem_data(session->out, &data);
    if (len > 0)
        *wire = span_of(data, (size_t)len);
    return 0;
}

void tls_session_taken(struct tls_session *session)
{
    if (session->outer)
        tls_session_taken(session->outer);
    else if (BIO_pending(session->out) > 0)
        BIO_reset(session->out); /* it overwrites all its room */
}

const char *tls_session_error(const struct tls_session *session)
{
    return session->error;
}
