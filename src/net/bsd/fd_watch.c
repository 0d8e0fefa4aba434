/*
 * Descriptors under libuv's kqueue, which tells of errors only to who waits to
 * read or write. Who waits for nothing else has a queue of its own
 * (net/bsd/error_queue.h), that libuv watches.
 */
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/bsd/error_queue.h"
#include "net/loop_internal.h"
#include "net/loop_uv.h"

struct fd_watch {
    uv_poll_t uv;
    uv_poll_t errors_uv; /* of the queue */
    struct loop *loop;
    void (*on_ready)(int events, void *arg);
    void *arg;
    int fd;
    int errors; /* the queue; negative: none yet */
    int events;
    int handles; /* of libuv, open */
};

/* Every handle's data is the allocation that holds it. */
static void on_handle_closed(uv_handle_t *handle)
{
    struct fd_watch *watch = handle->data;
    if (--watch->handles == 0)
        free(watch);
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
    /* libuv stops the watch when it reports an error; a socket's goes away once
     * it is fetched, so the watch has to go on. */
    if (status < 0) {
        fd_watch_apply(watch);
        events = FD_READABLE | FD_WRITABLE | FD_ERRORS;
    }
    watch->on_ready(events, watch->arg);
}

/* ---- errors alone ---- */

static void on_uv_errors(uv_poll_t *uv, int status, int uv_events)
{
    struct fd_watch *watch = uv->data;
    (void)status, (void)uv_events;
    loop_begin_events(watch->loop);
    if (uv_is_closing((uv_handle_t *)uv))
        return;
    if (error_queue_read(watch->errors) && watch->events == FD_ERRORS)
        watch->on_ready(FD_READABLE | FD_WRITABLE | FD_ERRORS, watch->arg);
}

/* Without a descriptor left for it, errors show at the next read or write. */
static void open_queue(struct fd_watch *watch)
{
    watch->errors = error_queue_open();
    if (watch->errors < 0)
        return;
    int error = uv_poll_init(loop_uv(watch->loop), &watch->errors_uv, watch->errors);
    assert(error == 0);
    (void)error;
    watch->errors_uv.data = watch;
    watch->handles++;
    uv_poll_start(&watch->errors_uv, UV_READABLE, on_uv_errors);
}

static void set_errors(struct fd_watch *watch, bool is_on)
{
    if (is_on && watch->errors < 0)
        open_queue(watch);
    if (watch->errors >= 0)
        error_queue_set(watch->errors, watch->fd, is_on);
}

/* ---- all of it ---- */

static void fd_watch_apply(struct fd_watch *watch)
{
    int uv_events = 0;
    if (watch->events & FD_READABLE)
        uv_events |= UV_READABLE;
    if (watch->events & FD_WRITABLE)
        uv_events |= UV_WRITABLE;
    set_errors(watch, watch->events == FD_ERRORS);
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
    watch->fd = fd;
    watch->errors = -1;
    watch->events = events;
    watch->uv.data = watch;
    watch->handles = 1;
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
    if (watch->errors >= 0) {
        uv_close((uv_handle_t *)&watch->errors_uv, on_handle_closed);
        close(watch->errors);
    }
}
