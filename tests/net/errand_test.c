/*
 * What blocks is done in another thread, and its end is told in the loop.
 */
#include "net_testing.h"

#include <pthread.h>

#include "net/errand.h"

struct job {
    pthread_t worker;
    bool is_worked, is_done;
};

static void work(void *arg)
{
    struct job *job = arg;
    job->worker = pthread_self();
    job->is_worked = true;
}

static void done(void *arg)
{
    struct job *job = arg;
    assert_true(job->is_worked);
    assert_false(pthread_equal(job->worker, pthread_self()));
    job->is_done = true;
}

static void test_errand(void **state)
{
    struct loop *loop = loop_new();
    struct job job = {0};
    (void)state;
    errand_run(loop, work, done, &job);
    assert_false(job.is_done);
    run_until(loop, &job.is_done);
    loop_free(loop);
}

/* The end of the loop waits for it. */
static void test_errand_at_the_end(void **state)
{
    struct loop *loop = loop_new();
    struct job job = {0};
    (void)state;
    errand_run(loop, work, done, &job);
    loop_free(loop);
    assert_true(job.is_done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errand),
        cmocka_unit_test(test_errand_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
