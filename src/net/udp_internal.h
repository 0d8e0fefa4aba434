/*
 * What udp.c and udp_receive.c share. Not for anybody else.
 */
#ifndef NET_UDP_INTERNAL_H
#define NET_UDP_INTERNAL_H

#include <stdbool.h>

#include "net/moderation.h"
#include "net/udp.h"

struct udp {
    struct loop *loop;
    struct fd_watch *watch;
    struct turn_hook *hook; /* while it rests, else NULL: each turn looks at the socket */
    struct timer *rest;     /* the turn that does at the latest */
    struct moderation moderation;
    struct udp_handlers handlers;
    void *arg;
    int fd;
    /* Until the kernel says no. */
    bool has_segmentation;
    bool has_batches;
    bool is_joined; /* what came last */
    bool is_closed;
};

/* Watches the socket from now on, and no more. */
void udp_start_receiving(struct udp *udp);
void udp_stop_receiving(struct udp *udp);

#endif
