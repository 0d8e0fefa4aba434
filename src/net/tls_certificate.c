/*
 * ECDSA with P-256, which all clients know. The server's certificate is no
 * authority, and the authority's no server: some clients refuse one that is
 * both. That nothing of it can be made, for want of memory or of entropy,
 * aborts.
 */
#include "net/tls_certificate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"

enum { DAY_S = 86400, SERIAL_BYTES = 16 };

static void need(bool is_good)
{
    if (!is_good)
        abort();
}

static bool is_address(const char *name)
{
    struct in6_addr address;
    return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

/* ---- making ---- */

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    need(extension && X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

static void set_serial(X509 *certificate)
{
    unsigned char bytes[SERIAL_BYTES];
    need(RAND_bytes(bytes, sizeof bytes) == 1);
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 1); /* positive (RFC 5280 section 4.1.2.2) */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    need(number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)));
    BN_free(number);
}

/* issuer: NULL for itself. Neither signed nor with extensions yet. */
static X509 *new_certificate(EVP_PKEY *key, const char *name, X509 *issuer, int64_t lifetime_s)
{
    X509 *certificate = X509_new();
    need(certificate && X509_set_version(certificate, X509_VERSION_3));
    set_serial(certificate);
    /* Whole days apart, since time_t may end in 2038. */
    need(X509_time_adj_ex(X509_getm_notBefore(certificate), -1, 0, NULL) &&
         X509_time_adj_ex(X509_getm_notAfter(certificate), (int)(lifetime_s / DAY_S),
                          (long)(lifetime_s % DAY_S), NULL));
    X509_NAME *subject = X509_get_subject_name(certificate);
    need(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
                                    -1, 0));
    need(X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer : certificate)) &&
         X509_set_pubkey(certificate, key));
    return certificate;
}

static void sign(X509 *certificate, EVP_PKEY *key)
{
    need(X509_sign(certificate, key, EVP_sha256()) > 0);
}

static X509 *new_authority(EVP_PKEY *key, int64_t lifetime_s)
{
    char name[64];
    unsigned char bytes[4];
    need(RAND_bytes(bytes, sizeof bytes) == 1);
    /* One that was made anew must not be taken for the one of before. */
    snprintf(name, sizeof name, "tunnel proxy on this machine, %02x%02x%02x%02x", bytes[0],
             bytes[1], bytes[2], bytes[3]);
    X509 *authority = new_certificate(key, name, NULL, lifetime_s);
    add_extension(authority, authority, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(authority, authority, NID_key_usage, "critical,keyCertSign");
    add_extension(authority, authority, NID_subject_key_identifier, "hash");
    sign(authority, key);
    return authority;
}

/* As in "DNS:localhost,IP:127.0.0.1", to be freed. */
static char *format_names(const char *const *names, size_t count)
{
    char *text = xstrdup("");
    for (size_t i = 0; i < count; i++) {
        char *more = xasprintf("%s%s%s:%s", text, i > 0 ? "," : "",
                               is_address(names[i]) ? "IP" : "DNS", names[i]);
        free(text);
        text = more;
    }
    return text;
}

static X509 *new_server(EVP_PKEY *key, X509 *authority, const char *alternatives,
                        int64_t lifetime_s)
{
    X509 *server = new_certificate(key, "tunnel proxy", authority, lifetime_s);
    add_extension(server, authority, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(server, authority, NID_key_usage, "critical,digitalSignature");
    add_extension(server, authority, NID_ext_key_usage, "serverAuth");
    add_extension(server, authority, NID_authority_key_identifier, "keyid");
    add_extension(server, authority, NID_subject_alt_name, alternatives);
    return server;
}

static char *text_of(BIO *bio)
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);
    need(len > 0);
    char *text = xstrndup((struct span){(const uint8_t *)data, (size_t)len});
    BIO_free(bio);
    return text;
}

static char *pem_of(X509 *first, X509 *second)
{
    BIO *bio = BIO_new(BIO_s_mem());
    need(bio && PEM_write_bio_X509(bio, first) && (!second || PEM_write_bio_X509(bio, second)));
    return text_of(bio);
}

static char *pem_of_key(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    need(bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
    return text_of(bio);
}

void tls_certificate_make(const char *const *names, size_t count, int64_t lifetime_s,
                          struct tls_certificate *out)
{
    EVP_PKEY *authority_key = EVP_EC_gen("P-256");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    need(authority_key && key);
    char *alternatives = format_names(names, count);
    X509 *authority = new_authority(authority_key, lifetime_s);
    X509 *server = new_server(key, authority, alternatives, lifetime_s);
    sign(server, authority_key);
    *out = (struct tls_certificate){pem_of(authority, NULL), pem_of(server, authority),
                                    pem_of_key(key)};
    free(alternatives);
    X509_free(server);
    X509_free(authority);
    EVP_PKEY_free(key);
    EVP_PKEY_free(authority_key);
}

void tls_certificate_deinit(struct tls_certificate *certificate)
{
    free(certificate->authority);
    free(certificate->certificate);
    free_secret_string(certificate->key);
}

/* ---- looking ---- */

static bool has_name(X509 *certificate, const char *name)
{
    if (is_address(name))
        return X509_check_ip_asc(certificate, name, 0) == 1;
    return X509_check_host(certificate, name, 0, 0, NULL) == 1;
}

bool tls_certificate_serves(const char *pem, const char *const *names, size_t count, int64_t left_s)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    int days = 0;
    int seconds = 0;
    bool serves = certificate &&
                  ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) == 1 &&
                  days * (int64_t)DAY_S + seconds > left_s;
    for (size_t i = 0; i < count && serves; i++)
        serves = has_name(certificate, names[i]);
    X509_free(certificate);
    BIO_free(bio);
    return serves;
}
