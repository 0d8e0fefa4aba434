#include "net/deferred.h"

#include <stdlib.h>

#include "base/alloc.h"

enum {
    FIRST_ROOM = 16,
    KEPT_ROOM = 1024 /* what a burst needed beyond that is given back */
};

void deferred_deinit(struct deferred *deferred)
{
    free(deferred->at);
    *deferred = (struct deferred){0};
}

void deferred_add(struct deferred *deferred, void (*fn)(void *arg), void *arg)
{
    if (deferred->count == deferred->room) {
        deferred->room = deferred->room > 0 ? 2 * deferred->room : FIRST_ROOM;
        deferred->at = xreallocarray(deferred->at, deferred->room, sizeof *deferred->at);
    }
    deferred->at[deferred->count++] = (struct deferred_call){fn, arg};
}

void deferred_run(struct deferred *deferred)
{
    struct deferred now = *deferred;
    *deferred = (struct deferred){0};
    for (size_t i = 0; i < now.count; i++)
        now.at[i].fn(now.at[i].arg);
    if (deferred->at || now.room > KEPT_ROOM) {
        deferred_deinit(&now);
    } else {
        *deferred = now;
        deferred->count = 0;
    }
}
