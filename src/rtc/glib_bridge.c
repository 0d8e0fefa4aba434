/*
 * GLib splits one turn of its loop into parts so that another loop can sleep
 * for it:
 *
 *   before()   prepare and query: which descriptors, how long to sleep
 *   (sleep)    our watches note what is ready
 *   after()    check and dispatch
 *
 * A watch is on a copy of GLib's descriptor: sources close theirs while they
 * run, and the number could then belong to somebody else before the watch is
 * gone. The watches are made anew when GLib's list of descriptors changes,
 * which is at gathering and at the end.
 */
#include "rtc/glib_bridge.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

enum {
    /* Sockets of one agent: an address each, and TURN. */
    DESCRIPTORS_MAX = 256
};

struct watched {
    struct glib_bridge *bridge;
    size_t index; /* in polled */
    int copy;
    struct fd_watch *watch;
};

struct glib_bridge {
    struct loop *loop;
    GMainContext *context;
    struct turn_hook *hook;
    struct timer *timer;
    gint priority;
    gint count;
    GPollFD polled[DESCRIPTORS_MAX];
    size_t watched_count;
    struct watched watched[DESCRIPTORS_MAX];
};

static void on_ready(int events, void *arg)
{
    struct watched *w = arg;
    GPollFD *p = &w->bridge->polled[w->index];
    int ready = 0;
    if (events & FD_READABLE)
        ready |= G_IO_IN;
    if (events & FD_WRITABLE)
        ready |= G_IO_OUT;
    p->revents = (gushort)(ready & p->events);
}

/* Ends the sleep in time; GLib's own sources are looked at in after(). */
static void on_expiry(void *arg)
{
    (void)arg;
}

static void unwatch_all(struct glib_bridge *bridge)
{
    for (size_t i = 0; i < bridge->watched_count; i++) {
        fd_watch_free(bridge->watched[i].watch);
        close(bridge->watched[i].copy);
    }
    bridge->watched_count = 0;
}

static void watch_all(struct glib_bridge *bridge)
{
    for (gint i = 0; i < bridge->count; i++) {
        int events = 0;
        if (bridge->polled[i].events & G_IO_IN)
            events |= FD_READABLE;
        if (bridge->polled[i].events & G_IO_OUT)
            events |= FD_WRITABLE;
        int copy = fcntl(bridge->polled[i].fd, F_DUPFD_CLOEXEC, 0);
        if (copy < 0 || events == 0) {
            if (copy >= 0)
                close(copy);
            continue;
        }
        struct watched *w = &bridge->watched[bridge->watched_count++];
        *w = (struct watched){.bridge = bridge, .index = (size_t)i, .copy = copy};
        w->watch = fd_watch_new(bridge->loop, copy, events, on_ready, w);
    }
}

static bool is_same(const GPollFD *a, const GPollFD *b, gint count)
{
    for (gint i = 0; i < count; i++) {
        if (a[i].fd != b[i].fd || a[i].events != b[i].events)
            return false;
    }
    return true;
}

static void before(void *arg)
{
    struct glib_bridge *bridge = arg;
    GPollFD now[DESCRIPTORS_MAX];
    gint timeout_ms = -1;
    gboolean is_ready = g_main_context_prepare(bridge->context, &bridge->priority);
    gint count =
        g_main_context_query(bridge->context, bridge->priority, &timeout_ms, now, DESCRIPTORS_MAX);
    if (count > DESCRIPTORS_MAX)
        count = DESCRIPTORS_MAX;
    bool is_unchanged = count == bridge->count && is_same(now, bridge->polled, count);
    for (gint i = 0; i < count; i++) {
        bridge->polled[i] = now[i];
        bridge->polled[i].revents = 0;
    }
    bridge->count = count;
    if (!is_unchanged) {
        unwatch_all(bridge);
        watch_all(bridge);
    }
    if (is_ready || timeout_ms == 0)
        timer_start_in(bridge->timer, 0);
    else if (timeout_ms > 0)
        timer_start_in(bridge->timer, (uint64_t)timeout_ms * US_PER_MS);
    else
        timer_stop(bridge->timer);
}

static void after(void *arg)
{
    struct glib_bridge *bridge = arg;
    if (g_main_context_check(bridge->context, bridge->priority, bridge->polled, bridge->count))
        g_main_context_dispatch(bridge->context);
}

struct glib_bridge *glib_bridge_new(struct loop *loop)
{
    struct glib_bridge *bridge = xcalloc(1, sizeof *bridge);
    bridge->loop = loop;
    bridge->context = g_main_context_new();
    /* Held for good: there is no other thread to run it. */
    if (!g_main_context_acquire(bridge->context))
        abort();
    bridge->timer = timer_new(loop, on_expiry, bridge);
    bridge->hook = turn_hook_new(loop, before, after, bridge);
    return bridge;
}

void glib_bridge_free(struct glib_bridge *bridge)
{
    if (!bridge)
        return;
    turn_hook_free(bridge->hook);
    timer_free(bridge->timer);
    unwatch_all(bridge);
    g_main_context_release(bridge->context);
    g_main_context_unref(bridge->context);
    free(bridge);
}

GMainContext *glib_bridge_context(struct glib_bridge *bridge)
{
    return bridge->context;
}
