/*
 * When a busy socket is left alone for a moment, so that what comes meanwhile
 * is read together: what network cards do as interrupt moderation. A wake-up
 * costs as much as several datagrams, and on a path of 50 ms nobody notices
 * one more.
 *
 *   few reads and sends      each datagram is read as it comes
 *   many, and a long path    one look at the socket a rest
 *
 * Where the kernel joins datagrams, a read is a burst of them, and reads are
 * few. Sans-I/O; embedded in its owner.
 */
#ifndef NET_MODERATION_H
#define NET_MODERATION_H

#include <stddef.h>
#include <stdint.h>

enum {
    MODERATION_SHARE = 32,     /* a round trip has so many rests at least */
    MODERATION_LEAST_US = 200, /* less is no rest */
    MODERATION_MOST_US = 2000,
    MODERATION_BYTES = 64 << 10, /* of a rest, which have to fit the kernel's buffer:
                                    packets take some three times their size */
    MODERATION_WINDOW_US = 4000, /* of what is counted */
    MODERATION_CALLS = 5         /* reads and sends in a window: that is busy */
};

struct moderation {
    uint64_t since_us; /* the window's begin */
    uint64_t rest_us;  /* as last decided */
    size_t received;   /* bytes, in this window */
    unsigned calls;    /* the same */
};

/* So many bytes came with a read, 0 for a send. */
void moderation_note(struct moderation *m, size_t received);

/* For how long the socket, just read, may be left alone; 0: not at all. rtt_us
 * of its path, 0 where that is not known. */
uint64_t moderation_rest_us(struct moderation *m, uint64_t rtt_us, uint64_t now_us);

#endif
