/*
 * A socket hears no more than what it has joined in any case.
 */
#include "net/multicast_socket.h"

#include <errno.h>
#include <sys/socket.h>

int multicast_socket_set(int fd, bool shares_port)
{
    int on = 1;
    if (shares_port && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
                        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0))
        return -errno;
    return 0;
}
