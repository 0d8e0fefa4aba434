/*
 * Only the first may not have come: who waits behind it was called last when it
 * had something.
 */
#include "net/rush.h"

#include <stdint.h>

static struct rush_place *first_place(const struct rush *rush)
{
    struct list *link = list_first(&rush->line);
    return link ? LIST_ENTRY(link, struct rush_place, link) : NULL;
}

static size_t burst(const struct rush *rush)
{
    size_t part = RUSH_ROUND_BYTES / rush->count;
    if (part > RUSH_BURST_MAX)
        return RUSH_BURST_MAX;
    return part > RUSH_BURST_LEAST ? part - part % RUSH_BURST_LEAST : RUSH_BURST_LEAST;
}

static uint64_t burst_us(const struct rush *rush)
{
    uint64_t part_us = RUSH_ROUND_US / rush->count;
    return part_us < RUSH_BURST_US_MAX ? part_us : RUSH_BURST_US_MAX;
}

void rush_init(struct rush *rush)
{
    *rush = (struct rush){0};
    list_init(&rush->line);
}

void rush_place_init(struct rush_place *place, rush_send *send, void *arg)
{
    *place = (struct rush_place){.send = send, .arg = arg};
}

void rush_come(struct rush *rush, struct rush_place *place)
{
    if (!place->is_inside) {
        list_init(&place->link);
        list_append(&rush->line, &place->link);
        place->is_inside = true;
        rush->count++;
    }
    rush->ready += !place->has_come;
    place->has_come = true;
}

bool rush_is_alone(const struct rush *rush, const struct rush_place *place)
{
    return rush->count == 0 || (rush->count == 1 && place->is_inside);
}

static bool is_over(const struct rush_place *place, uint64_t now_us)
{
    return place->left > 0 && now_us >= place->until_us;
}

bool rush_is_first(const struct rush *rush, const struct rush_place *place, uint64_t now_us)
{
    return first_place(rush) == place && !is_over(place, now_us);
}

bool rush_is_ready(const struct rush *rush)
{
    return rush->ready > 0;
}

void rush_leave(struct rush *rush, struct rush_place *place)
{
    if (!place->is_inside)
        return;
    list_remove(&place->link);
    rush->ready -= place->has_come;
    rush->count--;
    place->is_inside = place->has_come = false;
    place->left = 0;
}

static void go_to_end(struct rush *rush, struct rush_place *place)
{
    place->left = 0;
    list_remove(&place->link);
    list_append(&rush->line, &place->link);
}

/* Under send() it may have left, or come again. */
static size_t call(struct rush *rush, struct rush_place *place, uint64_t now_us)
{
    bool is_alone = rush->count == 1;
    if (place->left == 0) {
        place->left = burst(rush);
        place->until_us = now_us + burst_us(rush);
    }
    place->has_come = false;
    rush->ready--;
    size_t sent = place->send(place->arg, is_alone ? SIZE_MAX : place->left);
    if (!place->is_inside)
        return sent;
    place->left -= sent < place->left ? sent : place->left;
    if (sent == 0)
        rush_leave(rush, place);
    else if (place->left == 0)
        go_to_end(rush, place);
    return sent;
}

void rush_end_turn(struct rush *rush, uint64_t now_us)
{
    struct rush_place *place = first_place(rush);
    if (place && place->has_come && is_over(place, now_us))
        go_to_end(rush, place);
    for (unsigned most = rush->count; most > 0; most--) {
        place = first_place(rush);
        if (!place)
            return;
        if (!place->has_come)
            rush_leave(rush, place);
        else if (call(rush, place, now_us) > 0)
            return;
    }
}
