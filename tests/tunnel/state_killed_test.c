/*
 * The state folder, and a writer that is killed at any of its calls to the
 * kernel. The linker hands those of state_folder.c to us (--wrap), so no step
 * is missed that is there, or comes to be there.
 */
#include "state_rig.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

/* ---- calls to the kernel, of which one is the last ---- */

static struct {
    bool is_counting;
    int call;    /* so far */
    int dies_at; /* before it; with half of it done, where it has halves */
    bool by_halves;
    char order[64]; /* what was called: w, f, r */
} kernel;

static bool dies_now(char what)
{
    size_t len = strlen(kernel.order);
    if (!kernel.is_counting)
        return false;
    if (len + 1 < sizeof kernel.order)
        kernel.order[len] = what;
    return kernel.call++ == kernel.dies_at;
}

static void die(void)
{
    raise(SIGKILL);
}

int __real_openat(int dir, const char *path, int flags, mode_t mode);
int __wrap_openat(int dir, const char *path, int flags, mode_t mode);
int __wrap_openat(int dir, const char *path, int flags, mode_t mode)
{
    if (dies_now('o'))
        die();
    return __real_openat(dir, path, flags, mode);
}

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
    if (dies_now('w')) {
        if (kernel.by_halves)
            __real_write(fd, data, len / 2);
        die();
    }
    return __real_write(fd, data, len);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    if (dies_now('f'))
        die();
    return __real_fsync(fd);
}

int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    if (dies_now('r'))
        die();
    return __real_renameat(from_dir, from, to_dir, to);
}

/* ---- a writer that is killed ---- */

/* A process that dies at that call of what work() does. False when work() has
 * fewer calls, and is done. */
static bool run_killed(struct rig *r, int call, bool by_halves, void (*work)(struct rig *))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        memset(&kernel, 0, sizeof kernel);
        kernel.is_counting = true;
        kernel.dies_at = call;
        kernel.by_halves = by_halves;
        work(r);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        return true;
    }
    assert_int_equal(status, 0);
    return false;
}

static void first_start(struct rig *r)
{
    struct state *s;
    if (state_open(r->folder, &s, r->why) < 0)
        _exit(1);
}

/* The next one starts as if nothing had been, or with what was made. */
static void test_killed_at_the_first_start(void **state)
{
    struct rig *r = *state;
    int call = 0;
    for (; run_killed(r, call, call % 2 == 0, first_start); call++) {
        struct state *s = open_state(r);
        struct state *again = open_state(r);
        assert_memory_equal(state_identity(s), state_identity(again), sizeof(struct identity));
        state_close(s);
        state_close(again);
        remove_file(r, "identity");
        remove_file(r, "identity.new");
    }
    assert_true(call >= 6); /* open, lock, open, write, fsync, rename, fsync */
}

static void add_a_second(struct rig *r)
{
    struct state *s;
    if (state_open(r->folder, &s, r->why) < 0 || state_edit(s, add_invite, "second", r->why) != 0)
        _exit(1);
}

static void test_killed_while_writing(void **state)
{
    struct rig *r = *state;
    int seen[3] = {0};
    struct state *s = open_state(r);
    assert_int_equal(state_edit(s, add_invite, "first", r->why), 0);
    for (int halves = 0; halves < 2; halves++)
        for (int call = 0; run_killed(r, call, halves, add_a_second); call++) {
            size_t count = count_invites(r, s);
            assert_in_range(count, 1, 2);
            seen[count]++;
            /* Nothing that it has left is in anybody's way. */
            assert_int_equal(state_edit(s, add_invite, "third", r->why), 0);
            assert_int_equal(state_edit(s, remove_invite, "third", r->why), 0);
            state_edit(s, remove_invite, "second", r->why);
        }
    assert_true(seen[1] > 0 && seen[2] > 0); /* the old one, and the new one */
    state_close(s);
}

/* What would be lost with the power is on the disk before it is needed. */
static void test_the_order(void **state)
{
    struct rig *r = *state;
    struct state *s = open_state(r);
    memset(&kernel, 0, sizeof kernel);
    kernel.dies_at = -1;
    kernel.is_counting = true;
    assert_int_equal(state_edit(s, add_invite, "phone", r->why), 0);
    kernel.is_counting = false;
    assert_string_equal(kernel.order, "ooowfrf"); /* lock, read, new file */
    state_close(s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, state_rig_setup, state_rig_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_killed_at_the_first_start),
        TEST(test_killed_while_writing),
        TEST(test_the_order),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
