/*
 * A descriptor that becomes readable at a time of clock_now_us(): what ends the
 * loop's sleep, to the microsecond.
 */
#ifndef NET_ALARM_H
#define NET_ALARM_H

#include <stdint.h>

/* A descriptor, not set; or a negative errno. Who has one closes it. */
int alarm_open(void);

/* Replaces the time; TIME_NEVER: none. Once it has come the descriptor stays
 * readable until it is set again. A time that has passed comes at once. */
void alarm_set(int fd, uint64_t at_us);

#endif
