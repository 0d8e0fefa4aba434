/*
 * The locks of the state folder: for who writes, and for who serves from it.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tunnel/state.h"
#include "tunnel/state_folder.h"

struct rig {
    char folder[64];
    char why[STATE_WHY_MAX];
};

static int setup(void **state)
{
    struct rig *r = xcalloc(1, sizeof *r);
    const char *place = getenv("TMPDIR");
    snprintf(r->folder, sizeof r->folder, "%s/tunnel-lock-XXXXXX", place ? place : "/tmp");
    assert_non_null(mkdtemp(r->folder));
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    static const char *const files[] = {"identity", "invites", "lock", "serving"};
    struct rig *r = *state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = xasprintf("%s/%s", r->folder, files[i]);
        unlink(path);
        free(path);
    }
    assert_int_equal(rmdir(r->folder), 0);
    free(r);
    return 0;
}

static int add_invite(struct invites *all, void *name)
{
    return invites_add(all, name, 1) ? 0 : 1;
}

static void test_the_lock(void **state)
{
    struct rig *r = *state;
    struct state_folder *one, *other;
    assert_int_equal(state_folder_open(r->folder, false, &one), 0);
    assert_int_equal(state_folder_open(r->folder, false, &other), 0);
    assert_int_equal(state_folder_lock(one, true), 0);
    assert_int_equal(state_folder_lock(other, false), -EAGAIN);
    state_folder_unlock(one);
    assert_int_equal(state_folder_lock(other, false), 0);
    state_folder_close(one);
    state_folder_close(other);
}

/* One serves from it, while commands come and go. */
static void test_the_claim(void **state)
{
    struct rig *r = *state;
    struct state *one, *other;
    assert_int_equal(state_open(r->folder, &one, r->why), 0);
    assert_int_equal(state_open(r->folder, &other, r->why), 0);
    assert_int_equal(state_claim(one, r->why), 0);
    assert_int_equal(state_claim(other, r->why), -EAGAIN);
    assert_non_null(strstr(r->why, r->folder));
    assert_int_equal(state_edit(other, add_invite, "phone", r->why), 0);
    assert_int_equal(state_claim(other, r->why), -EAGAIN);
    state_close(one);
    assert_int_equal(state_claim(other, r->why), 0);
    state_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_lock, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_claim, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
