/*
 * UDP_SEGMENT: the kernel, or the network card, cuts. Without it sendmmsg(2),
 * and without that sendmsg(2) one by one.
 */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "net/udp_internal.h"

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

int udp_send_in_fragments(struct udp *udp, struct span bytes, size_t segment,
                          const struct address *to)
{
    udp_set_df(udp, to, false);
    int error = send_batch(udp, bytes, segment, to);
    udp_set_df(udp, to, true);
    return error == -ENOBUFS ? -EAGAIN : error;
}
