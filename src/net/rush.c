/*
 *         come            first             burst or time over
 *   (out) ─────► in line ──────► sends ──────────────────────► in line
 *     ▲                           │ │ held up       come
 *     └───── nothing more ────────┘ └────────► (out) ───► beside, sends
 *
 * Who is beside is called in each turn in which it has come.
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
    list_init(&rush->beside);
}

void rush_place_init(struct rush_place *place, rush_send *send, void *arg)
{
    *place = (struct rush_place){.send = send, .arg = arg};
}

static void stand_in_line(struct rush *rush, struct rush_place *place)
{
    place->where = RUSH_IN_LINE;
    list_append(&rush->line, &place->link);
    rush->count++;
}

void rush_come(struct rush *rush, struct rush_place *place)
{
    if (place->where == RUSH_OUTSIDE) {
        list_init(&place->link);
        if (place->left > 0) {
            place->where = RUSH_BESIDE;
            list_append(&rush->beside, &place->link);
        } else {
            stand_in_line(rush, place);
        }
    }
    rush->ready += !place->has_come;
    place->has_come = true;
}

void rush_hold(struct rush_place *place)
{
    place->is_held = true;
}

bool rush_is_alone(const struct rush *rush, const struct rush_place *place)
{
    return rush->count == 0 || (rush->count == 1 && place->where == RUSH_IN_LINE);
}

bool rush_is_next(const struct rush *rush, const struct rush_place *place)
{
    return place->where == RUSH_BESIDE || first_place(rush) == place;
}

bool rush_is_ready(const struct rush *rush)
{
    return rush->ready > 0;
}

static void unlink_place(struct rush *rush, struct rush_place *place)
{
    list_remove(&place->link);
    rush->count -= place->where == RUSH_IN_LINE;
    place->where = RUSH_OUTSIDE;
}

/* With what is left of its burst. */
static void step_out(struct rush *rush, struct rush_place *place)
{
    unlink_place(rush, place);
    rush->ready -= place->has_come;
    place->has_come = false;
}

void rush_leave(struct rush *rush, struct rush_place *place)
{
    if (place->where != RUSH_OUTSIDE)
        step_out(rush, place);
    place->left = 0;
}

static void go_to_end(struct rush *rush, struct rush_place *place)
{
    unlink_place(rush, place);
    place->left = 0;
    stand_in_line(rush, place);
}

/* Under send() it may have left, or come again. False where it was held up. */
static bool call(struct rush *rush, struct rush_place *place, uint64_t now_us)
{
    bool is_alone = rush_is_alone(rush, place);
    if (place->left == 0) {
        place->left = burst(rush);
        place->until_us = now_us + burst_us(rush);
    }
    place->has_come = place->is_held = false;
    rush->ready--;
    size_t sent = place->send(place->arg, is_alone ? SIZE_MAX : place->left);
    if (place->where == RUSH_OUTSIDE)
        return false;
    place->left -= sent < place->left ? sent : place->left;
    bool has_burst = place->left > 0;
    bool is_out = has_burst ? place->is_held || place->where == RUSH_BESIDE : !place->has_come;
    if (is_out)
        step_out(rush, place);
    else if (!has_burst || now_us >= place->until_us)
        go_to_end(rush, place);
    return sent > 0 && !place->is_held;
}

static void call_those_beside(struct rush *rush, uint64_t now_us)
{
    struct list due;
    list_init(&due);
    LIST_EACH(link, next, &rush->beside) {
        list_remove(link);
        list_append(&due, link);
    }
    for (struct list *link; (link = list_first(&due)) != NULL;)
        call(rush, LIST_ENTRY(link, struct rush_place, link), now_us);
}

void rush_end_turn(struct rush *rush, uint64_t now_us)
{
    call_those_beside(rush, now_us);
    /* One is called once, and then may have to step out. */
    for (unsigned steps = 2 * rush->count; steps > 0; steps--) {
        struct rush_place *place = first_place(rush);
        if (!place)
            return;
        if (!place->has_come)
            step_out(rush, place);
        else if (call(rush, place, now_us))
            return;
    }
}
