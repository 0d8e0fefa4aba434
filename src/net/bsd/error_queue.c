/*
 * A filter for more bytes than any socket holds (NOTE_LOWAT): an end passes it
 * all the same. It would for ever, were it not for EV_CLEAR.
 */
#include "net/bsd/error_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <sys/event.h>

int error_queue_open(void)
{
    int queue = kqueue();
    if (queue < 0)
        return -errno;
    fcntl(queue, F_SETFD, FD_CLOEXEC);
    return queue;
}

void error_queue_set(int queue, int socket, bool is_on)
{
    struct kevent filter;
    unsigned short flags = is_on ? EV_ADD | EV_CLEAR : EV_DELETE;
    EV_SET(&filter, (uintptr_t)socket, EVFILT_READ, flags, NOTE_LOWAT, INT_MAX, NULL);
    kevent(queue, &filter, 1, NULL, 0, NULL); /* there may be none to delete */
}

bool error_queue_read(int queue)
{
    const struct timespec now = {0};
    struct kevent event;
    return kevent(queue, NULL, 0, &event, 1, &now) > 0;
}
