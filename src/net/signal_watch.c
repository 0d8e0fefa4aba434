#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "net/loop_internal.h"
#include "net/loop_uv.h"

struct signal_watch {
    uv_signal_t uv;
    struct loop *loop;
    void (*on_signal)(int number, void *arg);
    void *arg;
};

/* Every handle's data is the allocation that holds it. */
static void on_handle_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_uv_signal(uv_signal_t *uv, int number)
{
    struct signal_watch *watch = uv->data;
    watch->on_signal(number, watch->arg);
}

struct signal_watch *signal_watch_new(struct loop *loop, int number,
                                      void (*on_signal)(int number, void *arg), void *arg)
{
    struct signal_watch *watch = xcalloc(1, sizeof *watch);
    watch->loop = loop;
    watch->on_signal = on_signal;
    watch->arg = arg;
    watch->uv.data = watch;
    int error = uv_signal_init(loop_uv(loop), &watch->uv);
    if (error == 0)
        error = uv_signal_start(&watch->uv, on_uv_signal, number);
    assert(error == 0); /* a number that cannot be caught */
    (void)error;
    uv_unref((uv_handle_t *)&watch->uv);
    loop_add_object(loop);
    return watch;
}

void signal_watch_free(struct signal_watch *watch)
{
    if (!watch)
        return;
    loop_drop_object(watch->loop);
    uv_close((uv_handle_t *)&watch->uv, on_handle_closed);
}
