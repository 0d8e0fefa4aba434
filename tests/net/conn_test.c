/*
 * TCP connections between the two ends of one loop, and against plain
 * blocking-free sockets where the test plays an ill-behaved peer.
 */
#include "net/net_testing.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

struct pair {
    struct loop *loop;
    struct listener *listener;
    struct end server;
    struct end client;
    bool has_server;
    bool is_connected;
};

static void pair_on_accept(struct conn *conn, void *arg)
{
    struct pair *pair = arg;
    assert_null(pair->server.conn);
    pair->server.conn = conn;
    conn_set_handlers(conn, &end_handlers, &pair->server);
    pair->has_server = true;
}

static void pair_listen(struct pair *pair)
{
    *pair = (struct pair){.loop = loop_new()};
    end_init(&pair->server, pair->loop);
    end_init(&pair->client, pair->loop);
    assert_int_equal(listener_new(pair->loop, "127.0.0.1", 0, pair_on_accept, pair,
                                  &pair->listener),
                     0);
    assert_int_not_equal(listener_port(pair->listener), 0);
}

static void pair_connect(struct pair *pair)
{
    pair_listen(pair);
    pair->client.conn = conn_connect(pair->loop, "127.0.0.1", listener_port(pair->listener), NULL,
                                     TEST_PATIENCE_US, &end_handlers, &pair->client);
    run_until(pair->loop, &pair->client.is_open);
    run_until(pair->loop, &pair->has_server);
}

static void pair_free(struct pair *pair)
{
    end_deinit(&pair->server);
    end_deinit(&pair->client);
    listener_close(pair->listener);
    loop_free(pair->loop);
}

