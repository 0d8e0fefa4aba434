/*
 * Those who are due are the first in line, since whoever was served goes to its
 * end when the next turn begins.
 */
#include "net/rush.h"

#include <stdint.h>

static struct rush_place *place_at(struct list *link)
{
    return LIST_ENTRY(link, struct rush_place, link);
}

static size_t burst(const struct rush *rush)
{
    size_t part = RUSH_ROUND_BYTES / rush->count;
    if (part > RUSH_BURST_MAX)
        return RUSH_BURST_MAX;
    return part > RUSH_BURST_LEAST ? part - part % RUSH_BURST_LEAST : RUSH_BURST_LEAST;
}

static void call_up(struct rush *rush, struct rush_place *place)
{
    bool is_due = rush->due < RUSH_TURN_BYTES / burst(rush);
    place->state = is_due ? RUSH_DUE : RUSH_WAITING;
    rush->due += is_due;
}

void rush_init(struct rush *rush)
{
    *rush = (struct rush){0};
    list_init(&rush->line);
}

void rush_begin_turn(struct rush *rush)
{
    struct list served;
    list_init(&served);
    LIST_EACH(link, next, &rush->line) {
        struct rush_place *place = place_at(link);
        if (!place->has_come) {
            rush_leave(rush, place);
        } else if (place->state == RUSH_SERVED) {
            list_remove(link);
            list_append(&served, link);
        }
        place->has_come = false;
    }
    LIST_EACH(link, next, &served) {
        list_remove(link);
        list_append(&rush->line, link);
    }
    rush->due = 0;
    LIST_EACH(link, next, &rush->line)
        call_up(rush, place_at(link));
}

size_t rush_take(struct rush *rush, struct rush_place *place)
{
    if (place->state == RUSH_OUTSIDE) {
        list_init(&place->link);
        list_append(&rush->line, &place->link);
        rush->count++;
        call_up(rush, place);
    }
    place->has_come = true;
    if (rush->count == 1)
        return SIZE_MAX;
    if (place->state != RUSH_DUE)
        return 0;
    place->state = RUSH_SERVED;
    return burst(rush);
}

void rush_leave(struct rush *rush, struct rush_place *place)
{
    if (place->state == RUSH_OUTSIDE)
        return;
    list_remove(&place->link);
    place->state = RUSH_OUTSIDE;
    rush->count--;
}
