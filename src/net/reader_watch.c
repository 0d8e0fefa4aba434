/*
 * libuv would make the descriptor one that does not block, and so everybody
 * else's that is the same open file, such as the shell's terminal. So it is
 * given a queue of the system's, and watches that.
 */
#include "net/reader_watch.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/reader_queue.h"

struct reader_watch {
    struct fd_watch *watch;
    int queue;
    void (*on_gone)(void *arg);
    void *arg;
};

static void on_readable(int events, void *arg)
{
    struct reader_watch *watch = arg;
    (void)events;
    if (!reader_queue_is_gone(watch->queue))
        return;
    fd_watch_set_events(watch->watch, 0);
    watch->on_gone(watch->arg);
}

struct reader_watch *reader_watch_new(struct loop *loop, int fd, void (*on_gone)(void *arg),
                                      void *arg)
{
    int queue = reader_queue_open(fd);
    if (queue < 0)
        return NULL;
    struct reader_watch *watch = xcalloc(1, sizeof *watch);
    watch->queue = queue;
    watch->on_gone = on_gone;
    watch->arg = arg;
    watch->watch = fd_watch_new(loop, queue, FD_READABLE, on_readable, watch);
    return watch;
}

void reader_watch_free(struct reader_watch *watch)
{
    if (!watch)
        return;
    fd_watch_free(watch->watch);
    close(watch->queue);
    free(watch);
}
