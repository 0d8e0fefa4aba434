/*
 * Descriptors under libuv's epoll.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "net/loop_internal.h"
#include "net/loop_uv.h"

struct fd_watch {
    uv_poll_t uv;
    struct loop *loop;
    void (*on_ready)(int events, void *arg);
    void *arg;
    int events;
};

/* Every handle's data is the allocation that holds it. */
static void on_handle_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void fd_watch_apply(struct fd_watch *watch);

static void on_uv_poll(uv_poll_t *uv, int status, int uv_events)
{
    struct fd_watch *watch = uv->data;
    int events = 0;
    loop_begin_events(watch->loop);
    if (uv_is_closing((uv_handle_t *)uv))
        return; /* who was told of a sleep has freed it */
    if (uv_events & UV_READABLE)
        events |= FD_READABLE;
    if (uv_events & UV_WRITABLE)
        events |= FD_WRITABLE;
    /* libuv stops the watch when it reports EPOLLERR; a socket's error goes
     * away once it is fetched, so the watch has to go on. */
    if (status < 0)
        fd_watch_apply(watch);
    if (status < 0 || (uv_events & UV_PRIORITIZED))
        events = FD_READABLE | FD_WRITABLE | FD_ERRORS;
    watch->on_ready(events, watch->arg);
}

static void fd_watch_apply(struct fd_watch *watch)
{
    int uv_events = 0;
    if (watch->events & FD_READABLE)
        uv_events |= UV_READABLE;
    if (watch->events & FD_WRITABLE)
        uv_events |= UV_WRITABLE;
    /* epoll always tells of errors, but libuv takes a descriptor without any
     * wanted event off it. Urgent data is the event that never comes from a
     * peer of good faith; conn.c drops it. */
    if (watch->events == FD_ERRORS)
        uv_events = UV_PRIORITIZED;
    int error =
        uv_events ? uv_poll_start(&watch->uv, uv_events, on_uv_poll) : uv_poll_stop(&watch->uv);
    assert(error == 0);
    (void)error;
}

struct fd_watch *fd_watch_new(struct loop *loop, int fd, int events,
                              void (*on_ready)(int events, void *arg), void *arg)
{
    struct fd_watch *watch = xcalloc(1, sizeof *watch);
    watch->loop = loop;
    watch->on_ready = on_ready;
    watch->arg = arg;
    watch->events = events;
    watch->uv.data = watch;
    int error = uv_poll_init(loop_uv(loop), &watch->uv, fd);
    assert(error == 0); /* not a descriptor, or one with a watch already */
    (void)error;
    loop_add_object(loop);
    if (events)
        fd_watch_apply(watch);
    return watch;
}

void fd_watch_set_events(struct fd_watch *watch, int events)
{
    if (events == watch->events)
        return;
    watch->events = events;
    fd_watch_apply(watch);
}

void fd_watch_free(struct fd_watch *watch)
{
    if (!watch)
        return;
    loop_drop_object(watch->loop);
    uv_close((uv_handle_t *)&watch->uv, on_handle_closed);
}
