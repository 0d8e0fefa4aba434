#include "net/tcp_queue.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

size_t tcp_queue_len(int fd)
{
    int len = 0;
    socklen_t size = sizeof len;
    return getsockopt(fd, SOL_SOCKET, SO_NWRITE, &len, &size) < 0 ? 0 : (size_t)len;
}

void tcp_queue_limit(int fd, int unsent)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

void tcp_queue_acknowledge(int fd)
{
    (void)fd;
}
