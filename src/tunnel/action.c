/*
 * A ring that doubles when it is full. One event of a room of two leads to
 * less than a dozen actions.
 */
#include "tunnel/action.h"

#include <stdlib.h>

#include "base/alloc.h"

enum { FIRST_CAP = 16 };

const char *keeper_state_name(enum keeper_state state)
{
    static const char *const names[] = {"connecting", "waiting", "negotiating", "up", "retrying"};
    return names[state];
}

static void grow(struct actions *actions)
{
    size_t cap = actions->cap ? 2 * actions->cap : FIRST_CAP;
    struct action *at = xcalloc(cap, sizeof *at);
    for (size_t i = 0; i < actions->count; i++)
        at[i] = actions->at[(actions->first + i) % actions->cap];
    free(actions->at);
    actions->at = at;
    actions->first = 0;
    actions->cap = cap;
}

void actions_push(struct actions *actions, const struct action *action)
{
    if (actions->count == actions->cap)
        grow(actions);
    actions->at[(actions->first + actions->count++) % actions->cap] = *action;
    if (action->type == ACTION_PROBLEM)
        actions->has_problem = true;
}

void actions_do(struct actions *actions, enum action_type type, unsigned session)
{
    actions_push(actions, &(struct action){.type = type, .session = session});
}

void actions_feed(struct actions *actions, unsigned session, enum sdp_type type, const char *sdp)
{
    actions_push(actions, &(struct action){.type = ACTION_FEED,
                                           .session = session,
                                           .sdp_type = type,
                                           .text = sdp});
}

void actions_close(struct actions *actions, unsigned session, const char *text)
{
    actions_push(actions, &(struct action){.type = ACTION_CLOSE, .session = session, .text = text});
}

void actions_note(struct actions *actions, enum note note, const char *text)
{
    actions_push(actions, &(struct action){.type = ACTION_NOTE, .note = note, .text = text});
}

void actions_problem(struct actions *actions, enum problem_kind problem, unsigned session,
                     const char *text)
{
    actions_push(actions, &(struct action){.type = ACTION_PROBLEM,
                                           .problem = problem,
                                           .session = session,
                                           .text = text});
}

bool actions_pull(struct actions *actions, struct action *out)
{
    if (actions->count == 0)
        return false;
    *out = actions->at[actions->first];
    actions->first = (actions->first + 1) % actions->cap;
    actions->count--;
    return true;
}

void actions_deinit(struct actions *actions)
{
    free(actions->at);
    *actions = (struct actions){0};
}
