/*
 * The limit of file descriptors goes up, to the hard one at most, and never
 * down.
 */
#include "testing.h"

#include <sys/resource.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_allow)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
