/*
 * What has come in is kept, and the decision follows from that alone: two
 * events in one turn need no order.
 */
#include "rtc/path_choice.h"

void path_choice_init(struct path_choice *c)
{
    *c = (struct path_choice){.begun_us = TIME_NEVER, .alone_us = TIME_NEVER};
}

void path_choice_begin(struct path_choice *c, uint64_t now_us)
{
    c->begun_us = now_us;
}

void path_choice_on_direct(struct path_choice *c, enum direct direct, uint64_t now_us)
{
    if (direct == DIRECT_WORKS && c->direct != DIRECT_WORKS)
        c->works_us = now_us;
    c->direct = direct;
}

void path_choice_on_relay(struct path_choice *c, bool has_relay)
{
    c->has_relay = has_relay;
}

void path_choice_on_relayed(struct path_choice *c, bool has_direct, uint64_t now_us)
{
    if (has_direct)
        c->follow_until_us = 0;
    if (has_direct || c->alone_us == TIME_NEVER)
        c->alone_us = now_us;
    else if (c->way == WAY_DIRECT && now_us - c->alone_us >= CHOICE_FOLLOW_US)
        c->follow_until_us = now_us + CHOICE_FOLLOW_MOST_US;
}

static uint64_t relay_due_us(const struct path_choice *c)
{
    if (c->direct != DIRECT_SOUGHT)
        return 0;
    return c->begun_us == TIME_NEVER ? TIME_NEVER : c->begun_us + CHOICE_RELAY_US;
}

static uint64_t direct_due_us(const struct path_choice *c)
{
    uint64_t held_us = c->way == WAY_RELAY ? c->works_us + c->hold_us : 0;
    return held_us > c->follow_until_us ? held_us : c->follow_until_us;
}

/* The direct way is left. */
static void hold(struct path_choice *c, uint64_t now_us)
{
    bool was_calm = now_us - c->taken_us > CHOICE_CALM_US;
    if (was_calm)
        c->hold_us = 0;
    else if (c->hold_us == 0)
        c->hold_us = CHOICE_HOLD_FIRST_US;
    else
        c->hold_us = c->hold_us < CHOICE_HOLD_MOST_US / 2 ? 2 * c->hold_us : CHOICE_HOLD_MOST_US;
}

enum way path_choice_decide(struct path_choice *c, uint64_t now_us)
{
    enum way before = c->way;
    if (c->direct == DIRECT_WORKS && (!c->has_relay || now_us >= direct_due_us(c)))
        c->way = WAY_DIRECT;
    else if (c->has_relay && (c->way == WAY_RELAY || now_us >= relay_due_us(c)))
        c->way = WAY_RELAY;
    else
        c->way = c->direct == DIRECT_SILENT ? WAY_DIRECT : WAY_NONE;
    if (before == WAY_DIRECT && c->way == WAY_RELAY)
        hold(c, now_us);
    if (before != WAY_DIRECT && c->way == WAY_DIRECT) {
        c->taken_us = now_us;
        c->alone_us = TIME_NEVER;
    }
    return c->way;
}

uint64_t path_choice_deadline_us(const struct path_choice *c)
{
    if (!c->has_relay)
        return TIME_NEVER;
    if (c->way == WAY_RELAY)
        return c->direct == DIRECT_WORKS ? direct_due_us(c) : TIME_NEVER;
    return c->way == WAY_NONE ? relay_due_us(c) : TIME_NEVER;
}
