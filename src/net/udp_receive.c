/*
 * Each look reads until the kernel is empty or the turn's share is used up;
 * handlers run under it, from buffers that the loop's sockets share.
 *
 * The kernel joins datagrams of one sender into a burst (UDP_GRO), where it
 * gets them together; a TUN device and many a Wi-Fi give it one by one. So a
 * call takes several bursts, each of any size. Where they were joined it takes
 * one, which is then opened while it is in the processor's cache.
 *
 * A socket that is busy on a long path is not watched but looked at: by a
 * timer, and in each turn that comes for something else, such as to send.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "base/clock.h"
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

/* True when there is more. */
static bool read_some(struct udp *udp)
{
    for (int i = 0; i < UDP_READS_PER_TURN; i++) {
        if (!read_batch(udp) || udp->is_closed)
            return false;
    }
    return true;
}

static void look(void *arg);

/* In a turn that came for something else, or for the timer. */
static void on_turn(void *arg)
{
    struct udp *udp = arg;
    loop_begin_events(udp->loop);
    if (!udp->is_closed)
        look(udp);
}

static void set_resting(struct udp *udp, bool is_resting)
{
    if (is_resting == (udp->hook != NULL))
        return;
    fd_watch_set_events(udp->watch, is_resting ? 0 : FD_READABLE);
    if (is_resting) {
        udp->hook = turn_hook_new(udp->loop, NULL, on_turn, udp);
    } else {
        turn_hook_free(udp->hook);
        udp->hook = NULL;
    }
}

static void look(void *arg)
{
    struct udp *udp = arg;
    bool has_more = read_some(udp);
    if (udp->is_closed || !udp->handlers.rtt_us)
        return;
    uint64_t now_us = clock_now_us();
    uint64_t rtt_us = udp->handlers.rtt_us(udp->arg);
    uint64_t rest_us = moderation_rest_us(&udp->moderation, rtt_us, now_us);
    set_resting(udp, rest_us > 0);
    if (rest_us > 0)
        timer_start_at(udp->rest, has_more ? now_us : now_us + rest_us);
    else
        timer_stop(udp->rest);
}

static void on_ready(int events, void *arg)
{
    (void)events;
    look(arg);
}

void udp_start_receiving(struct udp *udp)
{
    udp->watch = fd_watch_new(udp->loop, udp->fd, FD_READABLE, on_ready, udp);
    udp->rest = timer_new(udp->loop, look, udp);
}

void udp_stop_receiving(struct udp *udp)
{
    fd_watch_free(udp->watch);
    turn_hook_free(udp->hook);
    timer_free(udp->rest);
}
