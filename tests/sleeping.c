#include "sleeping.h"

#include <stdint.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static struct {
    uint64_t slept_us;
    clockid_t alarm_clock;
    int alarm_fd;
    struct itimerspec alarm;
} kernel;

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int error = (int)syscall(SYS_clock_gettime, clock, out);
    if (clock == CLOCK_BOOTTIME)
        out->tv_sec += (time_t)(kernel.slept_us / US_PER_S);
    return error;
}

int timerfd_create(clockid_t clock, int flags)
{
    kernel.alarm_clock = clock;
    return (int)syscall(SYS_timerfd_create, clock, flags);
}

/* The kernel below has not slept: what is due after a sleep is due sooner. */
int timerfd_settime(int fd, int flags, const struct itimerspec *at, struct itimerspec *before)
{
    struct itimerspec real = *at;
    kernel.alarm_fd = fd;
    kernel.alarm = *at;
    if (kernel.alarm_clock == CLOCK_BOOTTIME && (at->it_value.tv_sec || at->it_value.tv_nsec)) {
        real.it_value.tv_sec -= (time_t)(kernel.slept_us / US_PER_S);
        if (real.it_value.tv_sec < 0)
            real.it_value = (struct timespec){.tv_nsec = 1};
    }
    return (int)syscall(SYS_timerfd_settime, fd, flags, &real, before);
}

void machine_sleeps(unsigned seconds)
{
    kernel.slept_us += seconds * US_PER_S;
    if (kernel.alarm.it_value.tv_sec || kernel.alarm.it_value.tv_nsec) {
        struct itimerspec at = kernel.alarm;
        timerfd_settime(kernel.alarm_fd, TFD_TIMER_ABSTIME, &at, NULL);
    }
}

void machine_forgets_sleep(void)
{
    kernel.slept_us = 0;
    kernel.alarm = (struct itimerspec){0};
}
