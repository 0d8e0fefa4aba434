/*
 * The limit of file descriptors goes up, to the hard one at most, and never
 * down; the first three are never a connection's.
 */
#include "testing.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/descriptors.h"

static rlim_t soft_limit(void)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    return limit.rlim_cur;
}

static void test_allow(void **state)
{
    (void)state;
    struct rlimit limit = {.rlim_cur = 64, .rlim_max = 256};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(descriptors_allow(32), 64);
    assert_int_equal(soft_limit(), 64);
    assert_int_equal(descriptors_allow(128), 128);
    assert_int_equal(soft_limit(), 128);
    assert_int_equal(descriptors_allow(1000), 256);
    assert_int_equal(soft_limit(), 256);
}

/* In a child: its exit status says which descriptor is wrong. */
static int without_standard(int closed)
{
    struct stat null, got;
    for (int fd = 0; fd < 3; fd++) {
        if (closed & (1 << fd))
            close(fd);
    }
    descriptors_open_standard();
    if (stat("/dev/null", &null) < 0)
        return 4;
    for (int fd = 0; fd < 3; fd++) {
        bool is_null = fstat(fd, &got) == 0 && got.st_rdev == null.st_rdev && got.st_rdev != 0;
        if ((closed & (1 << fd)) && !is_null)
            return fd + 1;
        /* What stdout was to say must not vanish; a log may. */
        bool is_taken = write(fd, "", 1) == 1;
        if ((closed & (1 << fd)) && is_taken != (fd != STDOUT_FILENO))
            return fd + 10;
    }
    return open("/dev/null", O_RDONLY) < 3 ? 5 : 0;
}

static void test_standard(void **state)
{
    (void)state;
    for (int closed = 0; closed < 8; closed++) {
        pid_t child = fork();
        if (child == 0)
            _exit(without_standard(closed));
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_standard),
                                       cmocka_unit_test(test_allow)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
