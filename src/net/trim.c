#include "net/trim.h"

static void set_timer(struct trim *trim, uint64_t now_us)
{
    trim->is_asked_again = false;
    timers_start(trim->timers, &trim->timer, now_us + TRIM_QUIET_US);
}

static void on_timer(void *arg)
{
    struct trim *trim = arg;
    uint64_t now_us = trim->clock();
    if (trim->is_asked_again && now_us - trim->first_asked_us < TRIM_MOST_US) {
        set_timer(trim, now_us);
        return;
    }
    trim->is_asked = false;
    trim->act();
}

void trim_init(struct trim *trim, struct timers *timers, uint64_t (*clock)(void), void (*act)(void))
{
    *trim = (struct trim){.timers = timers, .clock = clock, .act = act};
    timer_node_init(&trim->timer, on_timer, trim);
}

void trim_deinit(struct trim *trim)
{
    timers_stop(trim->timers, &trim->timer);
}

/* Of a bulk transfer it is called some hundred times a second: the clock is
 * looked at, and the timer set, once a second. */
void trim_ask(struct trim *trim)
{
    if (trim->is_asked) {
        trim->is_asked_again = true;
        return;
    }
    trim->is_asked = true;
    trim->first_asked_us = trim->clock();
    set_timer(trim, trim->first_asked_us);
}
