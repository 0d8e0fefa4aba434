#include "net/file_watch.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "net/folder_news.h"

struct file_watch {
    void (*on_change)(void *arg);
    void *arg;
    struct folder_news *news;
    struct fd_watch *readable;
    struct timer *timer; /* without news */
};

static void on_readable(int events, void *arg)
{
    struct file_watch *watch = arg;
    (void)events;
    if (folder_news_read(watch->news))
        watch->on_change(watch->arg);
}

static void on_poll(void *arg)
{
    struct file_watch *watch = arg;
    timer_start_in(watch->timer, FILE_WATCH_POLL_US);
    watch->on_change(watch->arg);
}

struct file_watch *file_watch_new(struct loop *loop, const char *folder, const char *name,
                                  void (*on_change)(void *arg), void *arg)
{
    struct file_watch *watch = xcalloc(1, sizeof *watch);
    watch->on_change = on_change;
    watch->arg = arg;
    watch->news = folder_news_new(folder, name);
    if (watch->news) {
        watch->readable =
            fd_watch_new(loop, folder_news_fd(watch->news), FD_READABLE, on_readable, watch);
        return watch;
    }
    log_debug("net: nobody tells of changes in %s; looking every second instead", folder);
    watch->timer = timer_new(loop, on_poll, watch);
    timer_start_in(watch->timer, FILE_WATCH_POLL_US);
    return watch;
}

void file_watch_free(struct file_watch *watch)
{
    if (!watch)
        return;
    if (watch->readable)
        fd_watch_free(watch->readable);
    if (watch->timer)
        timer_free(watch->timer);
    folder_news_free(watch->news);
    free(watch);
}
