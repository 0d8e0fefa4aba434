/*
 * A filter for room to write is told of the end as well. With EV_CLEAR it tells
 * of room only when that changes.
 */
#include "net/reader_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <sys/event.h>

int reader_queue_open(int fd)
{
    struct kevent filter;
    int queue = kqueue();
    if (queue < 0)
        return -errno;
    fcntl(queue, F_SETFD, FD_CLOEXEC);
    EV_SET(&filter, (uintptr_t)fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 0, NULL);
    if (kevent(queue, &filter, 1, NULL, 0, NULL) == 0)
        return queue;
    int error = -errno;
    close(queue);
    return error;
}

bool reader_queue_is_gone(int queue)
{
    const struct timespec now = {0};
    struct kevent event;
    return kevent(queue, NULL, 0, &event, 1, &now) > 0 && (event.flags & EV_EOF) != 0;
}
