/*
 * Guests of a provider whose state file cannot be read any more: the clock of
 * the wall and the calls that open a file are ours (--wrap), all else is as it
 * is.
 */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "sleeping.h"
#include "tunnel/guests.h"

enum { NOW_S = 1000 };

static time_t wall_s;
static bool is_system_short;
static unsigned refused; /* since then */

time_t __wrap_time(time_t *out);
time_t __wrap_time(time_t *out)
{
    if (out)
        *out = wall_s;
    return wall_s;
}

int __real_openat(int dir, const char *path, int flags, mode_t mode);
int __wrap_openat(int dir, const char *path, int flags, mode_t mode);
int __wrap_openat(int dir, const char *path, int flags, mode_t mode)
{
    if (!is_system_short)
        return __real_openat(dir, path, flags, mode);
    refused++;
    is_system_short = false; /* it passes */
    errno = ENFILE;
    return -1;
}

/* ---- the rig ---- */

struct rig {
    char folder[64];
    char why[STATE_WHY_MAX];
    char gone[INVITE_NAME_MAX + 1];
    struct loop *loop;
    struct state *state;
    struct seal *seal;
    struct guests *guests;
    struct timer *patience;
    bool has_no_folder; /* any more */
};

static void on_gone(const char *device, void *arg)
{
    struct rig *r = arg;
    snprintf(r->gone, sizeof r->gone, "%s", device);
    loop_stop(r->loop);
}

static void on_no_patience(void *arg)
{
    const struct rig *r = arg;
    loop_stop(r->loop);
}

static int invite_two(struct invites *all, void *arg)
{
    (void)arg;
    invites_add(all, "brief", NOW_S)->expires_s = NOW_S + 10;
    invites_add(all, "lasting", NOW_S);
    return 0;
}

static int revoke_lasting(struct invites *all, void *arg)
{
    (void)arg;
    return invites_remove(all, "lasting") ? 0 : 1;
}

static int setup(void **state)
{
    static const uint8_t fingerprint[CERT_FINGERPRINT_LEN];
    struct rig *r = xcalloc(1, sizeof *r);
    const struct guests_handlers handlers = {.on_gone = on_gone};
    const char *place = getenv("TMPDIR");
    wall_s = NOW_S;
    refused = 0;
    snprintf(r->folder, sizeof r->folder, "%s/tunnel-guests-XXXXXX", place ? place : "/tmp");
    assert_non_null(mkdtemp(r->folder));
    r->loop = loop_new();
    assert_int_equal(state_open(r->folder, &r->state, r->why), 0);
    assert_int_equal(state_edit(r->state, invite_two, NULL, r->why), 0);
    const struct seal_config seal = {.side = SEAL_PROVIDER,
                                     .identity = state_identity(r->state),
                                     .fingerprint = fingerprint};
    r->seal = seal_new(&seal);
    assert_int_equal(guests_new(r->loop, r->state, r->seal, &handlers, r, &r->guests, r->why), 0);
    r->patience = timer_new(r->loop, on_no_patience, r);
    timer_start_in(r->patience, 10 * US_PER_S);
    *state = r;
    return 0;
}

static int remove_folder(const struct rig *r)
{
    static const char *const files[] = {"identity", "invites", "lock"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = xasprintf("%s/%s", r->folder, files[i]);
        unlink(path);
        free(path);
    }
    return rmdir(r->folder);
}

static int teardown(void **state)
{
    struct rig *r = *state;
    timer_free(r->patience);
    guests_free(r->guests);
    seal_free(r->seal);
    state_close(r->state);
    loop_free(r->loop);
    assert_int_equal(remove_folder(r), r->has_no_folder ? -1 : 0);
    free(r);
    return 0;
}

/* As an editor does, under another name first. */
static void damage(const struct rig *r)
{
    char *path = xasprintf("%s/invites", r->folder);
    char *beside = xasprintf("%s/damaged", r->folder);
    FILE *file = fopen(beside, "w");
    assert_non_null(file);
    fputs("junk\n", file);
    fclose(file);
    assert_int_equal(rename(beside, path), 0);
    free(beside);
    free(path);
}

