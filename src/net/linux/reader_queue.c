/*
 * epoll tells of errors and of hang-ups, whatever it is asked for.
 */
#include "net/reader_queue.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

int reader_queue_open(int fd)
{
    struct epoll_event nothing = {0};
    int queue = epoll_create1(EPOLL_CLOEXEC);
    if (queue < 0)
        return -errno;
    if (epoll_ctl(queue, EPOLL_CTL_ADD, fd, &nothing) == 0)
        return queue;
    int error = -errno;
    close(queue);
    return error;
}

bool reader_queue_is_gone(int queue)
{
    struct epoll_event event;
    return epoll_wait(queue, &event, 1, 0) > 0;
}
