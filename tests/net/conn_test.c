/*
 * TCP connections between the two ends of one loop, and against plain
 * blocking-free sockets where the test plays an ill-behaved peer.
 */
#include "net/pair.h"

#include <errno.h>

static void test_echo(void **state)
{
    (void)state;
    struct pair p;
    pair_connect(&p);
    p.server.wanted = 11;
    conn_write3(p.client.conn, SPAN_LITERAL("hello "), SPAN_LITERAL("wor"), SPAN_LITERAL("ld"));
    run_until(p.loop, &p.server.has_data);
    assert_true(span_is_string(buf_bytes(&p.server.in), "hello world"));
    p.client.wanted = 3;
    conn_write(p.server.conn, SPAN_LITERAL("yes"));
    run_until(p.loop, &p.client.has_data);
    assert_true(span_is_string(buf_bytes(&p.client.in), "yes"));
    struct address address;
    char text[ADDRESS_TEXT_LEN];
    conn_peer_address(p.server.conn, &address);
    assert_memory_equal(address_format(&address, text), "127.0.0.1:", 10);
    pair_free(&p);
}

/* Wherever the kernel cuts, which is in the tail as likely as in the body. */
static void test_parts_stay_in_order(void **state)
{
    (void)state;
    enum { HEAD = 1000, BODY = 3000, TAIL = 2000, LEN = HEAD + BODY + TAIL, CUTS = 12 };
    static uint8_t bytes[LEN];
    struct pair p;
    pair_connect(&p);
    for (size_t i = 0; i < LEN; i++)
        bytes[i] = (uint8_t)(i * 31 + (i >> 8));
    size_t written = 0;
    for (int cut = 0; cut < CUTS; cut++) {
        /* One more behind that which was cut: it is queued whole. */
        for (bool is_cut = false, is_last = false; !is_last; written += LEN) {
            is_last = is_cut;
            conn_write3(p.client.conn, span_of(bytes, HEAD), span_of(bytes + HEAD, BODY),
                        span_of(bytes + HEAD + BODY, TAIL));
            is_cut = conn_queued(p.client.conn) > 0;
        }
        p.server.wanted = written;
        p.server.has_data = false;
        run_until(p.loop, &p.server.has_data);
        assert_int_equal(p.server.received, written);
        struct span in = buf_bytes(&p.server.in);
        for (size_t at = 0; at < in.len; at += LEN)
            assert_memory_equal(in.data + at, bytes, LEN);
        buf_clear(&p.server.in);
    }
    pair_free(&p);
}

static void test_half_close_both_ways(void **state)
{
    (void)state;
    struct pair p;
    pair_connect(&p);
    conn_end(p.client.conn);
    conn_write(p.client.conn, SPAN_LITERAL("ignored"));
    run_until(p.loop, &p.server.has_ended);
    assert_int_equal(p.server.received, 0);
    assert_false(p.server.is_closed);
    p.client.wanted = 5;
    conn_write(p.server.conn, SPAN_LITERAL("still"));
    run_until(p.loop, &p.client.has_data);
    conn_end(p.server.conn);
    assert_false(p.server.is_closed); /* never under a call */
    run_until(p.loop, &p.client.is_closed);
    run_until(p.loop, &p.server.is_closed);
    assert_true(p.client.has_ended);
    assert_int_equal(p.client.error, 0);
    assert_int_equal(p.server.error, 0);
    struct address address;
    conn_peer_address(p.server.conn, &address);
    assert_int_equal(address.len, 0);
    conn_write(p.server.conn, SPAN_LITERAL("ignored"));
    conn_set_reading(p.server.conn, false);
    pair_free(&p);
}

static void test_big_transfer_with_backpressure(void **state)
{
    (void)state;
    struct pair p;
    pair_connect(&p);
    enum { TOTAL = 32 << 20, PIECE = 100000, HIGH = 1 << 20 };
    static uint8_t piece[PIECE];
    p.server.keeps_data = false;
    p.server.wanted = TOTAL;
    conn_set_reading(p.server.conn, false);
    size_t written = 0;
    bool has_paused = false;
    while (written < TOTAL) {
        while (written < TOTAL && conn_queued(p.client.conn) < HIGH) {
            size_t len = TOTAL - written < PIECE ? TOTAL - written : PIECE;
            conn_write(p.client.conn, span_of(piece, len));
            written += len;
        }
        assert_true(conn_queued(p.client.conn) < HIGH + PIECE);
        if (!has_paused) {
            /* The reader is off: the queue fills and stays. */
            run_for(p.loop, 10 * US_PER_MS);
            assert_true(conn_queued(p.client.conn) >= HIGH);
            assert_false(p.client.is_drained);
            assert_int_equal(p.server.received, 0);
            has_paused = true;
            conn_set_reading(p.server.conn, true);
        }
        p.client.is_drained = false;
        if (conn_queued(p.client.conn) > CONN_DRAIN_MARK)
            run_until(p.loop, &p.client.is_drained);
    }
    run_until(p.loop, &p.server.has_data);
    assert_int_equal(p.server.received, TOTAL);
    pair_free(&p);
}

/* What the kernels take for an end that reads nothing. */
static size_t taken_unread(struct pair *p, struct end *from)
{
    static uint8_t piece[16 << 10];
    size_t written = 0;
    while (conn_queued(from->conn) == 0 && written < 8 << 20) {
        conn_write(from->conn, span_of(piece, sizeof piece));
        written += sizeof piece;
        if (conn_queued(from->conn) > 0)
            run_for(p->loop, 10 * US_PER_MS); /* an ACK may make room */
    }
    return written - conn_queued(from->conn);
}

