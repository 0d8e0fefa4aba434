#include "tunnel/consumer.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

void consumers_init(struct consumers *consumers, size_t streams_each)
{
    *consumers = (struct consumers){
        .streams_each = streams_each,
        .streams = {.most = CONSUMERS_STREAMS_MAX},
        .windows = {.most = CONSUMERS_WINDOWS_MAX},
    };
    list_init(&consumers->all);
}

struct consumer *consumers_find(const struct consumers *consumers, uint32_t number)
{
    LIST_EACH(link, next, &consumers->all) {
        struct consumer *consumer = LIST_ENTRY(link, struct consumer, link);
        if (consumer->number == number)
            return consumer;
    }
    return NULL;
}

struct consumer *consumer_new(struct consumers *consumers, uint32_t number)
{
    struct consumer *consumer = xcalloc(1, sizeof *consumer);
    consumer->number = number;
    consumer->users = 1;
    consumer->streams = (struct budget_share){&consumers->streams, consumers->streams_each, 0};
    consumer->windows = (struct budget_share){&consumers->windows, CONSUMER_WINDOWS_MAX, 0};
    places_user_init(&consumer->places);
    list_append(&consumers->all, &consumer->link);
    return consumer;
}

void consumer_use(struct consumer *consumer)
{
    consumer->users++;
}

void consumer_leave(struct consumer *consumer)
{
    if (!consumer || --consumer->users > 0)
        return;
    assert(consumer->streams.used == 0 && consumer->windows.used == 0);
    assert(consumer->places.taken == 0 && list_is_empty(&consumer->places.waiting));
    list_remove(&consumer->link);
    free(consumer);
}
