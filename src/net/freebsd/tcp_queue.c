/*
 * FIONWRITE; there is no TCP_NOTSENT_LOWAT.
 */
#include "net/tcp_queue.h"

#include <sys/filio.h>
#include <sys/ioctl.h>

size_t tcp_queue_len(int fd)
{
    int len = 0;
    return ioctl(fd, FIONWRITE, &len) < 0 ? 0 : (size_t)len;
}

void tcp_queue_limit(int fd, int unsent)
{
    (void)fd, (void)unsent;
}

void tcp_queue_acknowledge(int fd)
{
    (void)fd;
}
