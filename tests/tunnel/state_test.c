/*
 * The state folder: who makes it, what it refuses, and a writer that is killed
 * at any of its calls to the kernel. The linker hands those of state_folder.c
 * to us (--wrap), so no step is missed that is there, or comes to be there.
 */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "tunnel/state.h"
#include "tunnel/state_folder.h"

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

/* ---- the rig ---- */

struct rig {
    char folder[64];
    char why[STATE_WHY_MAX];
};

static int setup(void **state)
{
    struct rig *r = xcalloc(1, sizeof *r);
    const char *place = getenv("TMPDIR");
    snprintf(r->folder, sizeof r->folder, "%s/tunnel-state-XXXXXX", place ? place : "/tmp");
    assert_non_null(mkdtemp(r->folder));
    kernel.is_counting = false;
    *state = r;
    return 0;
}

static void remove_file(const struct rig *r, const char *name)
{
    char *path = xasprintf("%s/%s", r->folder, name);
    unlink(path);
    free(path);
}

static int teardown(void **state)
{
    static const char *const files[] = {"identity", "identity.new", "invites", "invites.new",
                                        "lock"};
    struct rig *r = *state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        remove_file(r, files[i]);
    rmdir(r->folder);
    free(r);
    return 0;
}

static struct state *open_state(struct rig *r)
{
    struct state *state = NULL;
    if (state_open(r->folder, &state, r->why) < 0)
        fail_msg("%s", r->why);
    return state;
}

static int add_invite(struct invites *all, void *name)
{
    return invites_add(all, name, 1) ? 0 : 1;
}

static int remove_invite(struct invites *all, void *name)
{
    return invites_remove(all, name) ? 0 : 1;
}

static size_t count_invites(struct rig *r, const struct state *state)
{
    struct invites all;
    if (state_read(state, &all, r->why) < 0)
        fail_msg("%s", r->why);
    size_t count = all.count;
    invites_deinit(&all);
    return count;
}

static mode_t mode_of(const struct rig *r, const char *name)
{
    struct stat st;
    char *path = xasprintf("%s/%s", r->folder, name);
    assert_int_equal(stat(path, &st), 0);
    free(path);
    return st.st_mode & 07777;
}

static void write_file(const struct rig *r, const char *name, const char *text)
{
    char *path = xasprintf("%s/%s", r->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    free(path);
}

static char *read_file(const struct rig *r, const char *name)
{
    char *text = xcalloc(4096, 1);
    char *path = xasprintf("%s/%s", r->folder, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, 4095, file) > 0);
    fclose(file);
    free(path);
    return text;
}

/* ---- what works ---- */

static void test_it_is_kept(void **state)
{
    struct rig *r = *state;
    struct state *first = open_state(r);
    assert_int_equal(state_edit(first, add_invite, "phone", r->why), 0);
    struct state *second = open_state(r);
    assert_memory_equal(state_identity(first), state_identity(second), sizeof(struct identity));
    assert_int_equal(count_invites(r, second), 1);
    assert_int_equal(state_edit(second, remove_invite, "phone", r->why), 0);
    assert_int_equal(count_invites(r, first), 0);
    assert_int_equal(mode_of(r, "identity"), 0600);
    assert_int_equal(mode_of(r, "invites"), 0600);
    state_close(first);
    state_close(second);
}

static void test_an_edit_that_is_not_kept(void **state)
{
    struct rig *r = *state;
    struct state *s = open_state(r);
    assert_int_equal(state_edit(s, remove_invite, "phone", r->why), 1);
    assert_int_equal(count_invites(r, s), 0);
    state_close(s);
}

/* Made with what lies above it, for nobody else. */
static void test_folders_are_made(void **state)
{
    struct rig *r = *state;
    struct stat st;
    struct state *s;
    char *above = xasprintf("%s/a", r->folder);
    char *path = xasprintf("%s/a/b/", r->folder);
    mode_t mask = umask(0);
    assert_int_equal(state_open(path, &s, r->why), 0);
    umask(mask);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    state_close(s);
    remove_file(r, "a/b/identity");
    remove_file(r, "a/b/lock");
    rmdir(path);
    rmdir(above);
    free(path);
    free(above);
}

