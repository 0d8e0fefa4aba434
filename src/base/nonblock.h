/*
 * Sockets as all of ours are: they never wait, are not handed to programs that
 * we start, and raise no SIGPIPE where that is a socket's own matter.
 */
#ifndef BASE_NONBLOCK_H
#define BASE_NONBLOCK_H

/* A descriptor, or a negative errno of socket(2). */
int nonblock_socket(int family, int type);

/* The next connection that waits at a socket that listens. A descriptor, or a
 * negative errno of accept(2): -EAGAIN when there is none. */
int nonblock_accept(int listening);

/* Two Unix sockets that are connected to each other. 0, or a negative errno of
 * socketpair(2). */
int nonblock_pair(int type, int fds[2]);

#endif