static void test_kernel_takes_little_for_who_does_not_read(void **state)
{
    (void)state;
    struct pair p;
    pair_connect(&p);
    conn_set_reading(p.server.conn, false);
    conn_set_reading(p.client.conn, false);
    assert_in_range(taken_unread(&p, &p.server), 0, 320 << 10);
    assert_in_range(taken_unread(&p, &p.client), 0, 320 << 10);
    pair_free(&p);
}

static void test_owner_that_ignores_the_queue_is_cut_off(void **state)
{
    (void)state;
    struct pair p;
    pair_connect(&p);
    conn_set_reading(p.server.conn, false);
    static uint8_t piece[1 << 20];
    for (size_t i = 0; i <= CONN_QUEUE_MAX / sizeof piece + 16; i++)
        conn_write(p.client.conn, span_of(piece, sizeof piece));
    /* What the peer still sends, and it may send for ever, is not for who is
     * cut off. */
    conn_write(p.server.conn, span_of(piece, sizeof piece));
    run_until(p.loop, &p.client.is_closed);
    assert_int_equal(p.client.error, -ENOBUFS);
    assert_int_equal(p.client.received, 0);
    pair_free(&p);
}

static void connect_to(struct loop *loop, const char *host, uint16_t port, uint64_t timeout_us,
                       struct end *end)
{
    end_init(end, loop);
    end->conn = conn_connect(loop, host, port, NULL, timeout_us, &end_handlers, end);
    run_until(loop, &end->is_closed);
    assert_false(end->is_open);
    end_deinit(end);
}

static void test_connect_errors(void **state)
{
    (void)state;
    struct pair p;
    pair_listen(&p);
    uint16_t port = listener_port(p.listener);
    listener_close(p.listener);
    p.listener = NULL;
    struct end end;
    connect_to(p.loop, "127.0.0.1", port, TEST_PATIENCE_US, &end);
    assert_int_equal(end.error, -ECONNREFUSED);
    assert_string_equal(end.text, "connection refused");
    connect_to(p.loop, "localhost", port, TEST_PATIENCE_US, &end);
    assert_int_equal(end.error, -ECONNREFUSED);
    connect_to(p.loop, test_bad_name(), port, TEST_PATIENCE_US, &end);
    assert_int_equal(end.error, -ENOENT);
    assert_string_equal(end.text, "no such host");

    /* Closed while it connects: no handler is called. */
    end_init(&end, p.loop);
    conn_close(
        conn_connect(p.loop, "127.0.0.1", port, NULL, TEST_PATIENCE_US, &end_handlers, &end));
    conn_close(
        conn_connect(p.loop, "localhost", port, NULL, TEST_PATIENCE_US, &end_handlers, &end));
    run_for(p.loop, 5000);
    assert_false(end.is_closed);
    end_deinit(&end);
    pair_free(&p);
}

/* A full backlog drops the SYN: a machine that does not answer. */
static void test_connect_timeout(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 0), 0);
    getsockname(fd, (struct sockaddr *)&at, &len);
    int fillers[4];
    for (int i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        int error = connect(fillers[i], (struct sockaddr *)&at, sizeof at);
        assert_true(error == 0 || errno == EINPROGRESS);
        if (i == 0)
            test_wait_readable(fd); /* the only place is taken */
    }
    struct loop *loop = loop_new();
    struct end end;
    uint64_t begin_us = clock_now_us();
    connect_to(loop, "127.0.0.1", ntohs(at.sin_port), 50 * US_PER_MS, &end);
    assert_int_equal(end.error, -ETIMEDOUT);
    assert_true(clock_now_us() - begin_us >= 50 * US_PER_MS);
    loop_free(loop);
    for (int i = 0; i < 4; i++)
        close(fillers[i]);
    close(fd);
}

struct closer {
    struct conn *conn;
    bool has_closed;
};

static void closer_on_data(struct span bytes, void *arg)
{
    (void)bytes;
    struct closer *c = arg;
    conn_write(c->conn, SPAN_LITERAL("bye"));
    conn_close(c->conn);
    c->has_closed = true;
}

static void test_close_under_on_data(void **state)
{
    (void)state;
    struct pair p;
    pair_connect(&p);
    struct closer c = {.conn = p.server.conn};
    static const struct conn_handlers handlers = {.on_data = closer_on_data};
    conn_set_handlers(p.server.conn, &handlers, &c);
    p.server.conn = NULL;
    conn_write(p.client.conn, SPAN_LITERAL("go"));
    run_until(p.loop, &p.client.has_ended);
    assert_true(c.has_closed);
    assert_true(span_is_string(buf_bytes(&p.client.in), "bye"));
    pair_free(&p);
}

static void test_listener_errors(void **state)
{
    (void)state;
    struct pair p;
    pair_listen(&p);
    struct listener *other = NULL;
    assert_int_equal(listener_new(p.loop, "127.0.0.1", listener_port(p.listener), pair_on_accept,
                                  &p, &other),
                     -EADDRINUSE);
    assert_int_equal(listener_new(p.loop, "192.0.2.1", 0, pair_on_accept, &p, &other),
                     -EADDRNOTAVAIL);
    assert_int_equal(listener_new(p.loop, test_bad_name(), 0, pair_on_accept, &p, &other), -EINVAL);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_parts_stay_in_order),
        cmocka_unit_test(test_half_close_both_ways),
        cmocka_unit_test(test_big_transfer_with_backpressure),
        cmocka_unit_test(test_kernel_takes_little_for_who_does_not_read),
        cmocka_unit_test(test_owner_that_ignores_the_queue_is_cut_off),
        cmocka_unit_test(test_connect_errors),
        cmocka_unit_test(test_connect_timeout),
        cmocka_unit_test(test_close_under_on_data),
        cmocka_unit_test(test_listener_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
