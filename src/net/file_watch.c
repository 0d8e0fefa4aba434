/*
 * The folder is watched, not the file: who replaces a file gives another one
 * its name, and a watch of the file would stay with the old one.
 */
#include "net/file_watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"

struct file_watch {
    char *name;
    void (*on_change)(void *arg);
    void *arg;
    int fd; /* -1: there is no inotify */
    struct fd_watch *readable;
    struct timer *timer; /* then, or NULL */
};

/* Events that were lost (the name is then empty) count for all files. */
static bool is_about(const struct file_watch *watch, const struct inotify_event *event)
{
    return event->len == 0 || strcmp(event->name, watch->name) == 0;
}

static void on_readable(int events, void *arg)
{
    struct file_watch *watch = arg;
    _Alignas(struct inotify_event) char buffer[4096];
    bool has_changed = false;
    (void)events;
    ssize_t len = read(watch->fd, buffer, sizeof buffer);
    for (ssize_t at = 0; at < len;) {
        const struct inotify_event *event = (const void *)(buffer + at);
        has_changed |= is_about(watch, event);
        at += (ssize_t)(sizeof *event + event->len);
    }
    if (has_changed)
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
    watch->name = xstrdup(name);
    watch->on_change = on_change;
    watch->arg = arg;
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    /* Replaced or moved away, deleted, or written in place, as by cp. */
    const uint32_t changes = IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE;
    if (watch->fd >= 0 && inotify_add_watch(watch->fd, folder, changes) < 0) {
        close(watch->fd);
        watch->fd = -1;
    }
    if (watch->fd >= 0) {
        watch->readable = fd_watch_new(loop, watch->fd, FD_READABLE, on_readable, watch);
        return watch;
    }
    log_debug("net: no inotify for %s; looking every second instead", folder);
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
    if (watch->fd >= 0)
        close(watch->fd);
    free(watch->name);
    free(watch);
}
