/*
 * A parent and one worker, in processes of their own.
 */
#include "testing.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "cli/worker_parent.h"

struct scene {
    int ends[2]; /* of a pipe, on which is told what has happened */
    bool is_hangup_sent;
};

static volatile sig_atomic_t hangups;

static void on_hangup(int number)
{
    (void)number;
    hangups++;
}

static void tell(const struct scene *scene, char what)
{
    if (write(scene->ends[1], &what, 1) != 1)
        abort();
}

/* One that comes as early as it can waits for its handler. Ends the parent. */
static int live(int index, int lifeline, void *arg)
{
    const struct sigaction action = {.sa_handler = on_hangup};
    (void)index, (void)lifeline;
    kill(getpid(), SIGHUP);
    sigaction(SIGHUP, &action, NULL);
    worker_take_signals();
    tell(arg, hangups == 1 ? 'h' : '?');
    kill(getppid(), SIGTERM);
    while (pause() < 0)
        continue; /* until SIGTERM, which has no handler */
    return EXIT_FAILURE;
}

/* The parent's own are taken by now: it is told where it listens. */
static void on_start(void *arg)
{
    struct scene *scene = arg;
    tell(scene, 's');
    if (scene->is_hangup_sent)
        kill(getpid(), SIGHUP);
}

static void on_death(int index, void *arg)
{
    (void)index;
    tell(arg, 'd');
}

/* What has been told, in any order of the two processes. */
static void run(struct scene *scene, bool reads_again, char heard[4])
{
    struct service *service = service_new(NULL);
    const struct worker_parent parent = {.count = 1,
                                         .run = live,
                                         .on_death = on_death,
                                         .on_start = on_start,
                                         .arg = scene,
                                         .reads_again = reads_again,
                                         .service = service};
    fflush(NULL); /* the worker's exit must not write it again */
    assert_int_equal(pipe(scene->ends), 0);
    assert_int_equal(worker_parent_run(&parent), EXIT_SUCCESS);
    service_free(service);
    close(scene->ends[1]);
    ssize_t len = read(scene->ends[0], heard, 3);
    assert_true(len > 0);
    heard[len] = '\0';
    close(scene->ends[0]);
}

static void test_early_signals(void **state)
{
    (void)state;
    struct scene scene = {0};
    char heard[4];
    run(&scene, true, heard);
    assert_true(strcmp(heard, "sh") == 0 || strcmp(heard, "hs") == 0);
}

/* A SIGHUP that comes as soon as it is known that it runs ends it in good
 * order, with the worker, however far that has got. */
static void test_hangup_at_start(void **state)
{
    (void)state;
    struct scene scene = {.is_hangup_sent = true};
    char heard[4];
    run(&scene, false, heard);
    assert_non_null(strchr(heard, 's'));
    assert_null(strchr(heard, 'd'));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_early_signals),
        cmocka_unit_test(test_hangup_at_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
