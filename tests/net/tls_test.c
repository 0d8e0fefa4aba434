/*
 * TLS as a client: the engine alone against OpenSSL's server half, whole and
 * byte by byte, then under a conn.
 */
#include "net/tls_testing.h"

#include <errno.h>

#include "net/tls.h"

enum { DAY_S = 86400 };

struct fixture {
    struct test_cert ca;
    struct test_cert good;
    struct test_cert expired;
    struct test_cert self_signed;
    char ca_path[64];
    struct tls_client *client;   /* trusts the CA */
    struct tls_client *stranger; /* does not */
    struct tls_client *insecure;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
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

static int teardown(void **state)
{
    struct fixture *f = *state;
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

/* Carries bytes both ways, piece bytes at a time, until nothing moves. */
static enum tls_status shake(struct tls_session *session, struct test_tls_server *server,
                             size_t piece, struct buf *plain)
{
    struct buf wire;
    buf_init(&wire, 1 << 20);
    enum tls_status status = TLS_HANDSHAKING;
    bool has_moved = true;
    while (has_moved) {
        has_moved = false;
        status = tls_session_read(session, plain);
        assert_int_equal(tls_session_take(session, &wire), 0);
        for (; wire.len > 0; has_moved = true) {
            size_t len = wire.len < piece ? wire.len : piece;
            test_tls_server_feed(server, span_of(wire.data + wire.head, len));
            buf_consume(&wire, len);
            SSL_do_handshake(server->ssl);
            ERR_clear_error();
        }
        struct span out = test_tls_server_take(server);
        for (size_t at = 0; at < out.len; has_moved = true) {
            size_t len = out.len - at < piece ? out.len - at : piece;
            tls_session_feed(session, span_of(out.data + at, len));
            at += len;
            status = tls_session_read(session, plain);
        }
        test_tls_server_taken(server);
    }
    buf_deinit(&wire);
    return status;
}

static void exchange(const struct fixture *f, size_t piece)
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
    const struct fixture *f = *state;
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
    const struct fixture *f = *state;
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

static void test_garbage_instead_of_tls(void **state)
{
    const struct fixture *f = *state;
    struct tls_session *session = tls_session_new(f->client, "localhost");
    struct buf plain;
    buf_init(&plain, 1000);
    assert_int_equal(tls_session_read(session, &plain), TLS_HANDSHAKING);
    tls_session_feed(session, SPAN_LITERAL("HTTP/1.1 400 Bad Request\r\n\r\n"));
    assert_int_equal(tls_session_read(session, &plain), TLS_FAILED);
    assert_non_null(strstr(tls_session_error(session), "there is no TLS at that port"));
    tls_session_free(session);
    buf_deinit(&plain);
}

static void test_ca_file_errors(void **state)
{
    (void)state;
    struct tls_client *client = NULL;
    assert_int_equal(tls_client_new("/nonexistent.pem", false, &client), -ENOENT);
    assert_int_equal(tls_client_new("/dev/null", false, &client), -EINVAL);
    assert_null(client);
}

/* The server's half on a conn of the same loop. */
struct tls_peer {
    struct loop *loop;
    struct listener *listener;
    struct conn *conn;
    struct test_tls_server tls;
    size_t received;
    size_t wanted;
    bool has_data;
    bool has_ended;
    bool is_gone;
};

static void tls_peer_flush(struct tls_peer *p)
{
    conn_write(p->conn, test_tls_server_take(&p->tls));
    test_tls_server_taken(&p->tls);
}

static void tls_peer_on_data(struct span bytes, void *arg)
{
    struct tls_peer *p = arg;
    test_tls_server_feed(&p->tls, bytes);
    static char got[65536];
    for (size_t len; (len = test_tls_server_read(&p->tls, got, sizeof got)) > 0;)
        p->received += len;
    p->has_data = p->received >= p->wanted;
    tls_peer_flush(p);
}

static void tls_peer_on_end(void *arg)
{
    ((struct tls_peer *)arg)->has_ended = true;
}

static void tls_peer_on_close(int error, const char *text, void *arg)
{
    (void)error;
    (void)text;
    ((struct tls_peer *)arg)->is_gone = true;
}

static void tls_peer_on_accept(struct conn *conn, void *arg)
{
    static const struct conn_handlers handlers = {.on_data = tls_peer_on_data,
                                                  .on_end = tls_peer_on_end,
                                                  .on_close = tls_peer_on_close};
    struct tls_peer *p = arg;
    p->conn = conn;
    conn_set_handlers(conn, &handlers, p);
}

static void tls_peer_init(struct tls_peer *p, struct loop *loop, const struct test_cert *cert)
{
    *p = (struct tls_peer){.loop = loop};
    test_tls_server_init(&p->tls, cert);
    assert_int_equal(listener_new(loop, "127.0.0.1", 0, tls_peer_on_accept, p, &p->listener), 0);
}

static void tls_peer_deinit(struct tls_peer *p)
{
    if (p->conn)
        conn_close(p->conn);
    listener_close(p->listener);
    test_tls_server_deinit(&p->tls);
}

/* More than the socket takes at once. */
static void send_up(struct loop *loop, struct tls_peer *peer, struct end *end)
{
    static uint8_t body[1 << 20];
    peer->wanted = 8 * sizeof body;
    peer->has_data = false;
    for (int i = 0; i < 8; i++)
        conn_write2(end->conn, span_of(body, 10), span_of(body, sizeof body - 10));
    assert_true(conn_queued(end->conn) > CONN_DRAIN_MARK);
    run_until(loop, &peer->has_data);
    assert_int_equal(peer->received, peer->wanted);
    run_until(loop, &end->is_drained);
}

/* While reading is off nothing comes; then all of it does, although the kernel
 * has nothing more to tell. */
static void send_down(struct loop *loop, struct tls_peer *peer, struct end *end)
{
    static uint8_t body[100000];
    end->wanted = sizeof body;
    conn_set_reading(end->conn, false);
    test_tls_server_write(&peer->tls, span_of(body, sizeof body));
    tls_peer_flush(peer);
    run_for(loop, 5000);
    assert_int_equal(end->received, 0);
    conn_set_reading(end->conn, true);
    run_until(loop, &end->has_data);
    assert_int_equal(end->received, sizeof body);
}

/* One direction after the other. */
static void end_both(struct loop *loop, struct tls_peer *peer, struct end *end)
{
    SSL_shutdown(peer->tls.ssl);
    tls_peer_flush(peer);
    run_until(loop, &end->has_ended);
    assert_false(end->is_closed);
    peer->received = 0;
    peer->wanted = 5;
    peer->has_data = false;
    conn_write(end->conn, SPAN_LITERAL("still"));
    run_until(loop, &peer->has_data);
    conn_end(end->conn);
    run_until(loop, &end->is_closed);
    assert_int_equal(end->error, 0);
    run_until(loop, &peer->has_ended);
    assert_true(SSL_get_shutdown(peer->tls.ssl) & SSL_RECEIVED_SHUTDOWN);
}

static void test_conn_over_tls(void **state)
{
    const struct fixture *f = *state;
    struct loop *loop = loop_new();
    struct tls_peer peer;
    tls_peer_init(&peer, loop, &f->good);
    struct end end;
    end_init(&end, loop);
    end.conn = conn_connect(loop, "localhost", listener_port(peer.listener), f->client,
                            TEST_PATIENCE_US, &end_handlers, &end);
    run_until(loop, &end.is_open);
    send_up(loop, &peer, &end);
    send_down(loop, &peer, &end);
    end_both(loop, &peer, &end);
    end_deinit(&end);
    tls_peer_deinit(&peer);
    loop_free(loop);
}

/* To an address, whatever the name resolves to that the certificate has. */
static void test_conn_to_address(void **state)
{
    const struct fixture *f = *state;
    static const char *const hosts[] = {"turn.example.org", "turn.example.com"};
    for (int i = 0; i < 2; i++) {
        struct loop *loop = loop_new();
        struct tls_peer peer;
        tls_peer_init(&peer, loop, &f->good);
        struct address address;
        assert_int_equal(address_parse("127.0.0.1", listener_port(peer.listener), &address), 0);
        struct end end;
        end_init(&end, loop);
        end.conn =
            conn_connect_to(loop, &address, f->client, hosts[i], 5 * US_PER_S, &end_handlers, &end);
        run_until(loop, i == 0 ? &end.is_open : &end.is_closed);
        assert_int_equal(end.is_open, i == 0);
        end_deinit(&end);
        tls_peer_deinit(&peer);
        loop_free(loop);
    }
}

/* Reading goes off in the middle of what one record batch brought. */
static void stop_after_first(struct span bytes, void *arg)
{
    struct end *end = arg;
    end_on_data(bytes, arg);
    conn_set_reading(end->conn, false);
    end->is_drained = true; /* borrowed as "something came" */
}

static void test_reading_off_keeps_plaintext(void **state)
{
    const struct fixture *f = *state;
    static const struct conn_handlers handlers = {.on_open = end_on_open,
                                                  .on_data = stop_after_first,
                                                  .on_close = end_on_close};
    struct loop *loop = loop_new();
    struct tls_peer peer;
    tls_peer_init(&peer, loop, &f->good);
    struct end end;
    end_init(&end, loop);
    end.conn = conn_connect(loop, "127.0.0.1", listener_port(peer.listener), f->client,
                            TEST_PATIENCE_US, &handlers, &end);
    run_until(loop, &end.is_open);
    static uint8_t body[1 << 20];
    end.wanted = sizeof body;
    test_tls_server_write(&peer.tls, span_of(body, sizeof body));
    tls_peer_flush(&peer);
    while (!end.has_data) {
        size_t before = end.received;
        end.is_drained = false;
        conn_set_reading(end.conn, true);
        run_until(loop, &end.is_drained);
        assert_true(end.received - before <= CONN_READ_MAX);
    }
    assert_int_equal(end.received, sizeof body);
    end_deinit(&end);
    tls_peer_deinit(&peer);
    loop_free(loop);
}

static void test_conn_refuses_certificate(void **state)
{
    const struct fixture *f = *state;
    struct loop *loop = loop_new();
    struct tls_peer peer;
    tls_peer_init(&peer, loop, &f->expired);
    struct end end;
    end_init(&end, loop);
    end.conn = conn_connect(loop, "localhost", listener_port(peer.listener), f->client,
                            TEST_PATIENCE_US, &end_handlers, &end);
    run_until(loop, &end.is_closed);
    assert_false(end.is_open);
    assert_int_equal(end.error, -EPROTO);
    assert_string_equal(end.text, "the server's certificate is refused: certificate has expired");
    end_deinit(&end);
    tls_peer_deinit(&peer);
    loop_free(loop);
}

static void test_cut_off_is_no_end(void **state)
{
    const struct fixture *f = *state;
    struct loop *loop = loop_new();
    struct tls_peer peer;
    tls_peer_init(&peer, loop, &f->good);
    struct end end;
    end_init(&end, loop);
    end.conn = conn_connect(loop, "localhost", listener_port(peer.listener), f->client,
                            TEST_PATIENCE_US, &end_handlers, &end);
    run_until(loop, &end.is_open);
    conn_close(peer.conn);
    peer.conn = NULL;
    run_until(loop, &end.is_closed);
    assert_false(end.has_ended);
    assert_int_equal(end.error, -ECONNRESET);
    end_deinit(&end);
    tls_peer_deinit(&peer);
    loop_free(loop);
}

static void mute_on_accept(struct conn *conn, void *arg)
{
    static const struct conn_handlers none = {.on_open = NULL};
    conn_set_handlers(conn, &none, NULL);
    *(struct conn **)arg = conn;
}

static void test_server_that_is_mute_times_out(void **state)
{
    const struct fixture *f = *state;
    struct loop *loop = loop_new();
    struct conn *mute = NULL;
    struct listener *listener = NULL;
    assert_int_equal(listener_new(loop, "127.0.0.1", 0, mute_on_accept, &mute, &listener), 0);
    struct end end;
    end_init(&end, loop);
    end.conn = conn_connect(loop, "127.0.0.1", listener_port(listener), f->client, 30 * US_PER_MS,
                            &end_handlers, &end);
    run_until(loop, &end.is_closed);
    assert_int_equal(end.error, -ETIMEDOUT);
    if (mute) /* a slow machine may have given up before the server's turn */
        conn_close(mute);
    end_deinit(&end);
    listener_close(listener);
    loop_free(loop);
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
        cmocka_unit_test(test_conn_over_tls),
        cmocka_unit_test(test_conn_to_address),
        cmocka_unit_test(test_reading_off_keeps_plaintext),
        cmocka_unit_test(test_conn_refuses_certificate),
        cmocka_unit_test(test_cut_off_is_no_end),
        cmocka_unit_test(test_server_that_is_mute_times_out),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
