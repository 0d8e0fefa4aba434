/*
 * The parent of several worker processes: it forks them, starts another one in
 * the place of each that dies, and passes signals on. It has no loop and no
 * thread, so what it forks is a copy of nothing but settings.
 */
#ifndef CLI_WORKER_PARENT_H
#define CLI_WORKER_PARENT_H

#include <stdbool.h>

#include "cli/service.h"

struct worker_parent {
    int count;
    /* A worker's whole life, in its own process; returns its exit status. The
     * lifeline is a pipe that is at its end when the parent is. Signals wait
     * until worker_take_signals(). */
    int (*run)(int index, int lifeline, void *arg);
    /* In the parent: that one has died, and another is about to be started. */
    void (*on_death)(int index, void *arg);
    /* In the parent, once it takes signals and workers have been started. */
    void (*on_start)(void *arg);
    /* In the parent, before a SIGHUP goes to the workers; NULL is allowed. What
     * workers read again, those that replace them have from here. */
    void (*on_hangup)(void *arg);
    void *arg;
    bool reads_again;        /* SIGHUP goes to the workers, which go on; else it ends all */
    struct service *service; /* told that we live, and of the end */
};

/* Until SIGINT, SIGTERM, or SIGHUP ends it, and all workers have ended; a
 * second one kills them. The exit status. */
int worker_parent_run(const struct worker_parent *parent);

/* For a worker that has set up what is to become of them. */
void worker_take_signals(void);

#endif
