/*
 * What sockets may take together: of one address, of the memory for messages,
 * of the file descriptors.
 */
#include "signal/server_fixture.h"

#include <errno.h>

/* In a room of its own, and deaf. */
static int open_deaf(struct fixture *f, const char *room)
{
    char join[64];
    int fd = open_bare(f, 4096);
    snprintf(join, sizeof join, "{\"type\":\"join\",\"room\":\"%s\"}", room);
    send_bare(fd, join);
    return fd;
}

static void send_much(struct fixture *f, struct visitor *from)
{
    static char message[50000];
    const char *head = "{\"type\":\"offer\",\"sdp\":\"";
    memset(message, 's', sizeof message - 1);
    memcpy(message, head, strlen(head));
    memcpy(message + sizeof message - 3, "\"}", 2);
    visitor_send(from, message);
    run_for(f->loop, 200);
}

static void check_reset(int fd)
{
    char bytes[4096];
    ssize_t got;
    while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0)
        continue;
    assert_true(got < 0 && errno == ECONNRESET);
}

static void check_end(int fd)
{
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
}

/* Below its own maximum, but it does not move. */
static void test_stuck_socket(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    f->config.messages_burst = 1000;
    f->config.queue_max = 1 << 30;
    f->config.queues_max = 1 << 30;
    f->config.ping_us = 100 * US_PER_MS;
    f->config.silence_us = 3600 * US_PER_S; /* it answers no pings, either */
    f->config.stuck_us = 200 * US_PER_MS;
    start(f);
    int deaf = open_deaf(f, "r");
    visitor_open(&f->a, f->loop, f->port);
    visitor_join(&f->a, "r", 1, NULL);
    /* An idle one has nothing to read. */
    visitor_open(&f->b, f->loop, f->port);
    visitor_join(&f->b, "r2", 0, NULL);
    for (int i = 0; i < 200 && !f->a.has_message; i++)
        send_much(f, &f->a);
    visitor_expect(&f->a, "peer-left");
    check_reset(deaf);
    close(deaf);
    run_for(f->loop, 400 * US_PER_MS);
    assert_false(f->b.is_closed);
    fixture_free(f);
}

/* All together: the one that has read nothing for longest pays. */
static void test_queues_together(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    f->config.messages_burst = 100000;
    f->config.queue_max = 8 << 20;
    f->config.queues_max = 8 << 20;
    start(f);
    int first = open_deaf(f, "r1");
    int second = open_deaf(f, "r2");
    visitor_open(&f->a, f->loop, f->port);
    visitor_open(&f->b, f->loop, f->port);
    visitor_open(&f->c, f->loop, f->port);
    visitor_join(&f->a, "r1", 1, NULL);
    visitor_join(&f->b, "r2", 1, NULL);
    /* The kernel takes the first megabytes of each. */
    for (int i = 0; i < 120; i++)
        send_much(f, &f->a);
    assert_false(f->a.has_message);
    for (int i = 0; i < 400 && !f->a.has_message && !f->b.has_message; i++)
        send_much(f, &f->b);
    visitor_expect(&f->a, "peer-left");
    assert_false(f->b.has_message);
    check_reset(first);
    /* Who reads is not concerned. */
    visitor_join(&f->c, "r1", 1, NULL);
    visitor_expect(&f->a, "peer-joined");
    check_works(&f->a, &f->c);
    close(first);
    close(second);
    fixture_free(f);
}

/* Guesses at room names, each from a socket of its own. */
static void test_joins(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    f->config.per_address_max = 4;
    f->config.joins_per_s = 1;
    start_pair(f);
    int refused = 0;
    for (int i = 0; i < 12; i++) {
        visitor_open(&f->c, f->loop, f->port);
        visitor_send(&f->c, "{\"type\":\"join\",\"room\":\"guess\"}");
        refused += strstr(visitor_receive(&f->c), "too many joins") != NULL;
        assert_false(f->c.is_closed);
        visitor_free(&f->c);
        run_for(f->loop, 1000);
    }
    /* Two were the pair's, of eight at once; and one for each second that a
     * slow machine took. */
    assert_in_range(refused, 1, 6);
    check_works(&f->a, &f->b);
    fixture_free(f);

    f = fixture_new();
    f->config.per_address_max = 0;
    f->config.joins_per_s = 1;
    start(f);
    for (int i = 0; i < 12; i++) {
        visitor_open(&f->c, f->loop, f->port);
        visitor_join(&f->c, "guess", 0, NULL);
        visitor_send(&f->c, "{\"type\":\"bye\"}");
        visitor_expect_close(&f->c, WEBSOCKET_NORMAL);
        visitor_free(&f->c);
    }
    fixture_free(f);
}

/* Who has something to say to each does not talk too much. */
static void test_rush_of_newcomers(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    f->config.messages_per_s = 1;
    f->config.messages_burst = 3;
    start(f);
    visitor_open(&f->a, f->loop, f->port);
    visitor_join(&f->a, "r", 0, NULL);
    for (int i = 0; i < 30; i++) {
        visitor_open(&f->c, f->loop, f->port);
        visitor_join(&f->c, "r", 1, NULL);
        visitor_expect(&f->a, "peer-joined");
        visitor_send(&f->a, "{\"type\":\"offer\",\"sdp\":\"s\"}");
        visitor_expect(&f->c, "offer");
        visitor_free(&f->c);
        visitor_expect(&f->a, "peer-left");
    }
    fixture_free(f);
}

/* A plain connection that asks for nothing. */
static int connect_mute(struct fixture *f)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(f->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    run_for(f->loop, 20 * US_PER_MS);
    return fd;
}

/* Without a descriptor for a new one, the longest-waiting makes way: first who
 * has asked for nothing, then who has no room. */
static void test_descriptors(void **state)
{
    (void)state;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    struct fixture *f = fixture_new();
    start_pair(f);
    int roomless = open_bare(f, 0);
    int later = open_bare(f, 0);
    int mute = connect_mute(f);
    test_allow_one_descriptor();
    visitor_open(&f->c, f->loop, f->port);
    check_end(mute); /* it has asked for nothing, so there is nothing to break */
    test_allow_one_descriptor();
    int next = open_bare(f, 0);
    check_reset(roomless);
    setrlimit(RLIMIT_NOFILE, &limit);
    send_bare(later, "{\"type\":\"join\",\"room\":\"r2\"}");
    visitor_join(&f->c, "r2", 1, NULL);
    check_works(&f->a, &f->b);
    int fds[] = {roomless, later, mute, next};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        close(fds[i]);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stuck_socket), cmocka_unit_test(test_queues_together),
        cmocka_unit_test(test_joins),        cmocka_unit_test(test_rush_of_newcomers),
        cmocka_unit_test(test_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
