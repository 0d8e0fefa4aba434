#include "net/multicast_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

int multicast_socket_hear_own(int fd)
{
    int off = 0;
    return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off) < 0 ? -errno : 0;
}

int multicast_socket_share_port(int fd)
{
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ? -errno : 0;
}
