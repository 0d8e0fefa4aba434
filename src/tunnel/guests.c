/*
 * A file that cannot be read any more lets nobody in: who was a guest stays one
 * until the invite expires, and a line in the log says so. It is read again
 * every RETRY_US, since what hides a revocation may pass, as when descriptors
 * are short. Expiry is by the wall clock, which may be set, also back: it is
 * looked at anew every CLOCK_US at the latest, as long as an invite expires or
 * has.
 */
#include "tunnel/guests.h"

#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/file_watch.h"
#include "tunnel/presence.h"

#define CLOCK_US (60 * US_PER_S)
#define RETRY_US (1 * US_PER_S)

struct guests {
    struct loop *loop;
    struct state *state;
    struct seal *seal;
    struct guests_handlers handlers;
    void *arg;
    struct invites all; /* that are let in */
    bool is_stale;      /* the file could not be read since */
    bool has_expired;   /* there are some in the file that have */
    struct file_watch *watch;
    struct timer *expiry;
    struct presence *presence;
};

static int64_t now_s(void)
{
    return (int64_t)time(NULL);
}

/* ---- who comes and goes ---- */

static bool is_same(const struct invite *a, const struct invite *b)
{
    return crypto_is_equal(a->secret, b->secret, INVITE_SECRET_LEN);
}

static void admit_new(struct guests *guests, const struct invites *before)
{
    const struct identity *identity = state_identity(guests->state);
    for (size_t i = 0; i < guests->all.count; i++) {
        const struct invite *invite = guests->all.at[i];
        if (!invites_find(before, invite->name))
            seal_admit(guests->seal, invite->name, identity->provider_id, invite->secret);
    }
}

/* Who comes with it is told so, until it is revoked. */
static void refuse(struct guests *guests, const struct invite *invite)
{
    seal_admit_expired(guests->seal, state_identity(guests->state)->provider_id, invite->secret);
}

/* Those of all, which were read anew. */
static void drop_expired(struct guests *guests, struct invites *all)
{
    seal_forget_expired(guests->seal);
    guests->has_expired = false;
    for (size_t i = all->count; i > 0; i--) {
        const struct invite *invite = all->at[i - 1];
        if (!invite_has_expired(invite, now_s()))
            continue;
        guests->has_expired = true;
        refuse(guests, invite);
        invites_remove(all, invite->name);
    }
}

/* now: those that have not expired, or NULL where it is not known. */
static bool stays(const struct invite *invite, const struct invites *now)
{
    const struct invite *is = now ? invites_find(now, invite->name) : NULL;
    return now ? is && is_same(invite, is) : !invite_has_expired(invite, now_s());
}

static size_t remove_gone(struct guests *guests, const struct invites *now,
                          char gone[INVITES_MAX][INVITE_NAME_MAX + 1])
{
    struct invites *all = &guests->all;
    size_t count = 0;
    for (size_t i = all->count; i > 0; i--) {
        const struct invite *invite = all->at[i - 1];
        if (stays(invite, now))
            continue;
        memcpy(gone[count], invite->name, sizeof invite->name);
        seal_revoke(guests->seal, gone[count]);
        if (!now) /* it has expired since the invites could be read */
            refuse(guests, invite);
        invites_remove(all, gone[count++]);
    }
    return count;
}

/* Takes now over, if it is known. All keys change before anybody hears of
 * it. */
static void replace(struct guests *guests, struct invites *now)
{
    char gone[INVITES_MAX][INVITE_NAME_MAX + 1];
    if (now)
        drop_expired(guests, now);
    size_t count = remove_gone(guests, now, gone);
    if (now) {
        struct invites before = guests->all;
        guests->all = *now;
        admit_new(guests, &before);
        invites_deinit(&before);
    }
    for (size_t i = 0; i < count; i++)
        guests->handlers.on_gone(gone[i], guests->arg);
}

static void await_expiry(struct guests *guests)
{
    int64_t first_s = INT64_MAX;
    for (size_t i = 0; i < guests->all.count; i++) {
        int64_t at_s = guests->all.at[i]->expires_s;
        if (at_s > 0 && at_s < first_s)
            first_s = at_s;
    }
    int64_t left_s = first_s - now_s();
    if (guests->is_stale)
        timer_start_in(guests->expiry, RETRY_US);
    else if (first_s == INT64_MAX && !guests->has_expired)
        timer_start_at(guests->expiry, TIME_NEVER);
    else
        timer_start_in(guests->expiry, left_s < (int64_t)(CLOCK_US / US_PER_S)
                                           ? (uint64_t)(left_s > 0 ? left_s : 0) * US_PER_S + 1
                                           : CLOCK_US);
}

static int refresh(struct guests *guests, char why[STATE_WHY_MAX])
{
    struct invites now;
    int error = state_read(guests->state, &now, why);
    guests->is_stale = error < 0;
    replace(guests, error < 0 ? NULL : &now);
    await_expiry(guests);
    return error;
}

static void on_change(void *arg)
{
    struct guests *guests = arg;
    char why[STATE_WHY_MAX];
    bool was_stale = guests->is_stale;
    if (refresh(guests, why) < 0 && !was_stale)
        log_warn("tunnel: %s; the invites stay as they were, until they expire", why);
}

const struct invite *guests_find(const struct guests *guests, const char *device)
{
    return device ? invites_find(&guests->all, device) : NULL;
}

void guests_come(struct guests *guests, uint32_t partner, const char *device, const char *from)
{
    const struct invite *invite = guests_find(guests, device);
    if (invite)
        presence_come(guests->presence, partner, invite, from);
}

void guests_go(struct guests *guests, uint32_t partner)
{
    presence_go(guests->presence, partner);
}

/* ---- guests ---- */

int guests_new(struct loop *loop, struct state *state, struct seal *seal,
               const struct guests_handlers *handlers, void *arg, struct guests **out,
               char why[STATE_WHY_MAX])
{
    struct guests *guests = xcalloc(1, sizeof *guests);
    guests->loop = loop;
    guests->state = state;
    guests->seal = seal;
    guests->handlers = *handlers;
    guests->arg = arg;
    invites_init(&guests->all);
    guests->expiry = timer_new(loop, on_change, guests);
    guests->presence = presence_new(loop, state);
    guests->watch =
        file_watch_new(loop, state_folder_of(state), STATE_INVITES_FILE, on_change, guests);
    int error = refresh(guests, why);
    if (error < 0) {
        guests_free(guests);
        return error;
    }
    *out = guests;
    return 0;
}

void guests_free(struct guests *guests)
{
    if (!guests)
        return;
    presence_free(guests->presence);
    file_watch_free(guests->watch);
    timer_free(guests->expiry);
    invites_deinit(&guests->all);
    free(guests);
}
