/*
 * An older way than getifaddrs(3) to the interfaces of IPv4, for where that is
 * refused.
 */
#ifndef NET_INTERFACE_ROWS_H
#define NET_INTERFACE_ROWS_H

#include <net/if.h>
#include <netinet/in.h>

struct interface_row {
    char name[IF_NAMESIZE];
    struct sockaddr_in address;
    unsigned flags; /* IFF_… */
};

/* How many; 0 where there is no such way. */
int interface_rows(struct interface_row *out, int max);

#endif
