/*
 * One call for each datagram: nothing here takes a burst.
 */
#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

#include "net/udp_internal.h"

static int send_one(const struct udp *udp, struct span bytes, const struct address *to)
{
    ssize_t len;
    do
        len = sendto(udp->fd, bytes.data, bytes.len, 0, (const struct sockaddr *)&to->storage,
                     to->len);
    while (len < 0 && errno == EINTR);
    return len < 0 ? -errno : 0;
}

static int send_all(const struct udp *udp, struct span bytes, size_t segment,
                    const struct address *to)
{
    int error = 0;
    do {
        size_t len = bytes.len < segment ? bytes.len : segment;
        error = send_one(udp, span_of(bytes.data, len), to);
        bytes = span_skip(bytes, len);
    } while (error == 0 && bytes.len > 0);
    return error == -ENOBUFS ? -EAGAIN : error;
}

int udp_send(struct udp *udp, struct span bytes, size_t segment, const struct address *to)
{
    assert(segment > 0 && bytes.len <= UDP_BURST_BYTES);
    assert(bytes.len <= segment * UDP_BURST_MAX);
    moderation_note(&udp->moderation, 0);
    return send_all(udp, bytes, segment, to);
}

int udp_send_in_fragments(struct udp *udp, struct span bytes, size_t segment,
                          const struct address *to)
{
    udp_set_df(udp, to, false);
    int error = send_all(udp, bytes, segment, to);
    udp_set_df(udp, to, true);
    return error;
}
