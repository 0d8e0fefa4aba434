/*
 * A note is written in another thread, since a disk takes its time. It opens
 * the state folder for itself: one that is not there any more has no place for
 * it. What comes within NOTE_US goes in one: who has just come waits for an
 * answer, and not for a note of it.
 */
#include "tunnel/presence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "net/errand.h"
#include "tunnel/crypto.h"

#define NOTE_US (1 * US_PER_S)

/* That a device was here. */
struct sight {
    struct list link;
    uint32_t partner; /* while it is here */
    char device[INVITE_NAME_MAX + 1];
    uint8_t secret[INVITE_SECRET_LEN];
    char from[INVITE_FROM_MAX + 1];
    int64_t at_s;
};

struct note {
    char *folder;
    struct list sights;
    int error;
    char why[STATE_WHY_MAX];
};

struct presence {
    struct loop *loop;
    const struct state *state;
    struct list here;    /* sights of partners */
    struct list sights;  /* for the next note */
    struct timer *timer; /* until that */
    struct timer *again; /* of those that stay */
};

static struct sight *sight_at(struct list *link)
{
    return LIST_ENTRY(link, struct sight, link);
}

static void free_sights(struct list *sights)
{
    LIST_EACH(link, next, sights) {
        list_remove(link);
        free_secret(sight_at(link), sizeof(struct sight));
    }
}

/* ---- in another thread ---- */

static int edit(struct invites *all, void *arg)
{
    struct list *sights = arg;
    LIST_EACH(link, next, sights) {
        const struct sight *sight = sight_at(link);
        struct invite *invite = invites_find(all, sight->device);
        /* Else it was revoked in this moment. */
        if (invite && crypto_is_equal(invite->secret, sight->secret, INVITE_SECRET_LEN))
            invite_see(invite, sight->at_s, sight->from);
    }
    return 0;
}

static void write_note(void *arg)
{
    struct note *note = arg;
    struct state *state = NULL;
    note->error = state_open_kept(note->folder, &state, note->why);
    if (note->error == 0)
        note->error = state_edit(state, edit, &note->sights, note->why);
    state_close(state);
}

static void on_written(void *arg)
{
    struct note *note = arg;
    if (note->error < 0 && note->error != -ENOENT)
        log_warn("tunnel: %s", note->why);
    free_sights(&note->sights);
    free(note->folder);
    free(note);
}

/* ---- what is to be noted ---- */

static void send_note(void *arg)
{
    struct presence *presence = arg;
    if (list_is_empty(&presence->sights))
        return;
    struct note *note = xcalloc(1, sizeof *note);
    note->folder = xstrdup(state_folder_of(presence->state));
    list_init(&note->sights);
    LIST_EACH(link, next, &presence->sights) {
        list_remove(link);
        list_append(&note->sights, link);
    }
    errand_run(presence->loop, write_note, on_written, note);
}

/* Now, and again where it is noted already. */
static void see(struct presence *presence, const struct sight *sight)
{
    struct sight *copy = xcalloc(1, sizeof *copy);
    if (list_is_empty(&presence->sights))
        timer_start_in(presence->timer, NOTE_US);
    *copy = *sight;
    copy->at_s = (int64_t)time(NULL);
    list_append(&presence->sights, &copy->link);
}

static void see_all(void *arg)
{
    struct presence *presence = arg;
    LIST_EACH(link, next, &presence->here)
        see(presence, sight_at(link));
    timer_start_in(presence->again, PRESENCE_NOTE_US);
}

/* ---- who comes and goes ---- */

static struct sight *find(const struct presence *presence, uint32_t partner)
{
    LIST_EACH(link, next, &presence->here) {
        if (sight_at(link)->partner == partner)
            return sight_at(link);
    }
    return NULL;
}

void presence_come(struct presence *presence, uint32_t partner, const struct invite *invite,
                   const char *from)
{
    struct sight *sight = find(presence, partner);
    if (!sight) {
        sight = xcalloc(1, sizeof *sight);
        sight->partner = partner;
        list_append(&presence->here, &sight->link);
    }
    memcpy(sight->device, invite->name, sizeof sight->device);
    memcpy(sight->secret, invite->secret, sizeof sight->secret);
    snprintf(sight->from, sizeof sight->from, "%s", from);
    see(presence, sight);
}

void presence_go(struct presence *presence, uint32_t partner)
{
    struct sight *sight = find(presence, partner);
    if (!sight)
        return;
    see(presence, sight);
    list_remove(&sight->link);
    free_secret(sight, sizeof *sight);
}

struct presence *presence_new(struct loop *loop, const struct state *state)
{
    struct presence *presence = xcalloc(1, sizeof *presence);
    presence->loop = loop;
    presence->state = state;
    list_init(&presence->here);
    list_init(&presence->sights);
    presence->timer = timer_new(loop, send_note, presence);
    presence->again = timer_new(loop, see_all, presence);
    timer_start_in(presence->again, PRESENCE_NOTE_US);
    return presence;
}

void presence_free(struct presence *presence)
{
    if (!presence)
        return;
    LIST_EACH(link, next, &presence->here)
        see(presence, sight_at(link));
    send_note(presence);
    free_sights(&presence->here);
    timer_free(presence->timer);
    timer_free(presence->again);
    free(presence);
}
