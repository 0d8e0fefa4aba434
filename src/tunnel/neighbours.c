/*
 * The server is in this process, so it is lost only where descriptors are
 * short; then it is tried again.
 */
#include "tunnel/neighbours.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/list.h"
#include "base/log.h"

#define AGAIN_US (1 * US_PER_S)

struct neighbour {
    struct list link;
    char peer[SIGNAL_PEER_ID_MAX + 1];
};

struct neighbours {
    struct loop *loop;
    const struct signal_client_handlers *handlers;
    void *arg;
    struct url url;
    char *room;
    struct signal_client *client; /* NULL between tries */
    struct timer *timer;
    struct list list;
    bool is_closed;
};

static struct neighbour *find(const struct neighbours *neighbours, const char *peer)
{
    LIST_EACH(link, next, &neighbours->list) {
        struct neighbour *one = LIST_ENTRY(link, struct neighbour, link);
        if (peer && strcmp(one->peer, peer) == 0)
            return one;
    }
    return NULL;
}

static void add(struct neighbours *neighbours, const char *peer)
{
    struct neighbour *one = xcalloc(1, sizeof *one);
    snprintf(one->peer, sizeof one->peer, "%s", peer);
    list_append(&neighbours->list, &one->link);
}

static void drop(struct neighbour *one)
{
    list_remove(&one->link);
    free(one);
}

static void greet(struct neighbours *neighbours, const struct signal_message *joined)
{
    for (size_t i = 0; i < joined->peer_count && !neighbours->is_closed; i++) {
        add(neighbours, joined->peers[i]);
        neighbours->handlers->on_message(&(struct signal_message){.type = SIGNAL_PEER_JOINED,
                                                                  .peer_id = joined->peers[i]},
                                         neighbours->arg);
    }
}

static void on_message(const struct signal_message *message, void *arg)
{
    struct neighbours *neighbours = arg;
    struct neighbour *one = find(neighbours, message->peer_id);
    if (message->type == SIGNAL_JOINED) {
        greet(neighbours, message);
        return;
    }
    if (message->type == SIGNAL_ERROR) {
        log_debug("neighbours: our own signal server says: %s", message->text);
        return;
    }
    if (message->type == SIGNAL_PEER_JOINED && !one)
        add(neighbours, message->peer_id);
    if (message->type == SIGNAL_PEER_LEFT && one)
        drop(one);
    neighbours->handlers->on_message(message, neighbours->arg);
}

static void on_close(const char *text, void *arg)
{
    struct neighbours *neighbours = arg;
    log_debug("neighbours: %s", text);
    signal_client_close(neighbours->client);
    neighbours->client = NULL;
    timer_start_in(neighbours->timer, AGAIN_US);
    LIST_EACH(link, next, &neighbours->list) {
        struct neighbour *one = LIST_ENTRY(link, struct neighbour, link);
        char peer[SIGNAL_PEER_ID_MAX + 1];
        memcpy(peer, one->peer, sizeof peer);
        drop(one);
        neighbours->handlers->on_message(&(struct signal_message){.type = SIGNAL_PEER_LEFT,
                                                                  .peer_id = peer},
                                         neighbours->arg);
    }
}

static void enter(void *arg)
{
    static const struct signal_client_handlers handlers = {
        .on_message = on_message,
        .on_close = on_close,
    };
    struct neighbours *neighbours = arg;
    const struct signal_way way = {.url = &neighbours->url};
    neighbours->client =
        signal_client_new(neighbours->loop, &way, neighbours->room, &handlers, neighbours);
    signal_client_set_job(neighbours->client, SIGNAL_JOB_PROVIDER);
}

struct neighbours *neighbours_new(struct loop *loop, uint16_t port, const char *room,
                                  const struct signal_client_handlers *handlers, void *arg)
{
    struct neighbours *neighbours = xcalloc(1, sizeof *neighbours);
    const char *why;
    char *text = xasprintf("ws://127.0.0.1:%u", port);
    int error = url_parse(text, &neighbours->url, &why);
    assert(error == 0);
    (void)error;
    free(text);
    neighbours->loop = loop;
    neighbours->handlers = handlers;
    neighbours->arg = arg;
    neighbours->room = xstrdup(room);
    list_init(&neighbours->list);
    neighbours->timer = timer_new(loop, enter, neighbours);
    enter(neighbours);
    return neighbours;
}

static void destroy(void *arg)
{
    free(arg);
}

void neighbours_free(struct neighbours *neighbours)
{
    if (!neighbours)
        return;
    neighbours->is_closed = true;
    if (neighbours->client)
        signal_client_close(neighbours->client);
    LIST_EACH(link, next, &neighbours->list)
        drop(LIST_ENTRY(link, struct neighbour, link));
    timer_free(neighbours->timer);
    url_deinit(&neighbours->url);
    free_secret_string(neighbours->room);
    loop_defer(neighbours->loop, destroy, neighbours);
}

struct signal_client *neighbours_client(const struct neighbours *neighbours, const char *peer)
{
    return neighbours && find(neighbours, peer) ? neighbours->client : NULL;
}
