/*
 * A socket hears no more than what it has joined in any case.
 */
#include "net/multicast_socket.h"

#include <errno.h>
#include <sys/socket.h>

int multicast_socket_hear_own(int fd)
{
    (void)fd;
    return 0;
}

int multicast_socket_share_port(int fd)
{
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
        return -errno;
    return 0;
}