/* ---- tests ---- */

static void test_damaged_file_does_not_prolong(void **state)
{
    struct rig *r = *state;
    damage(r);
    wall_s = NOW_S + 10;
    loop_run(r->loop);
    assert_string_equal(r->gone, "brief");
    assert_null(guests_find(r->guests, "brief"));
    assert_non_null(guests_find(r->guests, "lasting"));
}

/* The clock was ahead, as at the start of a machine whose own is wrong. */
static void test_clock_is_set_right(void **state)
{
    struct rig *r = *state;
    wall_s = NOW_S + 1000;
    machine_sleeps(11);
    loop_run(r->loop);
    assert_string_equal(r->gone, "brief");
    wall_s = NOW_S;
    timer_start_in(r->patience, 61 * US_PER_S);
    machine_sleeps(62);
    loop_run(r->loop);
    assert_non_null(guests_find(r->guests, "brief"));
}

static void test_revocation_is_read_later(void **state)
{
    struct rig *r = *state;
    assert_int_equal(state_edit(r->state, revoke_lasting, NULL, r->why), 0);
    is_system_short = true;
    loop_run(r->loop);
    assert_int_equal(refused, 1);
    assert_string_equal(r->gone, "lasting");
}

/* Who takes all descriptors keeps nothing from being read. */
static void test_read_without_descriptors(void **state)
{
    struct rig *r = *state;
    struct invites all;
    struct rlimit before;
    int taken[256];
    size_t count = 0;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit few = {.rlim_cur = 200, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    while (count < 256 && (taken[count] = dup(0)) >= 0)
        count++;
    int first = state_read(r->state, &all, r->why);
    if (first == 0)
        invites_deinit(&all);
    int second = state_read(r->state, &all, r->why);
    if (second == 0)
        invites_deinit(&all);
    while (count > 0)
        close(taken[--count]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(first, 0);
    assert_int_equal(second, 0);
}

/* A note of a visit does not bring the folder back; teardown() looks. */
static void test_note_without_a_folder(void **state)
{
    struct rig *r = *state;
    guests_come(r->guests, 1, "lasting", "203.0.113.9:5000");
    r->has_no_folder = remove_folder(r) == 0;
    assert_true(r->has_no_folder);
}

/* What is on its way to the state folder gets there; when that device was here
 * last. */
static int64_t last_seen(struct rig *r, const char *device)
{
    struct invites all;
    guests_free(r->guests);
    r->guests = NULL;
    timer_free(r->patience);
    r->patience = NULL;
    loop_free(r->loop);
    r->loop = NULL;
    assert_int_equal(state_read(r->state, &all, r->why), 0);
    int64_t seen_s = invites_find(&all, device)->seen_s;
    invites_deinit(&all);
    return seen_s;
}

static void test_who_goes_was_here_until_then(void **state)
{
    struct rig *r = *state;
    guests_come(r->guests, 1, "lasting", "203.0.113.9:5000");
    wall_s = NOW_S + 5;
    guests_go(r->guests, 1);
    wall_s = NOW_S + 9;
    guests_go(r->guests, 1);
    assert_int_equal(last_seen(r, "lasting"), NOW_S + 5);
}

static void test_who_stays_is_here_to_the_end(void **state)
{
    struct rig *r = *state;
    guests_come(r->guests, 1, "lasting", "203.0.113.9:5000");
    guests_come(r->guests, 2, "lasting", "203.0.113.9:5001");
    guests_go(r->guests, 1);
    wall_s = NOW_S + 7;
    assert_int_equal(last_seen(r, "lasting"), NOW_S + 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_damaged_file_does_not_prolong, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_is_set_right, setup, teardown),
        cmocka_unit_test_setup_teardown(test_revocation_is_read_later, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_without_descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_note_without_a_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_goes_was_here_until_then, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_stays_is_here_to_the_end, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