/* The client of a pair as a bare blocking socket. */
static int pair_connect_bare(struct pair *pair)
{
    pair_listen(pair);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(listener_port(pair->listener)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    run_until(pair->loop, &pair->has_server);
    return fd;
}

static void close_with_reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

static void test_echo(void **state)
{
    (void)state;
    struct pair p;
    pair_connect(&p);
    p.server.wanted = 11;
    conn_write2(p.client.conn, SPAN_LITERAL("hello "), SPAN_LITERAL("world"));
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

static void test_close_sends_what_is_queued(void **state)
{
    (void)state;
    struct pair p;
    pair_connect(&p);
    enum { LEN = 8 << 20 };
    uint8_t *bytes = calloc(LEN, 1);
    for (size_t i = 0; i < LEN; i++)
        bytes[i] = (uint8_t)(i * 7 + (i >> 11));
    /* The other side has bytes under way that nobody reads: closing must not
     * turn into a reset that throws the queue away. */
    conn_set_reading(p.client.conn, false);
    conn_write(p.server.conn, SPAN_LITERAL("unread"));
    conn_write(p.client.conn, span_of(bytes, LEN));
    conn_close(p.client.conn);
    p.client.conn = NULL;
    run_until(p.loop, &p.server.has_ended);
    assert_int_equal(p.server.received, LEN);
    assert_memory_equal(p.server.in.data + p.server.in.head, bytes, LEN);
    assert_false(p.server.is_closed);
    free(bytes);
    pair_free(&p);
}

/* Whether the end of this process would reset the client's connection. */
static bool would_reset(const struct pair *p)
{
    struct address client;
    conn_peer_address(p->server.conn, &client);
    for (int fd = 0; fd < 1024; fd++) {
        struct address own = {.len = sizeof own.storage};
        struct linger linger = {0};
        socklen_t len = sizeof linger;
        if (getsockname(fd, (struct sockaddr *)&own.storage, &own.len) == 0 &&
            own.len == client.len && memcmp(&own.storage, &client.storage, own.len) == 0 &&
            getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len) == 0)
            return linger.l_onoff && linger.l_linger == 0;
    }
    fail_msg("the client's socket is gone");
    return false;
}

/* What is queued behind a close and does not get out is seen to be missing. */
static void test_close_resets_who_takes_nothing(void **state)
{
    (void)state;
    static uint8_t bytes[8 << 20];
    struct pair p;
    pair_connect(&p);
    conn_set_reading(p.server.conn, false);
    conn_write(p.client.conn, span_of(bytes, sizeof bytes));
    assert_false(would_reset(&p));
    conn_close(p.client.conn);
    p.client.conn = NULL;
    assert_true(would_reset(&p));
    run_until(p.loop, &p.server.is_closed);
    assert_int_equal(p.server.error, -ECONNRESET);
    assert_false(p.server.has_ended);
    pair_free(&p);
}

/* Nor does a queue over its maximum, which is dropped, end like a whole. */
static void test_close_resets_behind_an_overflow(void **state)
{
    (void)state;
    static uint8_t piece[1 << 20];
    struct pair p;
    pair_connect(&p);
    for (size_t i = 0; i <= CONN_QUEUE_MAX / sizeof piece + 16; i++)
        conn_write(p.client.conn, span_of(piece, sizeof piece));
    conn_close(p.client.conn);
    p.client.conn = NULL;
    run_until(p.loop, &p.server.is_closed);
    assert_int_equal(p.server.error, -ECONNRESET);
    assert_false(p.server.has_ended);
    pair_free(&p);
}

static unsigned turns;

static void count_turn(void *arg)
{
    (void)arg;
    turns++;
}

/* With reading off, neither an end, nor both ends, nor urgent data may make
 * the loop spin. */
static void check_is_quiet(struct loop *loop)
{
    struct turn_hook *hook = turn_hook_new(loop, count_turn, NULL, NULL);
    turns = 0;
    run_for(loop, 20 * US_PER_MS);
    assert_in_range(turns, 1, 50);
    turn_hook_free(hook);
}

static void test_reset_while_reading_is_off(void **state)
{
    (void)state;
    struct pair p;
    int fd = pair_connect_bare(&p);
    conn_set_reading(p.server.conn, false);
    assert_int_equal(write(fd, "unread", 6), 6);
    run_for(p.loop, 5000);
    assert_false(p.server.is_closed);
    close_with_reset(fd);
    run_until(p.loop, &p.server.is_closed);
    assert_int_equal(p.server.error, -ECONNRESET);
    assert_string_equal(p.server.text, "connection reset by the other side");
    assert_int_equal(p.server.received, 0);
    pair_free(&p);
}

/* Who reads fully hears of a reset behind all that came before it, however it
 * is found out, and not while it does not read. */
static void test_reset_behind_what_came(void **state)
{
    (void)state;
    enum { LEN = 100000 }; /* no more than the kernel takes unread */
    static char bytes[LEN];
    for (int writes = 0; writes < 2; writes++) {
        struct pair p;
        int fd = pair_connect_bare(&p);
        conn_set_reading(p.server.conn, false);
        conn_read_fully(p.server.conn);
        assert_int_equal(write(fd, bytes, LEN), LEN);
        close_with_reset(fd);
        if (writes) {
            conn_write(p.server.conn, SPAN_LITERAL("more"));
            conn_write(p.server.conn, SPAN_LITERAL("and more"));
        }
        check_is_quiet(p.loop);
        assert_false(p.server.is_closed);
        conn_set_reading(p.server.conn, true);
        run_until(p.loop, &p.server.is_closed);
        assert_int_equal(p.server.received, LEN);
        assert_int_equal(p.server.error, -ECONNRESET);
        assert_false(p.server.has_ended);
        pair_free(&p);
    }
}

/* Nor does it hear of it when it stops in between. */
struct pauser {
    struct end end;
    size_t reads;
};

static void pauser_on_data(struct span bytes, void *arg)
{
    struct pauser *pauser = arg;
    pauser->reads++;
    end_on_data(bytes, &pauser->end);
    conn_set_reading(pauser->end.conn, false);
}

static void pauser_on_close(int error, const char *text, void *arg)
{
    end_on_close(error, text, &((struct pauser *)arg)->end);
}

static void test_reset_behind_what_is_read_bit_by_bit(void **state)
{
    (void)state;
    enum { LEN = 100000 }; /* no more than the kernel takes unread */
    static char bytes[LEN];
    static const struct conn_handlers handlers = {.on_data = pauser_on_data,
                                                  .on_close = pauser_on_close};
    struct pair p;
    int fd = pair_connect_bare(&p);
    struct pauser pauser = {.end = p.server};
    conn_set_handlers(p.server.conn, &handlers, &pauser);
    conn_set_reading(p.server.conn, false);
    conn_read_fully(p.server.conn);
    assert_int_equal(write(fd, bytes, LEN), LEN);
    close_with_reset(fd);
    while (!pauser.end.is_closed) {
        size_t before = pauser.reads;
        conn_set_reading(p.server.conn, true);
        while (pauser.reads == before && !pauser.end.is_closed)
            run_for(p.loop, 100);
        run_for(p.loop, 100);
        assert_true(pauser.end.is_closed ? pauser.reads == before : pauser.reads == before + 1);
    }
    assert_int_equal(pauser.end.received, LEN);
    assert_int_equal(pauser.end.error, -ECONNRESET);
    p.server = pauser.end;
    pair_free(&p);
}

static void test_reset_after_the_peers_end(void **state)
{
    (void)state;
    struct pair p;
    int fd = pair_connect_bare(&p);
    shutdown(fd, SHUT_WR);
    run_until(p.loop, &p.server.has_ended);
    close_with_reset(fd);
    run_until(p.loop, &p.server.is_closed);
    assert_int_equal(p.server.error, -ECONNRESET);
    pair_free(&p);
}

static void test_reset_while_reading(void **state)
{
    (void)state;
    struct pair p;
    int fd = pair_connect_bare(&p);
    close_with_reset(fd);
    run_until(p.loop, &p.server.is_closed);
    assert_int_equal(p.server.error, -ECONNRESET);
    assert_false(p.server.has_ended);
    pair_free(&p);
}

static void test_no_spinning_while_reading_is_off(void **state)
{
    (void)state;
    struct pair p;
    int fd = pair_connect_bare(&p);
    conn_set_reading(p.server.conn, false);
    assert_int_equal(send(fd, "u", 1, MSG_OOB), 1);
    check_is_quiet(p.loop);
    assert_int_equal(write(fd, "late", 4), 4);
    shutdown(fd, SHUT_WR);
    check_is_quiet(p.loop);
    conn_end(p.server.conn);
    char c;
    assert_int_equal(read(fd, &c, 1), 0);
    check_is_quiet(p.loop);
    assert_false(p.server.has_ended);
    assert_false(p.server.is_closed);
    conn_set_reading(p.server.conn, true);
    run_until(p.loop, &p.server.is_closed);
    assert_int_equal(p.server.error, 0);
    assert_true(p.server.has_ended);
    assert_true(p.server.received >= 4);
    close(fd);
    pair_free(&p);
}

/* A server that answers early and resets: the answer still comes. */
static void test_answer_before_a_failed_write(void **state)
{
    (void)state;
    struct pair p;
    int fd = pair_connect_bare(&p);
    assert_int_equal(write(fd, "too large", 9), 9);
    close_with_reset(fd);
    /* The loop has not looked yet; this write finds the reset. */
    conn_write(p.server.conn, SPAN_LITERAL("more of a request"));
    conn_write(p.server.conn, SPAN_LITERAL("and more"));
    assert_false(p.server.is_closed);
    run_until(p.loop, &p.server.is_closed);
    assert_int_equal(p.server.error, -ECONNRESET);
    assert_true(span_is_string(buf_bytes(&p.server.in), "too large"));
    assert_false(p.server.has_ended);
    pair_free(&p);
}

static void test_conn_reset_reaches_the_peer(void **state)
{
    (void)state;
    struct pair p;
    pair_connect(&p);
    conn_reset(p.client.conn);
    p.client.conn = NULL;
    run_until(p.loop, &p.server.is_closed);
    assert_int_equal(p.server.error, -ECONNRESET);
    pair_free(&p);
}

/* A reset, behind all that was written: the queue and what the kernel has. */
static void test_break_delivers_first(void **state)
{
    (void)state;
    static uint8_t bytes[8 << 20];
    struct pair p;
    pair_connect(&p);
    conn_set_reading(p.server.conn, false);
    conn_read_fully(p.server.conn);
    conn_write(p.client.conn, span_of(bytes, sizeof bytes));
    assert_true(conn_queued(p.client.conn) > 0);
    conn_break(p.client.conn);
    p.client.conn = NULL;
    assert_true(would_reset(&p));
    conn_write(p.server.conn, SPAN_LITERAL("dropped"));
    run_for(p.loop, 5000);
    conn_set_reading(p.server.conn, true);
    run_until(p.loop, &p.server.is_closed);
    assert_int_equal(p.server.received, sizeof bytes);
    assert_int_equal(p.server.error, -ECONNRESET);
    assert_false(p.server.has_ended);
    pair_free(&p);
}

/* What is abortive is so until what was queued under it is out. */
static void test_abortive(void **state)
{
    (void)state;
    static uint8_t bytes[8 << 20];
    struct pair p;
    pair_connect(&p);
    conn_set_abortive(p.client.conn, true);
    assert_true(would_reset(&p));
    conn_set_abortive(p.client.conn, false);
    assert_false(would_reset(&p));

    conn_set_abortive(p.client.conn, true);
    conn_set_reading(p.server.conn, false);
    conn_drain_fully(p.client.conn);
    conn_write(p.client.conn, span_of(bytes, sizeof bytes));
    conn_set_abortive(p.client.conn, false);
    assert_true(would_reset(&p));
    conn_set_reading(p.server.conn, true);
    run_until(p.loop, &p.client.is_drained);
    assert_false(would_reset(&p));

    conn_set_abortive(p.client.conn, true);
    conn_close(p.client.conn);
    p.client.conn = NULL;
    assert_false(would_reset(&p));
    run_until(p.loop, &p.server.has_ended);
    assert_int_equal(p.server.received, sizeof bytes);
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
        cmocka_unit_test(test_half_close_both_ways),
        cmocka_unit_test(test_close_sends_what_is_queued),
        cmocka_unit_test(test_close_resets_who_takes_nothing),
        cmocka_unit_test(test_close_resets_behind_an_overflow),
        cmocka_unit_test(test_reset_while_reading_is_off),
        cmocka_unit_test(test_reset_behind_what_came),
        cmocka_unit_test(test_reset_behind_what_is_read_bit_by_bit),
        cmocka_unit_test(test_reset_after_the_peers_end),
        cmocka_unit_test(test_reset_while_reading),
        cmocka_unit_test(test_no_spinning_while_reading_is_off),
        cmocka_unit_test(test_answer_before_a_failed_write),
        cmocka_unit_test(test_conn_reset_reaches_the_peer),
        cmocka_unit_test(test_break_delivers_first),
        cmocka_unit_test(test_abortive),
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
