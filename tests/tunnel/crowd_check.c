/*
 * What there should be in the end.
 */
#include "crowd_internal.h"

#include <stdio.h>

static bool is_up(const struct crowd *c, const struct half *h)
{
    for (size_t i = 0; i < CROWD_PARTNERS_MAX; i++) {
        if (c->members[h->member].up[i] == h->number)
            return true;
    }
    return false;
}

const char *crowd_check(const struct crowd *c)
{
    static char text[128];
    int between[CROWD_MEMBERS][CROWD_MEMBERS] = {{0}};
    for (size_t i = 0; i < CROWD_HALVES_MAX; i++) {
        const struct half *h = &c->halves[i];
        const struct half *other =
            h->id > 0 ? crowd_find_half((struct crowd *)(uintptr_t)c, h->remote) : NULL;
        if (h->id == 0)
            continue;
        if (!other || other->remote != h->id || !h->is_ready || !is_up(c, h)) {
            snprintf(text, sizeof text, "member %d has a session %u that is none", h->member,
                     h->number);
            return text;
        }
        between[h->member][other->member]++;
    }
    for (int i = 0; i < CROWD_MEMBERS; i++) {
        for (int k = 0; k < CROWD_MEMBERS; k++) {
            const struct crowd_member *a = &c->members[i], *b = &c->members[k];
            int wanted = a->rv && b->rv && a->role != b->role;
            snprintf(text, sizeof text, "%d sessions of member %d with member %d, not %d",
                     between[i][k], i, k, wanted);
            if (between[i][k] != wanted)
                return text;
        }
    }
    return NULL;
}
