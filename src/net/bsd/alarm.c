/*
 * kqueue(2) with one timer: a queue is a descriptor that other queues, libuv's
 * among them, can watch. Nobody reads it. EV_ADD to a timer that is there sets
 * it anew, and what had expired with it is forgotten.
 */
#include "net/alarm.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/bsd/alarm_timer.h"

int alarm_open(void)
{
    int fd = kqueue();
    if (fd < 0)
        return -errno;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

void alarm_set(int fd, uint64_t at_us)
{
    struct kevent timer = {.ident = ALARM_TIMER, .filter = EVFILT_TIMER, .flags = EV_DELETE};
    if (at_us != TIME_NEVER)
        timer = alarm_timer_at(at_us);
    int error = kevent(fd, &timer, 1, NULL, 0, NULL);
    assert(error == 0 || at_us == TIME_NEVER); /* there may be none to delete */
    (void)error;
}
