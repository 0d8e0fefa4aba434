#include "tunnel/upstream_line.h"

#include <assert.h>

#include "base/clock.h"

static struct upstream_turn *turn_of(struct place *place)
{
    return LIST_ENTRY(place, struct upstream_turn, place);
}

static uint64_t next_us(void *arg)
{
    const struct upstream_line *line = arg;
    return places_deadline_us(&line->places);
}

/* Those whose patience ends now would only take a turn from others. */
static void on_due(void *arg)
{
    struct upstream_line *line = arg;
    uint64_t now_us = clock_now_us();
    struct place *place;
    while ((place = places_expired(&line->places, now_us)) != NULL)
        turn_of(place)->handlers->on_tired(turn_of(place)->arg);
    while ((place = places_next(&line->places)) != NULL)
        turn_of(place)->handlers->on_turn(turn_of(place)->arg);
}

void upstream_line_init(struct upstream_line *line, struct loop *loop, size_t most)
{
    line->loop = loop;
    places_init(&line->places, most > 0 ? most : SIZE_MAX, UPSTREAM_PATIENCE_US);
    places_user_init(&line->others);
    line->deadline = deadline_new_touched(loop, next_us, on_due, line);
}

void upstream_line_deinit(struct upstream_line *line)
{
    assert(line->places.taken == 0 && line->places.waiting == 0);
    deadline_free(line->deadline);
}

bool upstream_turn_take(struct upstream_turn *turn, struct upstream_line *line,
                        struct consumer *consumer, const struct upstream_turn_handlers *handlers,
                        void *arg)
{
    turn->handlers = handlers;
    turn->arg = arg;
    bool is_taken =
        places_take(&line->places, &turn->place, consumer ? &consumer->places : &line->others,
                    loop_now_us(line->loop));
    if (!is_taken)
        deadline_touch(line->deadline);
    return is_taken;
}

void upstream_turn_leave(struct upstream_turn *turn)
{
    if (turn->place.state == PLACE_FREE)
        return;
    struct upstream_line *line = LIST_ENTRY(turn->place.places, struct upstream_line, places);
    places_leave(&turn->place);
    deadline_touch(line->deadline);
}
