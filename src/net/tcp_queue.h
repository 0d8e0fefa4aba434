/*
 * What the kernel has of what a TCP connection is to send, and when it tells
 * the other end of what has come.
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

/* What has come is acknowledged now, and what follows as soon as it is read,
 * until something is sent: a peer with Nagle's algorithm (RFC 1122 section
 * 4.2.3.4) keeps the rest for so long. Nothing where that cannot be asked. */
void tcp_queue_acknowledge(int fd);

#endif
