#include "net/wake_watch.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/list.h"
#include "net/loop_internal.h"

struct wake_watch {
    struct wake_call call;
    struct loop *loop;
};

struct wake_watch *wake_watch_new(struct loop *loop, void (*on_wake)(uint64_t since_us, void *arg),
                                  void *arg)
{
    struct wake_watch *watch = xcalloc(1, sizeof *watch);
    watch->loop = loop;
    watch->call = (struct wake_call){.on_wake = on_wake, .arg = arg};
    list_append(loop_wake_calls(loop), &watch->call.link);
    loop_add_object(loop);
    return watch;
}

static void wake_watch_destroy(void *arg)
{
    struct wake_watch *watch = arg;
    list_remove(&watch->call.link);
    free(watch);
}

void wake_watch_free(struct wake_watch *watch)
{
    if (!watch)
        return;
    /* It stays linked until nobody walks the list. */
    watch->call.on_wake = NULL;
    loop_drop_object(watch->loop);
    loop_defer(watch->loop, wake_watch_destroy, watch);
}
