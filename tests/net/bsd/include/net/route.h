/*
 * As much of route(4) as net/bsd/route_message.c looks at, for systems that
 * have another header of that name. In the shape of FreeBSD's on machines of 64
 * bits.
 */
#ifndef TESTS_NET_BSD_ROUTE_H
#define TESTS_NET_BSD_ROUTE_H

#include <stdint.h>
#include <sys/types.h>

struct rt_msghdr {
    uint16_t rtm_msglen;
    uint8_t rtm_version;
    uint8_t rtm_type;
    uint16_t rtm_index;
    uint16_t rtm_spare;
    int rtm_flags;
    int rtm_addrs;
    pid_t rtm_pid;
    int rtm_seq;
    int rtm_errno;
    int rtm_fmask;
    uint64_t rtm_inits;
    uint64_t rtm_metrics[14];
};

enum { RTM_VERSION = 5, RTF_HOST = 0x4 };
enum { RTA_DST = 0x1, RTA_GATEWAY = 0x2, RTA_NETMASK = 0x4 };
enum {
    RTM_ADD = 0x1,
    RTM_DELETE = 0x2,
    RTM_CHANGE = 0x3,
    RTM_GET = 0x4,
    RTM_NEWADDR = 0xc,
    RTM_DELADDR = 0xd,
    RTM_IFINFO = 0xe,
    RTM_NEWMADDR = 0xf
};

#endif
