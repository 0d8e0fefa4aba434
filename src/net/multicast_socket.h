/*
 * What multicast.c asks of a socket, and each system is asked in another way.
 */
#ifndef NET_MULTICAST_SOCKET_H
#define NET_MULTICAST_SOCKET_H

/* Of IPv4: hears the groups that it joins on the interfaces that it joins them
 * on, not what others have joined. 0, or a negative errno. */
int multicast_socket_hear_own(int fd);

/* Shares its port with other programs. 0, or a negative errno. */
int multicast_socket_share_port(int fd);

#endif
