/*
 * The patience with a peer that does not take what is left of a connection that
 * breaks, on a clock that the test moves.
 */
#include "net/net_testing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/process.h"
#include "sleeping.h"

enum { PATIENCE_S = 30, REST = 8 << 20 };

/* One end ours, the other a socket that reads when the test does. */
struct scene {
    struct loop *loop;
    struct end end;
    int peer;
    uint64_t descriptors; /* open, as long as it is patient */
};

static void scene_init(struct scene *s)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    getsockname(listener, (struct sockaddr *)&address, &len);
    s->loop = loop_new();
    end_init(&s->end, s->loop);
    s->end.conn = conn_connect(s->loop, "127.0.0.1", ntohs(address.sin_port), NULL,
                               TEST_PATIENCE_US, &end_handlers, &s->end);
    run_until(s->loop, &s->end.is_open);
    s->peer = accept(listener, NULL, NULL);
    close(listener);
}

static void scene_deinit(struct scene *s)
{
    close(s->peer);
    end_deinit(&s->end);
    loop_free(s->loop);
    machine_forgets_sleep();
}

static void break_with_a_rest(struct scene *s)
{
    static uint8_t bytes[REST];
    conn_write(s->end.conn, span_of(bytes, sizeof bytes));
    assert_true(conn_queued(s->end.conn) > 0);
    s->descriptors = process_open_descriptors();
    conn_break(s->end.conn);
    s->end.conn = NULL;
}

static void pass(struct scene *s, unsigned seconds)
{
    machine_sleeps(seconds);
    run_for(s->loop, US_PER_MS);
}

/* Its descriptor is closed. */
static bool is_given_up(const struct scene *s)
{
    return process_open_descriptors() < s->descriptors;
}

static size_t take(struct scene *s)
{
    static uint8_t bytes[REST];
    ssize_t len;
    size_t taken = 0;
    while ((len = recv(s->peer, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        taken += (size_t)len;
    return taken;
}

static int arrived(const struct scene *s)
{
    int bytes = 0;
    assert_int_equal(ioctl(s->peer, FIONREAD, &bytes), 0);
    return bytes;
}

/* What a busy kernel lets arrive only now was taken, too, and patience begins
 * anew with the look that finds it, which may be one later. Where the peer's
 * had to drop segments it takes our reset, which is behind them, for none of
 * its connection's: it learns of it when it asks. */
static void assert_gives_up_with_a_reset(struct scene *s)
{
    uint64_t until_us = clock_now_us() + TEST_PATIENCE_US;
    for (int quiet = 0; !is_given_up(s) && quiet < 2; quiet++) {
        int before = arrived(s);
        pass(s, PATIENCE_S + 1);
        if (arrived(s) != before)
            quiet = -1;
    }
    while (!is_given_up(s) && clock_now_us() < until_us)
        run_for(s->loop, US_PER_MS);
    assert_true(is_given_up(s));
    do
        take(s);
    while (errno == EAGAIN && clock_now_us() < until_us);
    assert_int_equal(errno, ECONNRESET);
}

static void test_taking_nothing(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    break_with_a_rest(&s);
    pass(&s, PATIENCE_S - 1);
    assert_false(is_given_up(&s));
    assert_gives_up_with_a_reset(&s);
    scene_deinit(&s);
}

/* A little is enough for as much patience again. */
static void test_taking_little(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    break_with_a_rest(&s);
    for (int i = 0; i < 2; i++) {
        pass(&s, PATIENCE_S - 1);
        size_t taken = take(&s);
        assert_true(taken > 0 && taken < REST);
        pass(&s, 2);
        assert_false(is_given_up(&s));
    }
    assert_gives_up_with_a_reset(&s);
    scene_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taking_nothing),
        cmocka_unit_test(test_taking_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
