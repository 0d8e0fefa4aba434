/*
 * The path of a Unix socket, readable and writable for its owner alone from the
 * moment on that it is there.
 */
#ifndef NET_UNIX_SOCKET_BIND_H
#define NET_UNIX_SOCKET_BIND_H

#include "net/resolve.h"

/* 0, or a negative errno of bind(2). */
int unix_socket_bind(int fd, const struct address *address);

#endif
