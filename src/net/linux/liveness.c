/*
 * The kernel keeps the time of the last acknowledgement. While bytes are in
 * flight, that is how long the peer has been silent. While the peer's window is
 * closed nothing is in flight, and what is sent are probes, ever further apart
 * (up to 2 minutes): then silence alone says nothing, but several probes
 * without an answer do.
 */
#include "net/liveness.h"

#include <linux/tcp.h> /* not netinet/tcp.h, whose tcp_info ends too early */
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

const int liveness_idle_option = TCP_KEEPIDLE;

enum liveness liveness_of(const struct tcp_info *info)
{
    if (info->tcpi_unacked == 0 && info->tcpi_notsent_bytes == 0)
        return LIVENESS_QUIET;
    bool is_silent = info->tcpi_last_ack_recv >= LIVENESS_LOST_S * 1000u;
    bool is_asked = info->tcpi_unacked > 0 || info->tcpi_probes >= LIVENESS_PROBES;
    return is_silent && is_asked ? LIVENESS_LOST : LIVENESS_WAITING;
}

enum liveness liveness_ask(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
        return LIVENESS_QUIET;
    return liveness_of(&info);
}
