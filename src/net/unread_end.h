/*
 * What the kernel tells of the other end of a socket that is not read.
 */
#ifndef NET_UNREAD_END_H
#define NET_UNREAD_END_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the peer has ended its direction; then so many bytes stand in front
 * of that, and no more will. False where the kernel does not answer. */
bool unread_end(int fd, size_t *unread);

#endif
