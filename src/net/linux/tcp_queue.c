#include "net/tcp_queue.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

size_t tcp_queue_len(int fd)
{
    int len = 0;
    return ioctl(fd, SIOCOUTQ, &len) < 0 ? 0 : (size_t)len;
}

void tcp_queue_limit(int fd, int unsent)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

void tcp_queue_acknowledge(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
}
