/*
 * What the connections of a loop read in a turn where several have much to read
 * at once: together no more than one alone, each as much as another. How many
 * they are is told by the turn before.
 */
#ifndef NET_READ_SHARE_H
#define NET_READ_SHARE_H

#include <stddef.h>

enum { READ_SHARE_READS = 4 /* of all in a turn, or one of each */ };

struct read_share {
    unsigned before; /* how many had much to read in the turn before, */
    unsigned now;    /* and have had their part in this one */
};

/* Of a connection in this turn. */
static inline unsigned read_share_reads(const struct read_share *share)
{
    unsigned readers = share->before > 1 ? share->before : 1;
    return readers < READ_SHARE_READS ? READ_SHARE_READS / readers : 1;
}

/* Of the bytes that somebody could pass on who may not be the only one. */
static inline size_t read_share_bytes(const struct read_share *share, size_t room)
{
    size_t left = share->before > share->now ? share->before - share->now : 1;
    return room / left + (room % left > 0);
}

/* It has read, and more would have come. */
static inline void read_share_done(struct read_share *share)
{
    share->now++;
}

static inline void read_share_end_turn(struct read_share *share)
{
    share->before = share->now;
    share->now = 0;
}

#endif
