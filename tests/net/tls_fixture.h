/*
 * Certificates, good and bad, and clients that trust them or not: made once for
 * a group of tests.
 */
#ifndef TESTS_NET_TLS_FIXTURE_H
#define TESTS_NET_TLS_FIXTURE_H

#include "net/tls_testing.h"

#include "net/tls.h"

enum { DAY_S = 86400 };

struct tls_fixture {
    struct test_cert ca;
    struct test_cert good;
    struct test_cert expired;
    struct test_cert self_signed;
    char ca_path[64];
    struct tls_client *client;   /* trusts the CA */
    struct tls_client *stranger; /* does not */
    struct tls_client *insecure;
};

static inline int tls_fixture_new(void **state)
{
    struct tls_fixture *f = calloc(1, sizeof *f);
    f->ca = test_cert_new(NULL, &(struct test_cert_options){"test CA", NULL, -DAY_S, DAY_S});
    f->good =
        test_cert_new(&f->ca,
                      &(struct test_cert_options){"good",
                                                  "DNS:localhost,DNS:*.example.org,IP:127.0.0.1",
                                                  -DAY_S, DAY_S});
    f->expired = test_cert_new(&f->ca, &(struct test_cert_options){"old", "DNS:localhost",
                                                                   -2 * DAY_S, -DAY_S});
    f->self_signed =
        test_cert_new(NULL, &(struct test_cert_options){"self", "DNS:localhost", -DAY_S, DAY_S});
    test_cert_write(&f->ca, f->ca_path);
    assert_int_equal(tls_client_new(f->ca_path, false, &f->client), 0);
    assert_int_equal(tls_client_new(NULL, false, &f->stranger), 0);
    assert_int_equal(tls_client_new(NULL, true, &f->insecure), 0);
    *state = f;
    return 0;
}

static inline int tls_fixture_free(void **state)
{
    struct tls_fixture *f = *state;
    tls_client_free(f->client);
    tls_client_free(f->stranger);
    tls_client_free(f->insecure);
    unlink(f->ca_path);
    test_cert_free(&f->ca);
    test_cert_free(&f->good);
    test_cert_free(&f->expired);
    test_cert_free(&f->self_signed);
    free(f);
    return 0;
}

#endif
