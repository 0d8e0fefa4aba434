/*
 * What the kernel has of what a TCP connection is to send.
 */
#ifndef NET_TCP_QUEUE_H
#define NET_TCP_QUEUE_H

#include <stddef.h>

/* Bytes that were sent and not acknowledged, or not even sent; 0 where the
 * kernel does not tell. */
size_t tcp_queue_len(int fd);

/* Takes no more than so many bytes beyond those that the other end lets it
 * send. Nothing where it has no such limit. */
void tcp_queue_limit(int fd, int unsent);

#endif
