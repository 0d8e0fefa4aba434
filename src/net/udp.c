/*
 * The socket, its options and what it sends. Receiving is in udp_receive.c.
 */
#include "net/udp_internal.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/loop_internal.h"

enum {
    IPV4_HEADERS_LEN = 20 + 8, /* with that of UDP */
    IPV6_HEADERS_LEN = 40 + 8,
    IPV4_LEAST_MTU = 576,  /* what every host takes (RFC 791) */
    IPV6_LEAST_MTU = 1280, /* RFC 8200 section 5 */
    UNKNOWN_MTU = 1280
};

/* --- options -------------------------------------------------------------- */

/* All options only make things faster. False when the kernel has it not. */
static bool set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/* The plain size is clipped by the system's limits; as root we may pass
 * them. */
static void set_buffer(int fd, int plain, int forced)
{
    int size = UDP_SOCKET_BUFFER;
    if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof size) < 0)
        set_option(fd, SOL_SOCKET, plain, size);
}

static void set_options(int fd, int family)
{
    if (family == AF_INET6) {
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    } else {
        set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    }
    set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE);
    set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE);
}

/* --- sending -------------------------------------------------------------- */

static int send_message(struct udp *udp, struct span bytes, size_t segment,
                        const struct address *to)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } control = {0};
    struct iovec part = {(void *)(uintptr_t)bytes.data, bytes.len};
    struct msghdr message = {
        .msg_name = (void *)(uintptr_t)&to->storage,
        .msg_namelen = to->len,
        .msg_iov = &part,
        .msg_iovlen = 1,
    };
    if (segment < bytes.len) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = IPPROTO_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        uint16_t size = (uint16_t)segment;
        memcpy(CMSG_DATA(c), &size, sizeof size);
    }
    ssize_t len;
    do
        len = sendmsg(udp->fd, &message, 0);
    while (len < 0 && errno == EINTR);
    return len < 0 ? -errno : 0;
}

static int send_one_by_one(struct udp *udp, struct span bytes, size_t segment,
                           const struct address *to)
{
    while (bytes.len > 0) {
        size_t len = bytes.len < segment ? bytes.len : segment;
        int error = send_message(udp, span_of(bytes.data, len), len, to);
        if (error)
            return error;
        bytes = span_skip(bytes, len);
    }
    return 0;
}

/* The burst cut here, in one call as long as the kernel has room. */
static int send_batch(struct udp *udp, struct span bytes, size_t segment, const struct address *to)
{
    struct iovec parts[UDP_BURST_MAX];
    struct mmsghdr messages[UDP_BURST_MAX] = {0};
    unsigned count = 0;
    if (!udp->has_batches)
        return send_one_by_one(udp, bytes, segment, to);
    for (struct span rest = bytes; rest.len > 0; count++) {
        size_t len = rest.len < segment ? rest.len : segment;
        parts[count] = (struct iovec){(void *)(uintptr_t)rest.data, len};
        messages[count].msg_hdr = (struct msghdr){
            .msg_name = (void *)(uintptr_t)&to->storage,
            .msg_namelen = to->len,
            .msg_iov = &parts[count],
            .msg_iovlen = 1,
        };
        rest = span_skip(rest, len);
    }
    for (unsigned sent = 0; sent < count;) {
        int now = sendmmsg(udp->fd, messages + sent, count - sent, 0);
        if (now < 0 && errno == ENOSYS) {
            udp->has_batches = false;
            return send_one_by_one(udp, span_skip(bytes, sent * segment), segment, to);
        }
        if (now < 0 && errno != EINTR)
            return -errno;
        sent += now > 0 ? (unsigned)now : 0;
    }
    return 0;
}

/* What a kernel or a device without segmentation offload says. */
static bool is_refusal(int error)
{
    return error == -EIO || error == -EINVAL || error == -EOPNOTSUPP || error == -ENOPROTOOPT;
}

int udp_send(struct udp *udp, struct span bytes, size_t segment, const struct address *to)
{
    assert(segment > 0 && bytes.len <= UDP_BURST_BYTES);
    assert(bytes.len <= segment * UDP_BURST_MAX);
    int error;
    moderation_note(&udp->moderation, 0);
    if (udp->has_segmentation || bytes.len <= segment) {
        error = send_message(udp, bytes, segment, to);
        if (bytes.len > segment && is_refusal(error)) {
            error = send_batch(udp, bytes, segment, to);
            /* Where one alone passes it was not their size. */
            udp->has_segmentation = error != 0;
        }
    } else {
        error = send_batch(udp, bytes, segment, to);
    }
    return error == -ENOBUFS ? -EAGAIN : error;
}

static void set_df(const struct udp *udp, const struct address *to, bool is_set)
{
    if (to->storage.ss_family == AF_INET6)
        set_option(udp->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
                   is_set ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DONT);
    else
        set_option(udp->fd, IPPROTO_IP, IP_MTU_DISCOVER,
                   is_set ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT);
}

int udp_send_in_fragments(struct udp *udp, struct span bytes, size_t segment,
                          const struct address *to)
{
    set_df(udp, to, false);
    int error = send_batch(udp, bytes, segment, to);
    set_df(udp, to, true);
    return error == -ENOBUFS ? -EAGAIN : error;
}

/* --- the route ------------------------------------------------------------ */

size_t udp_route_max(const struct address *to)
{
    bool is_v6 = to->storage.ss_family == AF_INET6;
    size_t headers = is_v6 ? IPV6_HEADERS_LEN : IPV4_HEADERS_LEN;
    int least = is_v6 ? IPV6_LEAST_MTU : IPV4_LEAST_MTU;
    int mtu = UNKNOWN_MTU;
    int fd = socket(to->storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        socklen_t len = sizeof mtu;
        if (connect(fd, (const struct sockaddr *)&to->storage, to->len) < 0 ||
            getsockopt(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_MTU : IP_MTU, &mtu,
                       &len) < 0)
            mtu = UNKNOWN_MTU;
        close(fd);
    }
    return (size_t)(mtu < least ? least : mtu) - headers;
}

/* --- the socket ----------------------------------------------------------- */

int udp_new(struct loop *loop, const struct address *local, const struct udp_handlers *handlers,
            void *arg, struct udp **out)
{
    int family = local->storage.ss_family;
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    set_options(fd, family);
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
    set_option(fd, IPPROTO_UDP, UDP_GRO, 1);
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
    set_option(udp->fd, IPPROTO_UDP, UDP_GRO, 0);
    udp->has_segmentation = false;
}

/* Unlike SO_BINDTODEVICE these need no privilege to be taken back, and let in
 * what comes by any interface. */
void udp_pin(const struct udp *udp, unsigned interface_index)
{
    int index = (int)htonl(interface_index);
    set_option(udp->fd, IPPROTO_IP, IP_UNICAST_IF, index);
    set_option(udp->fd, IPPROTO_IPV6, IPV6_UNICAST_IF, index); /* of an IPv4 socket: refused */
}

void udp_local_address(const struct udp *udp, struct address *out)
{
    *out = (struct address){.len = sizeof out->storage};
    if (getsockname(udp->fd, (struct sockaddr *)&out->storage, &out->len) < 0)
        *out = (struct address){0};
}
