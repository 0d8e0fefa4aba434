/*
 * Checks that are under way at the same time: when the last has ended, there is
 * nothing more to wait for.
 */
#ifndef CLI_DOCTOR_WAIT_H
#define CLI_DOCTOR_WAIT_H

#include "net/loop.h"

struct doctor_wait {
    struct loop *loop;
    int pending;
};

/* One begins: doctor_wait_end() is its on_done, with the wait as arg. One may
 * begin under another, which has not ended yet. */
static inline void doctor_wait_begin(struct doctor_wait *wait)
{
    wait->pending++;
}

static inline void doctor_wait_end(void *arg)
{
    struct doctor_wait *wait = arg;
    if (wait->pending > 0 && --wait->pending == 0)
        loop_stop(wait->loop);
}

#endif
