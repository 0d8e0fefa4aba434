#include "tunnel/inquiry.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/uuid.h"
#include "signal/client.h"

struct inquiry {
    struct signal_client *client;
    const struct inquiry_handlers *handlers;
    void *arg;
    bool is_done;
};

static void finish(struct inquiry *inquiry)
{
    if (inquiry->is_done)
        return;
    inquiry->is_done = true;
    inquiry->handlers->on_done(inquiry->arg);
}

static void on_message(const struct signal_message *message, void *arg)
{
    struct inquiry *inquiry = arg;
    if (message->type == SIGNAL_JOINED) {
        for (size_t i = 0; i < message->ice_server_count; i++)
            inquiry->handlers->on_server(&message->ice_servers[i], inquiry->arg);
    }
    if (message->type == SIGNAL_JOINED || message->type == SIGNAL_ERROR)
        finish(inquiry);
}

static void on_close(const char *text, void *arg)
{
    (void)text; /* who asks looks at the server itself, too */
    finish(arg);
}

struct inquiry *inquiry_new(struct loop *loop, const struct signal_way *way,
                            const struct inquiry_handlers *handlers, void *arg)
{
    static const struct signal_client_handlers client_handlers = {.on_message = on_message,
                                                                  .on_close = on_close};
    struct inquiry *inquiry = xcalloc(1, sizeof *inquiry);
    char room[UUID_TEXT_LEN + 1];
    uuid_make(room);
    inquiry->handlers = handlers;
    inquiry->arg = arg;
    inquiry->client = signal_client_new(loop, way, room, &client_handlers, inquiry);
    return inquiry;
}

void inquiry_free(struct inquiry *inquiry)
{
    if (!inquiry)
        return;
    signal_client_close(inquiry->client);
    free(inquiry);
}
