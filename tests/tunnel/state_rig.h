/*
 * A state folder of a test's own, which goes with it.
 */
#ifndef TESTS_TUNNEL_STATE_RIG_H
#define TESTS_TUNNEL_STATE_RIG_H

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tunnel/state.h"

struct rig {
    char folder[64];
    char why[STATE_WHY_MAX];
};

static inline int state_rig_setup(void **state)
{
    struct rig *r = xcalloc(1, sizeof *r);
    const char *place = getenv("TMPDIR");
    snprintf(r->folder, sizeof r->folder, "%s/tunnel-state-XXXXXX", place ? place : "/tmp");
    assert_non_null(mkdtemp(r->folder));
    *state = r;
    return 0;
}

static inline void remove_file(const struct rig *r, const char *name)
{
    char *path = xasprintf("%s/%s", r->folder, name);
    unlink(path);
    free(path);
}

static inline int state_rig_teardown(void **state)
{
    static const char *const files[] = {"identity",    "identity.new", "invites",
                                        "invites.new", "lock",         "serving"};
    struct rig *r = *state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        remove_file(r, files[i]);
    assert_int_equal(rmdir(r->folder), 0);
    free(r);
    return 0;
}

static inline struct state *open_state(struct rig *r)
{
    struct state *state = NULL;
    if (state_open(r->folder, &state, r->why) < 0)
        fail_msg("%s", r->why);
    return state;
}

/* What state_edit() does, with the name of an invite. */
static inline int add_invite(struct invites *all, void *name)
{
    return invites_add(all, name, 1) ? 0 : 1;
}

static inline int remove_invite(struct invites *all, void *name)
{
    return invites_remove(all, name) ? 0 : 1;
}

static inline size_t count_invites(struct rig *r, const struct state *state)
{
    struct invites all;
    if (state_read(state, &all, r->why) < 0)
        fail_msg("%s", r->why);
    size_t count = all.count;
    invites_deinit(&all);
    return count;
}

#endif
