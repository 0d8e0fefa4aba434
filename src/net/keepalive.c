/*
 * The kernel's probes of a silent connection, which all systems have alike.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/liveness.h"

void liveness_enable(int fd)
{
    int on = 1;
    int idle_s = LIVENESS_IDLE_S;
    int interval_s = LIVENESS_INTERVAL_S;
    int probes = LIVENESS_PROBES;
    setsockopt(fd, IPPROTO_TCP, liveness_idle_option, &idle_s, sizeof idle_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

void liveness_disable(int fd)
{
    int off = 0;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &off, sizeof off);
}
