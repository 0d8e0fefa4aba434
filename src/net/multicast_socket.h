/*
 * What multicast.c asks of a socket, and each system is asked in another way.
 */
#ifndef NET_MULTICAST_SOCKET_H
#define NET_MULTICAST_SOCKET_H

#include <stdbool.h>

/* Hears the groups that it joins on the interfaces that it joins them on, not
 * what others have joined; shares its port with other programs, or does not.
 * 0, or a negative errno. */
int multicast_socket_set(int fd, bool shares_port);

#endif
