/*
 * The state folder: who makes it, where it is, what it refuses, and many who
 * write to it.
 */
#include "state_rig.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tunnel/state_folder.h"

/* ---- what works ---- */

static mode_t mode_of(const struct rig *r, const char *name)
{
    struct stat st;
    char *path = xasprintf("%s/%s", r->folder, name);
    assert_int_equal(stat(path, &st), 0);
    free(path);
    return st.st_mode & 07777;
}

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

/* As after a copy from a backup. */
static void test_files_that_others_read(void **state)
{
    struct rig *r = *state;
    struct stat st;
    char *path = xasprintf("%s/identity", r->folder);
    state_close(open_state(r));
    chmod(path, 0644);
    state_close(open_state(r));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    free(path);
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, state_rig_setup, state_rig_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_it_is_kept),      TEST(test_an_edit_that_is_not_kept),
        TEST(test_many_writers),    TEST(test_folders_are_made),
        TEST(test_where_it_is),     TEST(test_a_damaged_identity),
        TEST(test_damaged_invites), TEST(test_a_folder_that_others_write_to),
        TEST(test_no_folder),       TEST(test_files_that_others_read),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
