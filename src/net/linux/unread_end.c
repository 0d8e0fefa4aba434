#include "net/unread_end.h"

#include <poll.h>
#include <sys/ioctl.h>

bool unread_end(int fd, size_t *unread)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};
    int len = 0;
    if (poll(&p, 1, 0) <= 0 || !(p.revents & POLLRDHUP) || ioctl(fd, FIONREAD, &len) < 0)
        return false;
    *unread = (size_t)len;
    return true;
}
