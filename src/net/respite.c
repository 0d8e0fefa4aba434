#include "net/respite.h"

#include <stdbool.h>

void respite_on_event(struct respite *respite)
{
    respite->events++;
}

void respite_on_patience(struct respite *respite)
{
    respite->patient += respite->last != respite->events;
    respite->last = respite->events;
}

uint64_t respite_end_turn(struct respite *respite, uint64_t began_us)
{
    bool can_wait = respite->patient > 0 && respite->patient == respite->events;
    bool are_many = respite->patient > 1 || began_us - respite->began_us <= 2 * RESPITE_US;
    uint64_t rest_us = can_wait && are_many ? RESPITE_US : 0;
    *respite = (struct respite){.began_us = can_wait ? began_us : 0};
    return rest_us;
}
