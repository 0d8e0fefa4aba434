/*
 * UDP_GRO and recvmmsg(2). The kernel joins datagrams of one sender into a
 * burst, where it gets them together; a TUN device and many a Wi-Fi give it one
 * by one. So a call takes several bursts, each of any size. Where they were
 * joined it takes one, which is then opened while it is in the processor's
 * cache.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "net/loop_internal.h"
#include "net/udp_internal.h"

enum { JOINED_LEAST = 16 << 10 /* more than a datagram has, or than a few */ };

/* The size that the kernel joined datagrams of, or the whole of one. */
static size_t segment_of(struct msghdr *message, size_t len)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
            int size;
            memcpy(&size, CMSG_DATA(c), sizeof size);
            if (size > 0)
                return (size_t)size;
        }
    }
    return len;
}

/* News of earlier datagrams (an ICMP unreachable) are told once, and say
 * nothing of what waits behind them. */
static bool may_go_on(int error)
{
    return error != EAGAIN && error != ENOMEM;
}

struct batch {
    struct mmsghdr messages[LOOP_BURSTS];
    struct iovec parts[LOOP_BURSTS];
    struct address from[LOOP_BURSTS];
    char control[LOOP_BURSTS][CMSG_SPACE(sizeof(int))];
};

static void prepare(struct batch *b, uint8_t *buffer, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct address *sender = &b->from[i];
        b->parts[i] = (struct iovec){buffer + i * LOOP_BURST_LEN, LOOP_BURST_LEN};
        b->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &sender->storage,
            .msg_namelen = sizeof sender->storage,
            .msg_iov = &b->parts[i],
            .msg_iovlen = 1,
            .msg_control = b->control[i],
            .msg_controllen = sizeof b->control[i],
        };
    }
}

static void hand_out(struct udp *udp, struct batch *b, size_t i)
{
    size_t len = b->messages[i].msg_len;
    struct msghdr *message = &b->messages[i].msg_hdr;
    moderation_note(&udp->moderation, len);
    b->from[i].len = message->msg_namelen;
    if (len > 0)
        udp->handlers.on_burst(span_of(b->parts[i].iov_base, len), segment_of(message, len),
                               &b->from[i], udp->arg);
}

/* One call. False when there is nothing more to read now. */
static bool read_batch(struct udp *udp)
{
    struct batch batch;
    int wanted = udp->is_joined ? 1 : LOOP_BURSTS;
    prepare(&batch, loop_bursts(udp->loop), (size_t)wanted);
    int count = recvmmsg(udp->fd, batch.messages, (unsigned)wanted, 0, NULL);
    if (count < 0)
        return may_go_on(errno);
    for (int i = 0; i < count && !udp->is_closed; i++)
        hand_out(udp, &batch, (size_t)i);
    udp->is_joined = count > 0 && batch.messages[count - 1].msg_len > JOINED_LEAST;
    return count == wanted;
}

bool udp_read_some(struct udp *udp)
{
    for (int i = 0; i < UDP_READS_PER_TURN; i++) {
        if (!read_batch(udp) || udp->is_closed)
            return false;
    }
    return true;
}
