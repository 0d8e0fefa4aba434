/*
 * Connections over TLS, against OpenSSL's server half in the same loop.
 */
#include "net/tls_fixture.h"

#include <errno.h>

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
        conn_write3(end->conn, span_of(body, 10), span_of(body, sizeof body - 12),
                    span_of(body, 2));
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
    const struct tls_fixture *f = *state;
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
    const struct tls_fixture *f = *state;
    static const char *const hosts[] = {"turn.example.org", "turn.example.com"};
    for (int i = 0; i < 2; i++) {
        struct loop *loop = loop_new();
        struct tls_peer peer;
        tls_peer_init(&peer, loop, &f->good);
        const struct conn_target target = {.host = "127.0.0.1",
                                           .port = listener_port(peer.listener),
                                           .tls = f->client,
                                           .tls_host = hosts[i]};
        struct end end;
        end_init(&end, loop);
        end.conn = conn_connect_through(loop, NULL, &target, 5 * US_PER_S, &end_handlers, &end);
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
    const struct tls_fixture *f = *state;
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
    const struct tls_fixture *f = *state;
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
    assert_string_equal(end.text, "the server's certificate is refused: certificate has expired, "
                                  "by the clock of this machine");
    end_deinit(&end);
    tls_peer_deinit(&peer);
    loop_free(loop);
}

static void test_cut_off_is_no_end(void **state)
{
    const struct tls_fixture *f = *state;
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
    const struct tls_fixture *f = *state;
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
        cmocka_unit_test(test_conn_over_tls),
        cmocka_unit_test(test_conn_to_address),
        cmocka_unit_test(test_reading_off_keeps_plaintext),
        cmocka_unit_test(test_conn_refuses_certificate),
        cmocka_unit_test(test_cut_off_is_no_end),
        cmocka_unit_test(test_server_that_is_mute_times_out),
    };
    return cmocka_run_group_tests(tests, tls_fixture_new, tls_fixture_free);
}
