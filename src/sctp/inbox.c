/*
 * While something waits, all that follows does, or it would overtake. Handlers
 * may turn reading off and on again from within.
 */
#include "sctp/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* A whole message, or a reset. */
struct waiting {
    struct list link;
    struct sctp_message_info info;
    bool is_reset;
    size_t len;
    uint8_t data[];
};

void inbox_init(struct inbox *b, const struct inbox_handlers *handlers, void *arg)
{
    *b = (struct inbox){.reading = true, .handlers = *handlers, .arg = arg};
    list_init(&b->waiting);
}

void inbox_deinit(struct inbox *b)
{
    LIST_EACH(pos, tmp, &b->waiting) {
        free(LIST_ENTRY(pos, struct waiting, link));
    }
    list_init(&b->waiting);
}

static bool hands_out(const struct inbox *b)
{
    return b->reading && list_is_empty(&b->waiting);
}

static size_t cost(const struct waiting *w)
{
    return sizeof *w + w->len;
}

static void append(struct inbox *b, const struct sctp_message_info *info, struct span message,
                   bool is_reset)
{
    struct waiting *w = xcalloc(1, sizeof *w + message.len);
    w->info = *info;
    w->is_reset = is_reset;
    w->len = message.len;
    if (message.len > 0)
        memcpy(w->data, message.data, message.len);
    list_append(&b->waiting, &w->link);
    b->held += cost(w);
}

void inbox_put_message(struct inbox *b, const struct sctp_message_info *info, struct span message)
{
    if (hands_out(b))
        b->handlers.on_message(b->arg, info, message);
    else
        append(b, info, message, false);
}

void inbox_put_reset(struct inbox *b, uint16_t stream)
{
    struct sctp_message_info info = {.stream = stream};
    if (hands_out(b))
        b->handlers.on_reset(b->arg, stream);
    else
        append(b, &info, (struct span){0}, true);
}

void inbox_set_reading(struct inbox *b, bool reading)
{
    bool was_reading = b->reading;
    b->reading = reading;
    if (was_reading) /* an outer call is handing out, or nothing waits */
        return;
    while (b->reading && !list_is_empty(&b->waiting)) {
        struct waiting *w = LIST_ENTRY(list_first(&b->waiting), struct waiting, link);
        list_remove(&w->link);
        b->held -= cost(w);
        if (w->is_reset)
            b->handlers.on_reset(b->arg, w->info.stream);
        else
            b->handlers.on_message(b->arg, &w->info, span_of(w->data, w->len));
        free(w);
    }
}
