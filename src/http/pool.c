/*
 * A list in the order of coming, so that the first has waited longest: it is
 * the next to expire, and the last is the next to be used. What a busy hour
 * opened expires from the front.
 */
#include "http/pool.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"

struct http_pool {
    struct loop *loop;
    struct list idle;
    size_t count;
    size_t most;
    uint64_t idle_us;
    struct timer *timer; /* for the first */
};

struct idle {
    struct list link;
    struct http_pool *pool;
    struct conn *conn;
    uint64_t since_us;
};

static void pool_update_timer(struct http_pool *pool)
{
    struct list *first = list_first(&pool->idle);
    if (first && pool->idle_us > 0)
        timer_start_at(pool->timer, LIST_ENTRY(first, struct idle, link)->since_us + pool->idle_us);
    else
        timer_stop(pool->timer);
}

/* Off the list; the conn is the caller's. */
static struct conn *idle_remove(struct idle *idle)
{
    struct http_pool *pool = idle->pool;
    struct conn *conn = idle->conn;
    bool was_first = pool->idle.next == &idle->link;
    list_remove(&idle->link);
    pool->count--;
    free(idle);
    if (was_first)
        pool_update_timer(pool);
    return conn;
}

static void on_data(struct span bytes, void *arg)
{
    (void)bytes;
    conn_reset(idle_remove(arg));
}

static void on_end(void *arg)
{
    conn_close(idle_remove(arg));
}

static void on_close(int error, const char *text, void *arg)
{
    (void)error;
    (void)text;
    conn_close(idle_remove(arg));
}

static void on_timer(void *arg)
{
    struct http_pool *pool = arg;
    uint64_t now_us = clock_now_us();
    struct list *first;
    while ((first = list_first(&pool->idle)) != NULL) {
        struct idle *idle = LIST_ENTRY(first, struct idle, link);
        if (idle->since_us + pool->idle_us > now_us)
            break;
        conn_close(idle_remove(idle));
    }
    pool_update_timer(pool);
}

struct http_pool *http_pool_new(struct loop *loop, size_t most, uint64_t idle_us)
{
    struct http_pool *pool = xcalloc(1, sizeof *pool);
    pool->loop = loop;
    pool->most = most;
    pool->idle_us = idle_us;
    list_init(&pool->idle);
    pool->timer = timer_new(loop, on_timer, pool);
    return pool;
}

void http_pool_free(struct http_pool *pool)
{
    LIST_EACH(link, tmp, &pool->idle)
    conn_close(idle_remove(LIST_ENTRY(link, struct idle, link)));
    timer_free(pool->timer);
    free(pool);
}

struct conn *http_pool_take(struct http_pool *pool, uint64_t idle_most_us)
{
    while (pool->count > 0) {
        struct idle *last = LIST_ENTRY(pool->idle.prev, struct idle, link);
        if (idle_most_us != TIME_NEVER && clock_now_us() - last->since_us > idle_most_us)
            return NULL;
        struct conn *conn = idle_remove(last);
        if (!conn_has_unread(conn))
            return conn;
        conn_reset(conn);
    }
    return NULL;
}

void http_pool_put(struct http_pool *pool, struct conn *conn)
{
    static const struct conn_handlers handlers = {.on_data = on_data,
                                                  .on_end = on_end,
                                                  .on_close = on_close};
    if (pool->most == 0) {
        conn_close(conn);
        return;
    }
    if (pool->count == pool->most)
        conn_close(idle_remove(LIST_ENTRY(pool->idle.next, struct idle, link)));
    struct idle *idle = xcalloc(1, sizeof *idle);
    idle->pool = pool;
    idle->conn = conn;
    idle->since_us = clock_now_us();
    list_append(&pool->idle, &idle->link);
    pool->count++;
    conn_set_handlers(conn, &handlers, idle);
    conn_set_reading(conn, true);
    if (pool->count == 1)
        pool_update_timer(pool);
}
