/*
 * The engine against plain OpenSSL at the other end, in both roles and with
 * each cipher suite: what our records look like to somebody else. OpenSSL
 * reads the time by gettimeofday(), which this program therefore defines.
 */
#include "testing.h"

#include <stdlib.h>
#include <sys/time.h>

#include <openssl/ssl.h>

#include "base/alloc.h"
#include "rtc/cert_private.h"
#include "rtc/dtls.h"
#include "rtc/dtls_bio.h"
#include "wire.h"

static time_t fake_now_s = 1000;

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    (void)zone;
    *tv = (struct timeval){.tv_sec = fake_now_s};
    return 0;
}

struct test {
    struct cert *our_cert;
    struct cert *their_cert;
    struct dtls *ours;
    struct wire to_them;
    struct wire to_us;
    bool is_connected;
    bool is_closed;
    unsigned received;

    SSL_CTX *ctx;
    SSL *ssl; /* theirs */
    struct dtls_bio bio;
    unsigned their_received;
    bool they_are_closed;
};

/* ---- our end ---- */

static void on_datagram(struct span datagram, void *arg)
{
    wire_push(&((struct test *)arg)->to_them, datagram, 0);
}

static void on_connected(void *arg)
{
    ((struct test *)arg)->is_connected = true;
}

static void on_data(struct span plaintext, uint64_t now_us, void *arg)
{
    (void)now_us;
    struct test *t = arg;
    assert_int_equal(plaintext.len, 1400);
    for (size_t i = 0; i < plaintext.len; i++)
        assert_int_equal(plaintext.data[i], (uint8_t)(i + t->received));
    t->received++;
}

static void on_closed(int error, const char *text, void *arg)
{
    (void)text;
    assert_int_equal(error, 0);
    ((struct test *)arg)->is_closed = true;
}

/* ---- their end ---- */

static void on_their_datagram(struct span datagram, void *arg)
{
    wire_push(&((struct test *)arg)->to_us, datagram, 0);
}

static int trust(X509_STORE_CTX *store, void *arg)
{
    (void)store;
    (void)arg;
    return 1;
}

