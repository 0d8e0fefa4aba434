/*
 * The socket. When it is read, says udp_receive.c; how its bursts are sent and
 * read, and what its options are, the system's udp_send.c, udp_read.c and
 * udp_options.c.
 */
#include "net/udp_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/nonblock.h"
#include "net/loop_internal.h"

enum {
    IPV4_HEADERS_LEN = 20 + 8, /* with that of UDP */
    IPV6_HEADERS_LEN = 40 + 8,
    IPV4_LEAST_MTU = 576,  /* what every host takes (RFC 791) */
    IPV6_LEAST_MTU = 1280, /* RFC 8200 section 5 */
    UNKNOWN_MTU = 1280
};

int udp_new(struct loop *loop, const struct address *local, const struct udp_handlers *handlers,
            void *arg, struct udp **out)
{
    int family = local->storage.ss_family;
    int fd = nonblock_socket(family, SOCK_DGRAM);
    if (fd < 0)
        return fd;
    udp_set_options(fd, family);
    if (bind(fd, (const struct sockaddr *)&local->storage, local->len) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    struct udp *udp = xcalloc(1, sizeof *udp);
    udp->loop = loop;
    udp->handlers = *handlers;
    udp->arg = arg;
    udp->fd = fd;
    udp_set_joining(udp, true);
    udp->has_segmentation = true;
    udp->has_batches = true;
    udp_start_receiving(udp);
    *out = udp;
    return 0;
}

void udp_close(struct udp *udp)
{
    udp->is_closed = true;
    udp_stop_receiving(udp);
    close(udp->fd);
    loop_defer(udp->loop, free, udp);
}

void udp_forgo_offload(struct udp *udp)
{
    udp_set_joining(udp, false);
    udp->has_segmentation = false;
}

void udp_local_address(const struct udp *udp, struct address *out)
{
    *out = (struct address){.len = sizeof out->storage};
    if (getsockname(udp->fd, (struct sockaddr *)&out->storage, &out->len) < 0)
        *out = (struct address){0};
}

size_t udp_route_max(const struct address *to)
{
    bool is_v6 = to->storage.ss_family == AF_INET6;
    int headers = is_v6 ? IPV6_HEADERS_LEN : IPV4_HEADERS_LEN;
    int least = is_v6 ? IPV6_LEAST_MTU : IPV4_LEAST_MTU;
    int mtu = udp_route_mtu(to);
    if (mtu <= 0)
        mtu = UNKNOWN_MTU;
    return (size_t)((mtu < least ? least : mtu) - headers);
}
