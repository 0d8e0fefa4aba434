#include "net/unix_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testing.h"

static char folder[] = "/tmp/tunnel-unix-XXXXXX";
static char path[64];

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* Whatever the umask is. */
static void test_mode(void **state)
{
    struct stat st;
    (void)state;
    mode_t mask = umask(0);
    int fd = unix_socket_listen(path, 1);
    umask(mask);
    assert_true(fd >= 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    close(fd);
    assert_true(unix_socket_clean(path));
}

static void test_taken(void **state)
{
    (void)state;
    int fd = unix_socket_listen(path, 1);
    assert_int_equal(unix_socket_listen(path, 1), -EADDRINUSE);
    assert_false(unix_socket_clean(path));
    /* Its process is gone. */
    close(fd);
    fd = unix_socket_listen(path, 1);
    assert_true(fd >= 0);
    close(fd);
    assert_true(unix_socket_clean(path));
    assert_int_equal(access(path, F_OK), -1);
    assert_false(unix_socket_clean(path));
}

/* What is no socket is nobody's to replace. */
static void test_file(void **state)
{
    (void)state;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(unix_socket_listen(path, 1), -EADDRINUSE);
    assert_false(unix_socket_clean(path));
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
}

static void test_paths(void **state)
{
    char name[200] = "/";
    struct address address;
    (void)state;
    memset(name + 1, 'x', 106);
    assert_int_equal(unix_socket_address(name, &address), 0);
    memset(name + 1, 'x', 107);
    assert_int_equal(unix_socket_address(name, &address), -ENAMETOOLONG);
    assert_int_equal(unix_socket_listen(name, 1), -ENAMETOOLONG);
    assert_false(unix_socket_clean(name));
    assert_int_equal(unix_socket_listen("/nowhere/at/all", 1), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mode),
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
