/*
 * What is told arrives as it is, at a path and at an abstract name; what is no
 * address is refused, and nobody there is an error that hangs nothing.
 */
#include "testing.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/notify.h"

/* Bound to sun_path of that length. */
static int listen_at(const char *path, size_t len)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, path, len);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t at_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, at_len), 0);
    return fd;
}

static void check_heard(int fd, const char *text)
{
    char heard[64] = "";
    assert_int_equal(recv(fd, heard, sizeof heard - 1, MSG_DONTWAIT), strlen(text));
    assert_string_equal(heard, text);
}

static void test_path(void **state)
{
    (void)state;
    char folder[] = "/tmp/notify-XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    assert_int_equal(notify_send(path, "READY=1"), -ENOENT);
    int fd = listen_at(path, strlen(path) + 1);
    assert_int_equal(notify_send(path, "READY=1\nSTATUS=here"), 0);
    check_heard(fd, "READY=1\nSTATUS=here");
    close(fd);
    assert_int_equal(notify_send(path, "READY=1"), -ECONNREFUSED);
    unlink(path);
    rmdir(folder);
}

static void test_abstract(void **state)
{
    (void)state;
    char name[64] = "";
    int len = snprintf(name + 1, sizeof name - 1, "notify-test-%d", (int)getpid()) + 1;
    int fd = listen_at(name, (size_t)len);
    name[0] = '@';
    assert_int_equal(notify_send(name, "WATCHDOG=1"), 0);
    check_heard(fd, "WATCHDOG=1");
    close(fd);
}

static void test_no_address(void **state)
{
    (void)state;
    char longest[sizeof((struct sockaddr_un){0}).sun_path + 1];
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    const char *const wrong[] = {"", "@", "/", "relative", "vsock:2:1", longest};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(notify_send(wrong[i], "READY=1"), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_abstract),
        cmocka_unit_test(test_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
