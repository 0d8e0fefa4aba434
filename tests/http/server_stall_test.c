/*
 * Clients that go away while nobody reads their request's body: their FIN
 * stands behind it, in our kernel or still in theirs.
 */
#include "testing.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service.h"

#define POST "POST /x HTTP/1.1\r\n" HOST

static void start(void)
{
    service_start();
    t.starts_paused = true;
}

/* A client whose body is not read, apart from what comes with its head. */
static int begin(const struct address *from, const char *head)
{
    int fd = service_dial(from);
    int requests = t.requests;
    assert_int_equal(write(fd, head, strlen(head)), strlen(head));
    RIG_WAIT(t.requests == requests + 1);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* Until neither our kernel nor the client's takes any more. */
static void fill(int fd)
{
    static const char block[64 << 10];
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (write(fd, block, sizeof block) > 0)
        ;
}

static void wait_for_abort(void)
{
    RIG_WAIT(t.aborts == 1);
    assert_int_equal(t.body_ends, 0);
    service_stop();
}

static void test_closed(void **state)
{
    (void)state;
    start();
    if (!service_knows_owners()) {
        service_stop();
        return;
    }
    int fd = begin(NULL, POST "Transfer-Encoding: chunked\r\n\r\n");
    say(fd, "4\r\nsome\r\n");
    close(fd);
    wait_for_abort();
}

/* The FIN does not even leave the client's machine. */
static void test_closed_behind_full_window(void **state)
{
    (void)state;
    start();
    if (!service_knows_owners()) {
        service_stop();
        return;
    }
    int fd = begin(NULL, POST "Content-Length: 1000000000\r\n\r\n");
    fill(fd);
    close(fd);
    wait_for_abort();
}

/* Within the response. */
static void test_closed_while_answered(void **state)
{
    (void)state;
    start();
    if (!service_knows_owners()) {
        service_stop();
        return;
    }
    int fd = begin(NULL, POST "Content-Length: 10\r\n\r\n");
    assert_int_equal(service_respond(200, NULL, 0), 0);
    say(fd, "some");
    close(fd);
    wait_for_abort();
}

/* What is there is too little: no matter who has the socket. */
static void test_cut_off(void **state)
{
    (void)state;
    static const struct {
        const char *head, *body;
        bool is_elsewhere;
    } rows[] = {
        {POST "Content-Length: 10\r\n\r\n", "123456789", false},
        {POST "Content-Length: 10\r\n\r\n", "", true},
        {POST "Transfer-Encoding: chunked\r\n\r\n5\r\n", "four", true},
    };
    struct address elsewhere;
    bool has_elsewhere = service_finds_elsewhere(&elsewhere);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].is_elsewhere && !has_elsewhere)
            continue;
        start();
        int fd = begin(rows[i].is_elsewhere ? &elsewhere : NULL, rows[i].head);
        say(fd, rows[i].body);
        shutdown(fd, SHUT_WR);
        wait_for_abort();
        close(fd);
    }
}

/* Looked at no later than one that is gone, which is noticed. */
static void let_time_pass(void)
{
    struct http_exchange *x = t.x;
    int fd = begin(NULL, POST "Content-Length: 10\r\n\r\n");
    shutdown(fd, SHUT_WR);
    RIG_WAIT(t.aborts == 1);
    close(fd);
    t.x = x;
}

/* Half-closed behind its whole body, such a client gets its answer. */
static void half_close(const struct address *from, const char *head, const char *body)
{
    char text[512] = "";
    start();
    int fd = begin(from, head);
    say(fd, body);
    shutdown(fd, SHUT_WR);
    let_time_pass();
    http_exchange_set_reading(t.x, true);
    RIG_WAIT(t.body_ends == 1);
    service_reply("late");
    rig_turns(10);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    assert_non_null(strstr(text, "\r\n\r\nlate"));
    assert_int_equal(t.aborts, 1);
    close(fd);
    service_stop();
}

static void test_half_closed(void **state)
{
    (void)state;
    struct address elsewhere;
    bool has_elsewhere = service_finds_elsewhere(&elsewhere);
    for (int i = 0; i < 2; i++) {
        const struct address *from = i ? &elsewhere : NULL;
        if (from && !has_elsewhere)
            continue;
        half_close(from, POST "Content-Length: 10\r\n\r\n", "1234567890");
        half_close(from, POST "Transfer-Encoding: chunked\r\n\r\n", "5\r\nwhole\r\n0\r\n\r\n");
    }
}

/* One that is there, and slow to be read. */
static void test_there(void **state)
{
    (void)state;
    start();
    int fd = begin(NULL, POST "Content-Length: 10\r\n\r\n");
    say(fd, "12345");
    let_time_pass();
    http_exchange_set_reading(t.x, true);
    say(fd, "67890");
    RIG_WAIT(t.body_ends == 1);
    service_reply("late");
    close(fd);
    service_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed),
        cmocka_unit_test(test_closed_behind_full_window),
        cmocka_unit_test(test_closed_while_answered),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_half_closed),
        cmocka_unit_test(test_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
