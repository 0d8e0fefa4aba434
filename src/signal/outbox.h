/*
 * What waits for each socket, and for all of them together, and since when it
 * does not move. Pure: it is told of lengths and of the time.
 *
 * A socket that reads nothing costs what waits for it. One alone is bounded by
 * its own maximum; but ten thousand of them, each below it, are gigabytes.
 */
#ifndef SIGNAL_OUTBOX_H
#define SIGNAL_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty one. */
struct outbox {
    size_t len; /* when it was last looked at */
    uint64_t moved_at_us;
};

/* How much waits now. To be told before and behind each message that is put
 * in, and now and then: so a length below the last one means that some was
 * taken. total is the sum over all outboxes. */
static inline void outbox_look(struct outbox *outbox, size_t *total, size_t len, uint64_t now_us)
{
    if (outbox->len == 0 || len < outbox->len)
        outbox->moved_at_us = now_us;
    *total += len - outbox->len;
    outbox->len = len;
}

/* For how long nothing of it was taken; 0 when it is empty, or moved behind the
 * now of a caller that looks at many. */
static inline uint64_t outbox_stuck_us(const struct outbox *outbox, uint64_t now_us)
{
    bool is_stuck = outbox->len > 0 && now_us > outbox->moved_at_us;
    return is_stuck ? now_us - outbox->moved_at_us : 0;
}

#endif
