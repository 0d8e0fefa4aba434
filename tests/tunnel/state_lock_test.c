/*
 * What could make who opens the state folder wait: its locks, for who writes
 * and for who serves from it, and what is no plain file. The clock is ours
 * (--wrap): to wait takes no time.
 */
#include "state_rig.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "tunnel/state_folder.h"

uint64_t __wrap_clock_now_us(void);
uint64_t __wrap_clock_now_us(void)
{
    static uint64_t now_us;
    return now_us += US_PER_S;
}

static void test_the_lock(void **state)
{
    struct rig *r = *state;
    struct state_folder *one, *other;
    assert_int_equal(state_folder_open(r->folder, false, &one), 0);
    assert_int_equal(state_folder_open(r->folder, false, &other), 0);
    assert_int_equal(state_folder_lock(one, 0), 0);
    assert_int_equal(state_folder_lock(other, 0), -EAGAIN);
    state_folder_unlock(one);
    assert_int_equal(state_folder_lock(other, 0), 0);
    state_folder_close(one);
    state_folder_close(other);
}

/* Somebody has stopped, with the lock in hand: nobody waits for ever. */
static void test_a_lock_that_is_not_let_go(void **state)
{
    struct rig *r = *state;
    struct state *s;
    struct state_folder *stopped;
    assert_int_equal(state_open(r->folder, &s, r->why), 0);
    assert_int_equal(state_folder_open(r->folder, false, &stopped), 0);
    assert_int_equal(state_folder_lock(stopped, 0), 0);
    assert_int_equal(state_edit(s, add_invite, "phone", r->why), -EAGAIN);
    assert_non_null(strstr(r->why, r->folder));
    assert_non_null(strstr(r->why, "locked"));
    state_folder_close(stopped);
    assert_int_equal(state_edit(s, add_invite, "phone", r->why), 0);
    state_close(s);
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

static int open_and_add(struct rig *r)
{
    struct state *s = NULL;
    int error = state_open(r->folder, &s, r->why);
    if (error == 0)
        error = state_edit(s, add_invite, "phone", r->why);
    state_close(s);
    return error;
}

static void must_be_plain(struct rig *r, const char *path)
{
    assert_int_equal(open_and_add(r), -ENOTSUP);
    assert_non_null(strstr(r->why, path));
    assert_non_null(strstr(r->why, "must be a plain file"));
}

static void test_no_plain_files(void **state)
{
    static const char *const names[] = {"identity", "invites", "lock"};
    struct rig *r = *state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = xasprintf("%s/%s", r->folder, names[i]);
        unlink(path);
        assert_int_equal(mkfifo(path, 0600), 0);
        must_be_plain(r, path);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkdir(path, 0700), 0);
        must_be_plain(r, path);
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(symlink("elsewhere", path), 0);
        must_be_plain(r, path);
        assert_int_equal(unlink(path), 0);
        free(path);
    }
    assert_int_equal(open_and_add(r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_lock, state_rig_setup, state_rig_teardown),
        cmocka_unit_test_setup_teardown(test_a_lock_that_is_not_let_go, state_rig_setup,
                                        state_rig_teardown),
        cmocka_unit_test_setup_teardown(test_the_claim, state_rig_setup, state_rig_teardown),
        cmocka_unit_test_setup_teardown(test_no_plain_files, state_rig_setup, state_rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
