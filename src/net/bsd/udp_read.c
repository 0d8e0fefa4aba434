/*
 * One call for each datagram, as many in a turn as several bursts have.
 */
#include <errno.h>
#include <sys/socket.h>

#include "net/loop_internal.h"
#include "net/udp_internal.h"

/* News of earlier datagrams (an ICMP unreachable) are told once, and say
 * nothing of what waits behind them. */
static bool may_go_on(int error)
{
    return error != EAGAIN && error != ENOMEM;
}

bool udp_read_some(struct udp *udp)
{
    uint8_t *buffer = loop_bursts(udp->loop);
    for (int i = 0; i < UDP_READS_PER_TURN * LOOP_BURSTS; i++) {
        struct address from = {.len = sizeof from.storage};
        ssize_t len = recvfrom(udp->fd, buffer, LOOP_BURST_LEN, 0, (struct sockaddr *)&from.storage,
                               &from.len);
        if (len < 0 && !may_go_on(errno))
            return false;
        if (len < 0)
            continue;
        moderation_note(&udp->moderation, (size_t)len);
        if (len > 0)
            udp->handlers.on_burst(span_of(buffer, (size_t)len), (size_t)len, &from, udp->arg);
        if (udp->is_closed)
            return false;
    }
    return true;
}
