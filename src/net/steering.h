/*
 * Which of the sockets that share a port (SO_REUSEPORT) gets a connection: a
 * filter in the kernel picks it by where that comes from. So one process sees
 * all that an address does, and can hold it to its limits by itself.
 */
#ifndef NET_STEERING_H
#define NET_STEERING_H

#include <stdint.h>

/* For all that share a port with fd, of which there are count, in the order of
 * their listen(2): from now on each gets all from an IPv4 address or an
 * IPv6 /48. 0, or an errno of setsockopt(2), negative;
 * -EOPNOTSUPP where the system has no such filter. */
int steer_by_source(int fd, uint32_t count);

#endif
