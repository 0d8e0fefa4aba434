/*
 * How connections end, and what the other side sees of it: a whole, or a part
 * that looks like one. What conn_break() waits for: conn_break_test.c.
 */
#include "net/pair.h"

#include <errno.h>

static void close_with_reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
