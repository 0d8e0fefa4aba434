#include "tunnel/places.h"

#include <assert.h>

#include "base/clock.h"

void places_init(struct places *places, size_t most, uint64_t patience_us)
{
    *places = (struct places){.most = most, .patience_us = patience_us};
    list_init(&places->users);
    list_init(&places->by_time);
}

void places_user_init(struct places_user *user)
{
    *user = (struct places_user){0};
    list_init(&user->in_turn);
    list_init(&user->waiting);
}

static void occupy(struct place *place)
{
    place->state = PLACE_TAKEN;
    place->places->taken++;
    place->user->taken++;
}

static void line_up(struct place *place, uint64_t now_us)
{
    struct places *places = place->places;
    struct places_user *user = place->user;
    place->state = PLACE_WAITING;
    place->since_us = now_us;
    if (list_is_empty(&user->waiting))
        list_append(&places->users, &user->in_turn);
    list_append(&user->waiting, &place->in_line);
    list_append(&places->by_time, &place->by_time);
    places->waiting++;
}

static void leave_line(struct place *place)
{
    place->state = PLACE_FREE;
    place->places->waiting--;
    list_remove(&place->in_line);
    list_remove(&place->by_time);
    if (list_is_empty(&place->user->waiting))
        list_remove(&place->user->in_turn);
}

bool places_take(struct places *places, struct place *place, struct places_user *user,
                 uint64_t now_us)
{
    assert(place->state == PLACE_FREE);
    *place = (struct place){.places = places, .user = user};
    list_init(&place->in_line);
    list_init(&place->by_time);
    /* Nobody overtakes: a place that is free while others wait is theirs. */
    if (places->taken < places->most && places->waiting == 0) {
        occupy(place);
        return true;
    }
    line_up(place, now_us);
    return false;
}

static struct places_user *next_user(const struct places *places)
{
    struct places_user *best = NULL;
    LIST_EACH(link, next, &places->users) {
        struct places_user *user = LIST_ENTRY(link, struct places_user, in_turn);
        if (!best || user->taken < best->taken)
            best = user;
    }
    return best;
}

struct place *places_next(struct places *places)
{
    if (places->taken >= places->most || places->waiting == 0)
        return NULL;
    struct places_user *user = next_user(places);
    struct place *place = LIST_ENTRY(list_first(&user->waiting), struct place, in_line);
    leave_line(place);
    occupy(place);
    if (!list_is_empty(&user->waiting)) { /* to the end: the others' turn */
        list_remove(&user->in_turn);
        list_append(&places->users, &user->in_turn);
    }
    return place;
}

struct place *places_expired(struct places *places, uint64_t now_us)
{
    struct list *first = list_first(&places->by_time);
    struct place *place = first ? LIST_ENTRY(first, struct place, by_time) : NULL;
    if (!place || now_us < place->since_us + places->patience_us)
        return NULL;
    leave_line(place);
    return place;
}

void places_leave(struct place *place)
{
    if (place->state == PLACE_WAITING) {
        leave_line(place);
    } else if (place->state == PLACE_TAKEN) {
        place->state = PLACE_FREE;
        place->places->taken--;
        place->user->taken--;
    }
}

uint64_t places_waiting_us(const struct places *places, uint64_t now_us)
{
    struct list *first = list_first(&places->by_time);
    return first ? now_us - LIST_ENTRY(first, struct place, by_time)->since_us : 0;
}

uint64_t places_deadline_us(const struct places *places)
{
    struct list *first = list_first(&places->by_time);
    if (!first)
        return TIME_NEVER;
    if (places->taken < places->most)
        return 0;
    return LIST_ENTRY(first, struct place, by_time)->since_us + places->patience_us;
}
