/*
 * timerfd_create(2).
 */
#include "net/alarm.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <sys/timerfd.h>

#include "base/clock.h"

int alarm_open(void)
{
    int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

void alarm_set(int fd, uint64_t at_us)
{
    /* All zeros would switch it off: the past is 1 ns. */
    struct itimerspec at = {0};
    if (at_us != TIME_NEVER) {
        at.it_value.tv_sec = (time_t)(at_us / US_PER_S);
        at.it_value.tv_nsec = (long)(at_us % US_PER_S * 1000) + (at_us == 0);
    }
    int error = timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL);
    assert(error == 0);
    (void)error;
}
