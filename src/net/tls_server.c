/*
 * The settings are one SSL_CTX, which OpenSSL keeps for as long as a session
 * uses it: reloading makes another one and lets go of the first.
 *
 * A client that comes back has a ticket (RFC 8446 section 4.6.1), so that
 * nothing of it is kept here.
 */
#include "net/tls_server.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pemerr.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/date.h"
#include "net/tls_internal.h"

struct tls_server {
    char *cert_file;
    char *key_file;
    SSL_CTX *ctx;
};

/* Of what a client offers; one that offers nothing that we know is served
 * nevertheless (RFC 7301 section 3.2 lets us). */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned offered_len, void *arg)
{
    static const unsigned char known[] = "\x08http/1.1";
    unsigned char *chosen;
    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, out_len, known, sizeof known - 1, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* Nobody is there to be asked, at a reload least of all. */
static int no_password(char *out, int size, int for_writing, void *arg)
{
    (void)out;
    (void)size;
    (void)for_writing;
    *(bool *)arg = true;
    return -1;
}

/* What is wrong with a file, after a call of OpenSSL on it. */
static int refuse(const char *file, const char *what, char **why)
{
    unsigned long code = ERR_peek_error();
    int reason = ERR_GET_REASON(code);
    const char *text = ERR_reason_error_string(code);
    if (access(file, R_OK) < 0) {
        *why = xasprintf("the %s %s: %s", what, file, strerror(errno));
        ERR_clear_error();
        return -ENOENT;
    }
    bool is_none = ERR_GET_LIB(code) == ERR_LIB_PEM && reason == PEM_R_NO_START_LINE;
    if (is_none || reason == ERR_R_UNSUPPORTED)
        *why = xasprintf("the %s %s: holds no %s in PEM", what, file, what);
    else
        *why = xasprintf("the %s %s: %s", what, file, text ? text : "not to be used");
    ERR_clear_error();
    return -EINVAL;
}

static int load(const struct tls_server *server, SSL_CTX *ctx, char **why)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ctx, server->cert_file) != 1)
        return refuse(server->cert_file, "certificate", why);
    bool is_encrypted = false;
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, &is_encrypted);
    bool has_key = SSL_CTX_use_PrivateKey_file(ctx, server->key_file, SSL_FILETYPE_PEM) == 1;
    bool is_other = ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH;
    if (!has_key && !is_encrypted && !is_other)
        return refuse(server->key_file, "key", why);
    if (has_key && SSL_CTX_check_private_key(ctx) == 1)
        return 0;
    *why = is_encrypted
               ? xasprintf("%s: is encrypted; `openssl pkey -in %s` decrypts it", server->key_file,
                           server->key_file)
               : xasprintf("%s: is not the key of %s", server->key_file, server->cert_file);
    ERR_clear_error();
    return -EINVAL;
}

int tls_server_reload(struct tls_server *server, char **why)
{
    SSL_CTX *ctx = tls_context_new(TLS_server_method());
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    int error = load(server, ctx, why);
    if (error < 0) {
        SSL_CTX_free(ctx);
        return error;
    }
    SSL_CTX_free(server->ctx);
    server->ctx = ctx;
    return 0;
}

int tls_server_new(const char *cert_file, const char *key_file, struct tls_server **out, char **why)
{
    struct tls_server *server = xcalloc(1, sizeof *server);
    server->cert_file = xstrdup(cert_file);
    server->key_file = xstrdup(key_file);
    int error = tls_server_reload(server, why);
    if (error < 0)
        tls_server_free(server);
    else
        *out = server;
    return error;
}

void tls_server_free(struct tls_server *server)
{
    if (!server)
        return;
    SSL_CTX_free(server->ctx);
    free(server->cert_file);
    free(server->key_file);
    free(server);
}

size_t tls_server_names(const struct tls_server *server, char **names, size_t max)
{
    size_t count = 0;
    GENERAL_NAMES *all =
        X509_get_ext_d2i(SSL_CTX_get0_certificate(server->ctx), NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(all) && count < max; i++) {
        int type;
        ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all, i), &type);
        if (type != GEN_DNS)
            continue;
        struct span name = span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
        if (!memchr(name.data, '*', name.len))
            names[count++] = xstrndup(name);
    }
    GENERAL_NAMES_free(all);
    ERR_clear_error();
    return count;
}

int64_t tls_server_expiry(const struct tls_server *server, struct tm *utc)
{
    *utc = (struct tm){.tm_mday = 1};
    ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(server->ctx)), utc);
    return date_seconds(utc);
}

struct tls_session *tls_session_accept(const struct tls_server *server)
{
    SSL *ssl;
    struct tls_session *session = tls_session_new_bare(server->ctx, &ssl);
    SSL_set_accept_state(ssl);
    return session;
}
