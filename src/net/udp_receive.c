/*
 * Each look reads until the kernel is empty or the turn's share is used up;
 * handlers run under it, from buffers that the loop's sockets share.
 *
 * A socket that is busy on a long path is not watched but looked at: by a
 * timer, and in each turn that comes for something else, such as to send.
 */
#include "base/clock.h"
#include "net/loop_internal.h"
#include "net/udp_internal.h"

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
    bool has_more = udp_read_some(udp);
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
