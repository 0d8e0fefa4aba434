/*
 * kqueue(2) with a watch of the folder, which tells that its list of names has
 * changed, and one of the file, which tells that it was written. Whether a
 * change of names was about the file, shows in which file has the name then.
 */
#include "net/folder_news.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <sys/event.h>

#include "base/alloc.h"

struct folder_news {
    char *name;
    int queue;
    int folder;
    int file; /* -1: there is none */
    struct stat seen;
};

static bool set_watch(int queue, int fd, unsigned short flags, unsigned changes)
{
    struct kevent change;
    EV_SET(&change, (uintptr_t)fd, EVFILT_VNODE, flags, changes, 0, NULL);
    return kevent(queue, &change, 1, NULL, 0, NULL) == 0;
}

static bool watch(int queue, int fd, unsigned changes)
{
    return set_watch(queue, fd, EV_ADD | EV_CLEAR, changes);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static void close_file(struct folder_news *news)
{
    if (news->file >= 0) {
        set_watch(news->queue, news->file, EV_DELETE, 0);
        close(news->file);
    }
    news->file = -1;
}

/* Whether another file has the name now, or none where there was one. */
static bool look(struct folder_news *news)
{
    struct stat now;
    bool is_there = fstatat(news->folder, news->name, &now, 0) == 0;
    if (is_there == (news->file >= 0) && (!is_there || is_same(&now, &news->seen)))
        return false;
    close_file(news);
    if (!is_there)
        return true;
    news->file = openat(news->folder, news->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (news->file >= 0)
        fstat(news->file, &news->seen);
    if (news->file >= 0 && !watch(news->queue, news->file, NOTE_WRITE | NOTE_EXTEND))
        close_file(news);
    return true;
}

struct folder_news *folder_news_new(const char *folder, const char *name)
{
    struct folder_news *news = xcalloc(1, sizeof *news);
    news->name = xstrdup(name);
    news->file = -1;
    news->queue = kqueue();
    news->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (news->queue < 0 || news->folder < 0 || !watch(news->queue, news->folder, NOTE_WRITE)) {
        folder_news_free(news);
        return NULL;
    }
    fcntl(news->queue, F_SETFD, FD_CLOEXEC);
    look(news);
    return news;
}

void folder_news_free(struct folder_news *news)
{
    if (!news)
        return;
    close_file(news);
    if (news->folder >= 0)
        close(news->folder);
    if (news->queue >= 0)
        close(news->queue);
    free(news->name);
    free(news);
}

int folder_news_fd(const struct folder_news *news)
{
    return news->queue;
}

bool folder_news_read(struct folder_news *news)
{
    const struct timespec now = {0};
    struct kevent event;
    bool has_some = false;
    while (kevent(news->queue, NULL, 0, &event, 1, &now) > 0)
        has_some |= (int)event.ident == news->folder ? look(news) : true;
    return has_some;
}