static void open_theirs(struct test *t, const char *cipher, bool is_client)
{
    t->ctx = SSL_CTX_new(DTLS_method());
    assert_non_null(t->ctx);
    SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(t->ctx, trust, NULL);
    SSL_CTX_set_options(t->ctx, SSL_OP_NO_QUERY_MTU);
    assert_int_equal(SSL_CTX_set_cipher_list(t->ctx, cipher), 1);
    assert_int_equal(SSL_CTX_use_certificate(t->ctx, t->their_cert->x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(t->ctx, t->their_cert->key), 1);
    t->ssl = SSL_new(t->ctx);
    t->bio.on_datagram = on_their_datagram;
    t->bio.arg = t;
    BIO *bio = dtls_bio_new(&t->bio);
    assert_non_null(bio);
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_mtu(t->ssl, DTLS_MTU);
    if (is_client)
        SSL_set_connect_state(t->ssl);
    else
        SSL_set_accept_state(t->ssl);
}

static void read_theirs(struct test *t)
{
    uint8_t bytes[DTLS_PLAINTEXT_MAX];
    int len;
    while ((len = SSL_read(t->ssl, bytes, sizeof bytes)) > 0) {
        assert_int_equal(len, 1400);
        for (int i = 0; i < len; i++)
            assert_int_equal(bytes[i], (uint8_t)((unsigned)i + bytes[0]));
        t->their_received++;
    }
    int error = SSL_get_error(t->ssl, len);
    assert_true(error == SSL_ERROR_WANT_READ || error == SSL_ERROR_ZERO_RETURN);
    t->they_are_closed = error == SSL_ERROR_ZERO_RETURN;
}

/* ---- both ---- */

/* Delivers one datagram. False when none is under way. */
static bool step(struct test *t)
{
    struct wire_packet *p = wire_pop(&t->to_them, TIME_NEVER);
    if (p) {
        t->bio.incoming = span_of(p->data, p->len);
        t->bio.has_incoming = true;
        read_theirs(t);
    } else if ((p = wire_pop(&t->to_us, TIME_NEVER)) != NULL) {
        dtls_feed(t->ours, span_of(p->data, p->len), 0);
    }
    bool is_delivered = p != NULL;
    free(p);
    return is_delivered;
}

static void run(struct test *t)
{
    while (step(t))
        ;
}

static void fill(uint8_t bytes[1400], unsigned number)
{
    for (unsigned i = 0; i < 1400; i++)
        bytes[i] = (uint8_t)(i + number);
}

static void open_both(struct test *t, const char *cipher, bool are_we_client)
{
    static const struct dtls_handlers handlers = {
        .on_datagram = on_datagram,
        .on_connected = on_connected,
        .on_data = on_data,
        .on_closed = on_closed,
    };
    *t = (struct test){.our_cert = cert_new(), .their_cert = cert_new()};
    wire_init(&t->to_them, 0);
    wire_init(&t->to_us, 0);
    t->ours = dtls_new(t->our_cert, are_we_client ? DTLS_CLIENT : DTLS_SERVER,
                       cert_fingerprint(t->their_cert), &handlers, t);
    open_theirs(t, cipher, !are_we_client);
    if (are_we_client)
        dtls_start(t->ours, 0);
    else
        read_theirs(t);
}

static void close_both(struct test *t)
{
    dtls_free(t->ours);
    SSL_free(t->ssl);
    SSL_CTX_free(t->ctx);
    dtls_bio_deinit(&t->bio);
    wire_deinit(&t->to_them);
    wire_deinit(&t->to_us);
    cert_free(t->our_cert);
    cert_free(t->their_cert);
}

static void send_ours(struct test *t, unsigned count)
{
    uint8_t bytes[1400];
    for (unsigned i = 0; i < count; i++) {
        fill(bytes, i);
        assert_int_equal(dtls_send(t->ours, span_of(bytes, sizeof bytes)), 0);
    }
}

static void check(const char *cipher, bool are_we_client)
{
    struct test t;
    open_both(&t, cipher, are_we_client);
    run(&t);
    assert_true(t.is_connected);
    assert_true(SSL_is_init_finished(t.ssl));

    send_ours(&t, 100);
    uint8_t bytes[1400];
    for (unsigned i = 0; i < 100; i++) {
        fill(bytes, i);
        assert_int_equal(SSL_write(t.ssl, bytes, sizeof bytes), sizeof bytes);
    }
    run(&t);
    assert_int_equal(t.received, 100);
    assert_int_equal(t.their_received, 100);

    if (are_we_client)
        dtls_send_close(t.ours);
    else
        SSL_shutdown(t.ssl);
    run(&t);
    assert_true(are_we_client ? t.they_are_closed : t.is_closed);
    close_both(&t);
}

static void test_each_suite_in_both_roles(void **state)
{
    (void)state;
    static const char *const ciphers[] = {"ECDHE-ECDSA-AES128-GCM-SHA256",
                                          "ECDHE-ECDSA-AES256-GCM-SHA384",
                                          "ECDHE-ECDSA-CHACHA20-POLY1305"};
    for (size_t i = 0; i < sizeof ciphers / sizeof *ciphers; i++) {
        check(ciphers[i], true);
        check(ciphers[i], false);
    }
}

/* Our last flight is lost, and we have sent data since. Our OpenSSL, which
 * does not know of that, sends the flight again: theirs must not take it for a
 * replay of the data. */
static void test_last_flight_comes_behind_data(void **state)
{
    (void)state;
    struct test t;
    open_both(&t, "ECDHE-ECDSA-AES128-GCM-SHA256", false);
    while (!t.is_connected)
        assert_true(step(&t));
    struct wire_packet *finished = wire_pop(&t.to_them, TIME_NEVER);
    assert_non_null(finished);
    assert_null(list_first(&t.to_them.flight));
    free(finished);
    send_ours(&t, 20);
    run(&t);
    assert_false(SSL_is_init_finished(t.ssl));

    fake_now_s += 2;
    assert_true(DTLSv1_handle_timeout(t.ssl) > 0);
    run(&t);
    assert_true(SSL_is_init_finished(t.ssl));
    /* The data that came early it may keep or lose; the channel is up. */
    t.their_received = 0;
    send_ours(&t, 20);
    run(&t);
    assert_int_equal(t.their_received, 20);
    close_both(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_suite_in_both_roles),
        cmocka_unit_test(test_last_flight_comes_behind_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
