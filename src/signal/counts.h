/*
 * What a signal server has come to so far. Figures only grow.
 */
#ifndef SIGNAL_COUNTS_H
#define SIGNAL_COUNTS_H

#include <stdint.h>

/* What somebody was refused, or dropped, for. */
enum signal_limit {
    SIGNAL_LIMIT_CONNECTIONS, /* sockets of all */
    SIGNAL_LIMIT_ADDRESS,     /* sockets of one address */
    SIGNAL_LIMIT_JOINS,       /* joins of one address */
    SIGNAL_LIMIT_ROOM,        /* members of a room */
    SIGNAL_LIMIT_RATE,        /* messages a second */
    SIGNAL_LIMIT_DATAGRAM,    /* a binary message that is none */
    SIGNAL_LIMIT_QUEUE,       /* what waits for one socket */
    SIGNAL_LIMIT_QUEUES,      /* what waits for all */
    SIGNAL_LIMIT_STUCK,       /* reads nothing */
    SIGNAL_LIMIT_SILENCE,     /* does not answer pings */
    SIGNAL_LIMIT_DESCRIPTORS, /* of the process */
    SIGNAL_LIMITS             /* how many there are */
};

/* One word, as in "rate". */
const char *signal_limit_name(enum signal_limit limit);

struct signal_counts {
    uint64_t sockets;           /* that came */
    uint64_t messages_received; /* whole ones, of text */
    uint64_t messages_sent;
    uint64_t received_bytes; /* of those */
    uint64_t sent_bytes;
    uint64_t limits[SIGNAL_LIMITS];
};

#endif
