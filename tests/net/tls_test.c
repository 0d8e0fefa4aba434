/*
 * TLS as a client: the engine alone against OpenSSL's server half, whole and
 * byte by byte. Under a conn: tls_conn_test.c.
 */
#include "net/tls_fixture.h"

#include <errno.h>

/* Carries bytes both ways, piece bytes at a time, until nothing moves. */
static enum tls_status shake(struct tls_session *session, struct test_tls_server *server,
                             size_t piece, struct buf *plain)
{
    enum tls_status status = TLS_HANDSHAKING;
    bool has_moved = true;
    while (has_moved) {
        has_moved = false;
        status = tls_session_read(session, plain);
        struct span wire;
        assert_int_equal(tls_session_wire(session, &wire), 0);
        for (; wire.len > 0; has_moved = true) {
            size_t len = wire.len < piece ? wire.len : piece;
            test_tls_server_feed(server, span_of(wire.data, len));
            wire = span_skip(wire, len);
            SSL_do_handshake(server->ssl);
            ERR_clear_error();
        }
        tls_session_taken(session);
        struct span out = test_tls_server_take(server);
        for (size_t at = 0; at < out.len; has_moved = true) {
            size_t len = out.len - at < piece ? out.len - at : piece;
            tls_session_feed(session, span_of(out.data + at, len));
            at += len;
            status = tls_session_read(session, plain);
        }
        test_tls_server_taken(server);
    }
    return status;
}

static void exchange(const struct tls_fixture *f, size_t piece)
{
    struct test_tls_server server;
    struct tls_session *session = tls_session_new(f->client, "localhost");
    struct buf plain;
    buf_init(&plain, CONN_READ_MAX);
    test_tls_server_init(&server, &f->good);
    assert_int_equal(shake(session, &server, piece, &plain), TLS_OPEN);
    assert_string_equal(SSL_get_servername(server.ssl, TLSEXT_NAMETYPE_host_name), "localhost");

    assert_int_equal(tls_session_write(session, SPAN_LITERAL("ping")), 0);
    assert_int_equal(tls_session_write(session, SPAN_LITERAL("")), 0);
    shake(session, &server, piece, &plain);
    char got[16];
    assert_int_equal(test_tls_server_read(&server, got, sizeof got), 4);
    assert_memory_equal(got, "ping", 4);

    test_tls_server_write(&server, SPAN_LITERAL("pong"));
    assert_int_equal(shake(session, &server, piece, &plain), TLS_OPEN);
    assert_true(span_is_string(buf_bytes(&plain), "pong"));
    SSL_shutdown(server.ssl);
    assert_int_equal(shake(session, &server, piece, &plain), TLS_ENDED);
    tls_session_end(session);
    shake(session, &server, piece, &plain);
    assert_int_equal(test_tls_server_read(&server, got, sizeof got), 0);
    assert_true(SSL_get_shutdown(server.ssl) & SSL_RECEIVED_SHUTDOWN);
    buf_deinit(&plain);
    tls_session_free(session);
    test_tls_server_deinit(&server);
}

static void test_whole(void **state)
{
    exchange(*state, SIZE_MAX);
}

static void test_byte_by_byte(void **state)
{
    exchange(*state, 1);
}

static void test_full_plain_buffer_is_read_on(void **state)
{
    const struct tls_fixture *f = *state;
    struct test_tls_server server;
    struct tls_session *session = tls_session_new(f->client, "localhost");
    struct buf plain;
    buf_init(&plain, 1000);
    test_tls_server_init(&server, &f->good);
    shake(session, &server, SIZE_MAX, &plain);
    static uint8_t body[50000];
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i * 31 + (i >> 8));
    test_tls_server_write(&server, span_of(body, sizeof body));
    tls_session_feed(session, test_tls_server_take(&server));
    size_t at = 0;
    while (at < sizeof body) {
        assert_int_equal(tls_session_read(session, &plain), TLS_OPEN);
        assert_true(plain.len > 0 && plain.len <= 1000);
        assert_memory_equal(plain.data + plain.head, body + at, plain.len);
        at += plain.len;
        buf_clear(&plain);
    }
    buf_deinit(&plain);
    tls_session_free(session);
    test_tls_server_deinit(&server);
}

