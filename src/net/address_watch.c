/*
 * The messages are not believed: they say what happened to one interface at one
 * moment, and may be lost when the socket's buffer is full. That one came is
 * all that counts (net/address_news.h). Of routes alone, only when another
 * interface than before is the way out: a router that announces itself anew is
 * not.
 *
 * Without messages, what can be seen is from which addresses datagrams to the
 * internet leave: looked at every ADDRESS_WATCH_POLL_US.
 */
#include "net/address_watch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "net/address_news.h"
#include "net/interfaces.h"

struct address_watch {
    struct loop *loop;
    void (*on_change)(void *arg);
    void *arg;
    int fd;                 /* of the messages; a negative errno: there are none */
    struct interface *seen; /* at the last look */
    int seen_count;
    struct fd_watch *readable;
    struct timer *timer;
    uint64_t first_us;     /* of the messages that were not told yet; 0: none */
    bool are_routes_alone; /* those messages */
};

/* Looks; true when something else is seen than before. */
static bool look(struct address_watch *watch)
{
    struct interface *now;
    int error;
    int count = interfaces_list(&now, &error);
    bool is_same = count == watch->seen_count;
    for (int i = 0; i < count && is_same; i++)
        is_same = address_is_same_host(&now[i].address, &watch->seen[i].address) &&
                  now[i].is_default == watch->seen[i].is_default;
    free(watch->seen);
    watch->seen = now;
    watch->seen_count = count;
    return !is_same;
}

static void on_poll(void *arg)
{
    struct address_watch *watch = arg;
    timer_start_in(watch->timer, ADDRESS_WATCH_POLL_US);
    if (look(watch))
        watch->on_change(watch->arg);
}

static void on_quiet(void *arg)
{
    struct address_watch *watch = arg;
    bool is_other = look(watch);
    watch->first_us = 0;
    if (is_other || !watch->are_routes_alone)
        watch->on_change(watch->arg);
}

static void on_readable(int events, void *arg)
{
    (void)events;
    struct address_watch *watch = arg;
    enum address_news news = address_news_read(watch->fd);
    if (news == ADDRESS_NEWS_NONE)
        return;
    uint64_t now_us = clock_now_us();
    bool is_first = watch->first_us == 0;
    if (is_first)
        watch->first_us = now_us;
    watch->are_routes_alone = news == ADDRESS_NEWS_ROUTES && (is_first || watch->are_routes_alone);
    uint64_t quiet_us = now_us + ADDRESS_WATCH_QUIET_US;
    uint64_t most_us = watch->first_us + ADDRESS_WATCH_MOST_US;
    timer_start_at(watch->timer, quiet_us < most_us ? quiet_us : most_us);
}

struct address_watch *address_watch_new(struct loop *loop, void (*on_change)(void *arg), void *arg)
{
    struct address_watch *watch = xcalloc(1, sizeof *watch);
    watch->loop = loop;
    watch->on_change = on_change;
    watch->arg = arg;
    watch->fd = address_news_open();
    look(watch);
    if (watch->fd >= 0) {
        watch->timer = timer_new(loop, on_quiet, watch);
        watch->readable = fd_watch_new(loop, watch->fd, FD_READABLE, on_readable, watch);
        return watch;
    }
    log_debug("network: no messages of the kernel (%s), so changes of the addresses are looked for "
              "every %d s",
              strerror(-watch->fd), (int)(ADDRESS_WATCH_POLL_US / US_PER_S));
    watch->timer = timer_new(loop, on_poll, watch);
    timer_start_in(watch->timer, ADDRESS_WATCH_POLL_US);
    return watch;
}

void address_watch_free(struct address_watch *watch)
{
    if (!watch)
        return;
    timer_free(watch->timer);
    if (watch->fd >= 0) {
        fd_watch_free(watch->readable);
        close(watch->fd);
    }
    free(watch->seen);
    /* It may be freed under its own on_change. */
    loop_defer(watch->loop, free, watch);
}
