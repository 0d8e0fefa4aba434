/*
 * How much a connection reads at once, by what its owner could pass on.
 */
#include "net/net_testing.h"

#include <sys/socket.h>

enum { READS = 64 };

struct reader {
    size_t room;
    size_t asked;
    size_t left;
    size_t reads[READS];
    size_t count;
    bool has_all;
};

static void on_data(struct span bytes, void *arg)
{
    struct reader *r = arg;
    assert_true(r->count < READS && bytes.len <= r->left);
    r->reads[r->count++] = bytes.len;
    r->left -= bytes.len;
    r->has_all = r->left == 0;
}

static size_t room(void *arg)
{
    struct reader *r = arg;
    r->asked++;
    return r->room;
}

/* As much as it takes while nobody reads. */
static size_t fill(int fd)
{
    static const uint8_t content[32 << 10];
    size_t taken = 0;
    ssize_t len;
    while ((len = send(fd, content, sizeof content, MSG_DONTWAIT)) > 0)
        taken += (size_t)len;
    return taken;
}

/* What lies in the kernel is read, by one who has so much room. Returns how
 * much it was. */
static size_t read_all(struct reader *r, size_t bytes)
{
    static const struct conn_handlers handlers = {.on_data = on_data, .room = room};
    int fds[2];
    int most = 1 << 20;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &most, sizeof most);
    size_t taken = fill(fds[0]);
    *r = (struct reader){.room = bytes, .left = taken};
    struct loop *loop = loop_new();
    struct conn *conn = conn_adopt(loop, fds[1]);
    conn_set_handlers(conn, &handlers, r);
    run_until(loop, &r->has_all);
    conn_close(conn);
    close(fds[0]);
    loop_free(loop);
    return taken;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void test_reads_grow_where_there_is_room(void **state)
{
    (void)state;
    struct reader r;
    size_t taken = read_all(&r, SIZE_MAX);
    assert_int_equal(r.reads[0], CONN_READ_MAX); /* nobody is asked before it is worth it */
    assert_true(taken - CONN_READ_MAX > CONN_READ_MAX);
    assert_int_equal(r.reads[1], least(taken - CONN_READ_MAX, CONN_READ_MORE));
}

static void test_reads_are_what_there_is_room_for(void **state)
{
    (void)state;
    struct reader r;
    read_all(&r, CONN_READ_UNIT - 1);
    assert_int_equal(r.reads[1], CONN_READ_UNIT);
    read_all(&r, 2 * CONN_READ_UNIT + 1);
    assert_int_equal(r.reads[1], 3 * CONN_READ_UNIT);
}

static void test_reads_stay_as_they_are_without_room(void **state)
{
    (void)state;
    struct reader r;
    read_all(&r, 0);
    assert_true(r.asked > 0);
    assert_int_equal(r.reads[1], CONN_READ_MAX);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_grow_where_there_is_room),
        cmocka_unit_test(test_reads_are_what_there_is_room_for),
        cmocka_unit_test(test_reads_stay_as_they_are_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