static void check(const struct tls_client *client, const char *host, const struct test_cert *cert,
                  const char *expected_error)
{
    struct test_tls_server server;
    struct tls_session *session = tls_session_new(client, host);
    struct buf plain;
    buf_init(&plain, 1000);
    test_tls_server_init(&server, cert);
    enum tls_status status = shake(session, &server, SIZE_MAX, &plain);
    if (expected_error) {
        assert_int_equal(status, TLS_FAILED);
        if (!strstr(tls_session_error(session), expected_error))
            fail_msg("\"%s\" does not say \"%s\"", tls_session_error(session), expected_error);
        assert_int_equal(tls_session_write(session, SPAN_LITERAL("x")), -EPROTO);
        assert_int_equal(tls_session_read(session, &plain), TLS_FAILED);
    } else {
        assert_int_equal(status, TLS_OPEN);
    }
    tls_session_end(session);
    buf_deinit(&plain);
    tls_session_free(session);
    test_tls_server_deinit(&server);
}

static void test_certificates(void **state)
{
    const struct tls_fixture *f = *state;
    check(f->client, "localhost", &f->good, NULL);
    check(f->client, "127.0.0.1", &f->good, NULL);
    check(f->client, "api.example.org", &f->good, NULL);
    check(f->client, "example.com", &f->good, "ostname mismatch");
    check(f->client, "a.b.example.org", &f->good, "ostname mismatch");
    check(f->client, "127.0.0.2", &f->good, "IP address mismatch");
    check(f->client, "::1", &f->good, "IP address mismatch");
    check(f->client, "localhost", &f->expired, "expired");
    check(f->client, "localhost", &f->self_signed, "self-signed certificate");
    check(f->stranger, "localhost", &f->good, "unable to get local issuer certificate");
    check(f->insecure, "example.com", &f->good, NULL);
    check(f->insecure, "localhost", &f->expired, NULL);
    check(f->insecure, "localhost", &f->self_signed, NULL);
    check(f->client, "", &f->good, ""); /* nothing to check against: refused */
}

static void check_no_tls(const struct tls_client *client, const char *wanted)
{
    struct tls_session *session = tls_session_new(client, "localhost");
    struct buf plain;
    buf_init(&plain, 1000);
    assert_int_equal(tls_session_read(session, &plain), TLS_HANDSHAKING);
    tls_session_feed(session, SPAN_LITERAL("HTTP/1.1 400 Bad Request\r\n\r\n"));
    assert_int_equal(tls_session_read(session, &plain), TLS_FAILED);
    assert_string_equal(tls_session_error(session), wanted);
    tls_session_free(session);
    buf_deinit(&plain);
}

static void test_garbage_instead_of_tls(void **state)
{
    (void)state;
    struct tls_client *client;
    assert_int_equal(tls_client_new(NULL, false, &client), 0);
    check_no_tls(client, "there is no TLS at that port; perhaps ws:// or http:// is meant, "
                         "without an 's'");
    tls_client_set_plain(client, "turn:");
    check_no_tls(client, "there is no TLS at that port; perhaps turn: is meant, without an 's'");
    tls_client_free(client);
}

static void test_ca_file_errors(void **state)
{
    (void)state;
    struct tls_client *client = NULL;
    assert_int_equal(tls_client_new("/nonexistent.pem", false, &client), -ENOENT);
    assert_int_equal(tls_client_new("/dev/null", false, &client), -EINVAL);
    assert_null(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_full_plain_buffer_is_read_on),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_garbage_instead_of_tls),
        cmocka_unit_test(test_ca_file_errors),
    };
    return cmocka_run_group_tests(tests, tls_fixture_new, tls_fixture_free);
}