static void set_variable(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void test_where_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *given, *systemd, *xdg, *home, *expected;
    } rows[] = {
        {"/x", "/s", "/g", "/h", "/x"},
        {NULL, "/s", "/g", "/h", "/s"},
        {NULL, "/s:/t", "/g", "/h", "/s"},
        {NULL, NULL, "/g", "/h", "/g/tunnel"},
        {NULL, "", "relative", "/h", "/h/.local/state/tunnel"},
        {NULL, NULL, NULL, "/h", "/h/.local/state/tunnel"},
        {NULL, NULL, NULL, NULL, NULL},
    };
    char *home = getenv("HOME") ? xstrdup(getenv("HOME")) : NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_variable("STATE_DIRECTORY", rows[i].systemd);
        set_variable("XDG_STATE_HOME", rows[i].xdg);
        set_variable("HOME", rows[i].home);
        char *path = state_folder_path(rows[i].given);
        if (rows[i].expected)
            assert_string_equal(path, rows[i].expected);
        else
            assert_null(path);
        free(path);
    }
    set_variable("HOME", home);
    free(home);
}

/* ---- what is refused ---- */

static void must_fail(struct rig *r, int error, const char *words)
{
    struct state *s;
    assert_int_equal(state_open(r->folder, &s, r->why), error);
    if (!strstr(r->why, words) || !strstr(r->why, r->folder))
        fail_msg("%s", r->why);
}

static void test_a_damaged_identity(void **state)
{
    struct rig *r = *state;
    state_close(open_state(r));
    char *good = read_file(r, "identity");
    char *bad = xstrdup(good);
    bad[30] ^= 1;
    write_file(r, "identity", bad);
    must_fail(r, -EBADMSG, "/identity is damaged");
    char *left = read_file(r, "identity");
    assert_string_equal(left, bad);
    write_file(r, "identity", "");
    must_fail(r, -EBADMSG, "/identity is damaged");
    write_file(r, "identity", "httptunnel identity 2\nmore\n");
    must_fail(r, -EPROTONOSUPPORT, "a newer version");
    write_file(r, "identity", good);
    state_close(open_state(r));
    free(left);
    free(good);
    free(bad);
}

static void test_damaged_invites(void **state)
{
    struct rig *r = *state;
    struct invites all;
    struct state *s = open_state(r);
    write_file(r, "invites", "httptunnel invites 1\ninvite phone\n");
    assert_int_equal(state_read(s, &all, r->why), -EBADMSG);
    assert_int_equal(state_edit(s, add_invite, "laptop", r->why), -EBADMSG);
    assert_non_null(strstr(r->why, "/invites is damaged"));
    char *left = read_file(r, "invites");
    assert_string_equal(left, "httptunnel invites 1\ninvite phone\n");
    free(left);
    state_close(s);
}

static void test_a_folder_that_others_write_to(void **state)
{
    struct rig *r = *state;
    chmod(r->folder, 0770);
    must_fail(r, -EPERM, "nobody else may write to it");
    chmod(r->folder, 0755); /* as systemd makes them */
    state_close(open_state(r));
}

static void test_no_folder(void **state)
{
    struct rig *r = *state;
    struct state *s;
    char *path = xasprintf("%s/lock", r->folder);
    write_file(r, "lock", "");
    assert_int_equal(state_open(path, &s, r->why), -ENOTDIR);
    assert_non_null(strstr(r->why, "state folder"));
    free(path);
}

/* ---- two writers ---- */

/* Many processes that add one each: none is lost, and all have one identity. */
static void test_many_writers(void **state)
{
    struct rig *r = *state;
    enum { WRITERS = 8 };
    for (int i = 0; i < WRITERS; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            char name[16];
            struct state *s = NULL;
            snprintf(name, sizeof name, "d%d", i);
            int error = state_open(r->folder, &s, r->why);
            _exit(error < 0 || state_edit(s, add_invite, name, r->why) != 0);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    struct state *s = open_state(r);
    assert_int_equal(count_invites(r, s), WRITERS);
    state_close(s);
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
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_it_is_kept),
        TEST(test_an_edit_that_is_not_kept),
        TEST(test_folders_are_made),
        TEST(test_where_it_is),
        TEST(test_a_damaged_identity),
        TEST(test_damaged_invites),
        TEST(test_a_folder_that_others_write_to),
        TEST(test_no_folder),
        TEST(test_many_writers),
        TEST(test_killed_at_the_first_start),
        TEST(test_killed_while_writing),
        TEST(test_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
