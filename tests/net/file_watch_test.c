/*
 * A file that is replaced, or goes, is told of; others in its folder are not.
 */
#include "net_testing.h"

#include <unistd.h>

#include "base/alloc.h"
#include "net/file_watch.h"

struct rig {
    struct loop *loop;
    char folder[64];
    struct file_watch *watch;
    int changes;
    bool has_changed;
};

static void on_change(void *arg)
{
    struct rig *r = arg;
    r->changes++;
    r->has_changed = true;
}

static char *path_of(const struct rig *r, const char *name)
{
    return xasprintf("%s/%s", r->folder, name);
}

/* As a state folder does. */
static void replace_file(const struct rig *r, const char *name)
{
    char *path = path_of(r, name);
    char *beside = xasprintf("%s.new", path);
    FILE *file = fopen(beside, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(rename(beside, path), 0);
    free(beside);
    free(path);
}

static void remove_file(const struct rig *r, const char *name)
{
    char *path = path_of(r, name);
    unlink(path);
    free(path);
}

static int setup(void **state)
{
    struct rig *r = xcalloc(1, sizeof *r);
    const char *place = getenv("TMPDIR");
    snprintf(r->folder, sizeof r->folder, "%s/tunnel-watch-XXXXXX", place ? place : "/tmp");
    assert_non_null(mkdtemp(r->folder));
    r->loop = loop_new();
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    file_watch_free(r->watch);
    loop_free(r->loop);
    remove_file(r, "wanted");
    remove_file(r, "other");
    rmdir(r->folder);
    free(r);
    return 0;
}

static void test_changes(void **state)
{
    struct rig *r = *state;
    r->watch = file_watch_new(r->loop, r->folder, "wanted", on_change, r);
    replace_file(r, "other");
    replace_file(r, "wanted");
    run_until(r->loop, &r->has_changed);
    assert_int_equal(r->changes, 1);
    /* And the one that has its name now. */
    r->has_changed = false;
    replace_file(r, "wanted");
    run_until(r->loop, &r->has_changed);
    r->has_changed = false;
    remove_file(r, "wanted");
    run_until(r->loop, &r->has_changed);
    assert_int_equal(r->changes, 3);
}

/* As cp and mv do it. */
static void test_changes_in_place(void **state)
{
    struct rig *r = *state;
    replace_file(r, "wanted");
    r->watch = file_watch_new(r->loop, r->folder, "wanted", on_change, r);
    char wanted[128], other[128];
    snprintf(wanted, sizeof wanted, "%s/wanted", r->folder);
    snprintf(other, sizeof other, "%s/other", r->folder);
    FILE *file = fopen(wanted, "r+");
    fputs("changed", file);
    fclose(file);
    run_until(r->loop, &r->has_changed);
    r->has_changed = false;
    assert_int_equal(rename(wanted, other), 0);
    run_until(r->loop, &r->has_changed);
    assert_int_equal(r->changes, 2);
}

/* A folder that cannot be watched is looked at instead. */
static void test_no_watch(void **state)
{
    struct rig *r = *state;
    r->watch = file_watch_new(r->loop, "/proc/nonexistent", "wanted", on_change, r);
    run_until(r->loop, &r->has_changed);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_changes),
        TEST(test_changes_in_place),
        TEST(test_no_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
