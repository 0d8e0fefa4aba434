/*
 * A sink never waits: for a pipe that is full, a terminal that was stopped, a
 * reader that is gone. What a terminal takes of a line is followed by the rest
 * of it, not by another line.
 */
#include "testing.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <termios.h>

#include "base/log_sink.h"

/* Fills the sink with numbered lines; returns how many it took. */
static int fill(struct log_sink *sink)
{
    for (int i = 0;; i++) {
        char line[64];
        int len = snprintf(line, sizeof line, "line %07d of many, of which none is cut\n", i);
        if (!log_sink_write(sink, line, (size_t)len))
            return i;
        assert_true(i < 1000000);
    }
}

static bool try_last(struct log_sink *sink)
{
    return log_sink_write(sink, "the last\n", 9);
}

/* Reads until "the last"; every line before it must be whole and in order. */
static void check_lines(struct log_sink *sink, int fd, int count)
{
    static char text[1 << 20];
    size_t len = 0;
    bool has_last = false;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (len < 9 || memcmp(text + len - 9, "the last\n", 9) != 0) {
        ssize_t got = read(fd, text + len, sizeof text - len - 1);
        len += got > 0 ? (size_t)got : 0;
        if (!has_last)
            has_last = try_last(sink);
    }
    text[len] = '\0';
    const char *at = text;
    for (int i = 0; i < count; i++) {
        int number = -1, end = 0;
        sscanf(at, "line %d of many, of which none is cut%n", &number, &end);
        assert_int_equal(number, i);
        assert_int_equal(at[end], '\n');
        at += end + 1;
    }
    assert_string_equal(at, "the last\n");
}

static void test_pipe(void **state)
{
    (void)state;
    int fds[2];
    struct log_sink sink;
    assert_int_equal(pipe(fds), 0);
    log_sink_init(&sink, fds[1]);
    assert_false(sink.is_terminal);
    int count = fill(&sink);
    check_lines(&sink, fds[0], count);
    /* Our way of writing is nobody else's. */
    assert_false(fcntl(fds[1], F_GETFL) & O_NONBLOCK);
    log_sink_deinit(&sink);
    close(fds[0]);
    close(fds[1]);
}

/* journald's end of stderr is one. */
static void test_socket(void **state)
{
    (void)state;
    int fds[2];
    struct log_sink sink;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    log_sink_init(&sink, fds[1]);
    int count = fill(&sink);
    check_lines(&sink, fds[0], count);
    assert_false(fcntl(fds[1], F_GETFL) & O_NONBLOCK);
    log_sink_deinit(&sink);
    close(fds[0]);
    close(fds[1]);
}

static void test_terminal(void **state)
{
    (void)state;
    int master, slave;
    struct termios mode;
    struct log_sink sink;
    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    tcgetattr(slave, &mode);
    cfmakeraw(&mode); /* no "\r" before "\n" */
    tcsetattr(slave, TCSANOW, &mode);
    log_sink_init(&sink, slave);
    assert_true(sink.is_terminal);
    assert_int_equal(tcflow(slave, TCOOFF), 0); /* Ctrl-S */
    assert_false(try_last(&sink));
    assert_int_equal(tcflow(slave, TCOON), 0);
    int count = fill(&sink);
    assert_true(count > 0);
    check_lines(&sink, master, count);
    close(master);
    close(slave);
    assert_true(try_last(&sink)); /* nobody is there */
    log_sink_deinit(&sink);
}

static void test_reader_gone(void **state)
{
    (void)state;
    int fds[2];
    struct log_sink sink;
    assert_int_equal(pipe(fds), 0);
    log_sink_init(&sink, fds[1]);
    close(fds[0]);
    assert_true(try_last(&sink));
    log_sink_deinit(&sink);
    close(fds[1]);
}

/* A file has room again when somebody has made some. */
static void test_full_disk(void **state)
{
    (void)state;
    struct log_sink sink;
    struct rlimit limit = {.rlim_max = RLIM_INFINITY};
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    log_sink_init(&sink, full);
    assert_false(log_sink_write(&sink, "lost\n", 5));
    log_sink_deinit(&sink);
    close(full);

    FILE *file = tmpfile();
    log_sink_init(&sink, fileno(file));
    limit.rlim_cur = 7;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_true(log_sink_write(&sink, "written\n", 8)); /* its end waits */
    assert_false(log_sink_write(&sink, "lost\n", 5));
    limit.rlim_cur = RLIM_INFINITY;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_true(log_sink_write(&sink, "again\n", 6));
    char text[32] = "";
    assert_int_equal(pread(fileno(file), text, sizeof text - 1, 0), 14);
    assert_string_equal(text, "written\nagain\n");
    log_sink_deinit(&sink);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipe),      cmocka_unit_test(test_socket),
        cmocka_unit_test(test_terminal),  cmocka_unit_test(test_reader_gone),
        cmocka_unit_test(test_full_disk),
    };
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    alarm(120); /* a write that blocks would never end */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
