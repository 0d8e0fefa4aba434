/*
 * Unix sockets by their paths (unix(7)).
 */
#ifndef NET_UNIX_SOCKET_H
#define NET_UNIX_SOCKET_H

#include <stdbool.h>

#include "net/resolve.h"

/* 0, or -ENAMETOOLONG for more than the kernel takes, 107 bytes. */
int unix_socket_address(const char *path, struct address *out);

/* A listening descriptor, which nobody but this user (and root) connects to. A
 * socket that is there already and that nobody listens at is replaced. Else
 * -EADDRINUSE, also for what is no socket; -ENAMETOOLONG; an error of
 * bind(2). */
int unix_socket_listen(const char *path, int backlog);

/* Removes a socket that its process has left behind. False where there is none
 * such. */
bool unix_socket_clean(const char *path);

#endif
