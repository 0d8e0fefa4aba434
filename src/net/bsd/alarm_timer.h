/*
 * What the systems with kqueue have each in its own way of a timer.
 */
#ifndef NET_BSD_ALARM_TIMER_H
#define NET_BSD_ALARM_TIMER_H

#include <stdint.h>
#include <sys/types.h>

#include <sys/event.h>

enum { ALARM_TIMER = 1 /* its ident */ };

/* The change that sets the alarm's timer, once, to a time of clock_now_us()
 * that is not TIME_NEVER. */
struct kevent alarm_timer_at(uint64_t at_us);

#endif
