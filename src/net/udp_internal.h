/*
 * What the files of a UDP socket share, those of the system's folder among
 * them. Not for anybody else.
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

/* ---- by the system ---- */

/* Reads until there is nothing more, or this turn's share is used up: true
 * then. */
bool udp_read_some(struct udp *udp);

/* What a new socket needs: DF, buffers, IPv6 alone. All of it only makes things
 * better, and what the system has not is left away. */
void udp_set_options(int fd, int family);

/* DF, of what goes to that family. */
void udp_set_df(const struct udp *udp, const struct address *to, bool is_set);

/* Whether the kernel may join what comes. */
void udp_set_joining(const struct udp *udp, bool is_on);

/* Of what goes to the address, headers and all; 0: not known. */
int udp_route_mtu(const struct address *to);

#endif
