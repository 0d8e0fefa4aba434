/*
 * inotify(7). The folder is watched, not the file: who replaces a file gives
 * another one its name, and a watch of the file would stay with the old one.
 */
#include "net/folder_news.h"

#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"

struct folder_news {
    char *name;
    int fd;
};

struct folder_news *folder_news_new(const char *folder, const char *name)
{
    /* Replaced or moved away, deleted, or written in place, as by cp. */
    const uint32_t changes = IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE;
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0)
        return NULL;
    if (inotify_add_watch(fd, folder, changes) < 0) {
        close(fd);
        return NULL;
    }
    struct folder_news *news = xcalloc(1, sizeof *news);
    news->name = xstrdup(name);
    news->fd = fd;
    return news;
}

void folder_news_free(struct folder_news *news)
{
    if (!news)
        return;
    close(news->fd);
    free(news->name);
    free(news);
}

int folder_news_fd(const struct folder_news *news)
{
    return news->fd;
}

/* Events that were lost (the name is then empty) count for all files. */
static bool is_about(const struct folder_news *news, const struct inotify_event *event)
{
    return event->len == 0 || strcmp(event->name, news->name) == 0;
}

bool folder_news_read(struct folder_news *news)
{
    _Alignas(struct inotify_event) char buffer[4096];
    bool has_some = false;
    ssize_t len = read(news->fd, buffer, sizeof buffer);
    for (ssize_t at = 0; at < len;) {
        const struct inotify_event *event = (const void *)(buffer + at);
        has_some |= is_about(news, event);
        at += (ssize_t)(sizeof *event + event->len);
    }
    return has_some;
}
