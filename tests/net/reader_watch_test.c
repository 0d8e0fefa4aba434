/*
 * Who reads a pipe, and who does not any more.
 */
#include "net_testing.h"

#include <unistd.h>

#include "net/reader_watch.h"

struct rig {
    struct loop *loop;
    int ends[2];
    bool is_gone;
};

static void on_gone(void *arg)
{
    struct rig *r = arg;
    assert_false(r->is_gone); /* once */
    r->is_gone = true;
}

static int setup(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    assert_int_equal(pipe(r->ends), 0);
    r->loop = loop_new();
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    close(r->ends[1]);
    loop_free(r->loop);
    free(r);
    return 0;
}

static void turn(struct rig *r)
{
    run_for(r->loop, 10 * US_PER_MS);
}

static void test_reader_goes(void **state)
{
    struct rig *r = *state;
    struct reader_watch *watch = reader_watch_new(r->loop, r->ends[1], on_gone, r);
    assert_non_null(watch);
    assert_int_equal(fcntl(r->ends[1], F_GETFL) & O_NONBLOCK, 0);
    turn(r);
    assert_int_equal(write(r->ends[1], "x", 1), 1);
    turn(r);
    assert_false(r->is_gone);
    close(r->ends[0]); /* with a byte unread */
    run_until(r->loop, &r->is_gone);
    turn(r);
    reader_watch_free(watch);
}

static void test_gone_before(void **state)
{
    struct rig *r = *state;
    close(r->ends[0]);
    struct reader_watch *watch = reader_watch_new(r->loop, r->ends[1], on_gone, r);
    run_until(r->loop, &r->is_gone);
    reader_watch_free(watch);
}

static void test_no_pipe(void **state)
{
    struct rig *r = *state;
    FILE *file = tmpfile();
    assert_null(reader_watch_new(r->loop, fileno(file), on_gone, r));
    assert_null(reader_watch_new(r->loop, -1, on_gone, r));
    reader_watch_free(NULL);
    fclose(file);
    close(r->ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reader_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gone_before, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_pipe, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
