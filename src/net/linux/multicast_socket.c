#include "net/multicast_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

int multicast_socket_set(int fd, bool shares_port)
{
    int on = 1, off = 0;
    if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off) < 0 ||
        (shares_port && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0))
        return -errno;
    return 0;
}
