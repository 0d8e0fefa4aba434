/*
 * A list in the order of coming, so that the first has waited longest: it is
 * the next to be stale, and the last is the next to be used. What a busy hour
 * opened expires from the front.
 *
 * The timer is not moved with each request that comes and goes; it looks at
 * them every second, and http_pool_take() by itself.
 */
#include "http/pool.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/list.h"

/* Before the end of the time for which the server keeps a connection: its clock
 * began with its answer, before ours did, and our request is on its way for a
 * while. */
#define KEEP_MARGIN_US US_PER_S

struct idle {
    struct list link;
    struct http_pool *pool;
    struct conn *conn;
    uint64_t since_us;
    uint64_t until_us;
};

struct http_pool {
    struct loop *loop;
    struct idle *places; /* as many as may be idle */
    struct list free;    /* of them */
    struct list idle;
    size_t count;
    size_t most;
    uint64_t idle_us;
    bool (*is_short)(void *arg);
    void *arg;
    struct timer *timer; /* runs while anything is here */
};

static bool idle_is_stale(const struct idle *idle, uint64_t now_us)
{
    return now_us - idle->since_us >= HTTP_POOL_FRESH_US;
}

/* Off the list; the conn is the caller's. */
static struct conn *idle_remove(struct idle *idle)
{
    struct conn *conn = idle->conn;
    list_remove(&idle->link);
    list_append(&idle->pool->free, &idle->link);
    idle->pool->count--;
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

static void pool_start_timer(struct http_pool *pool)
{
    bool is_brief = pool->idle_us > 0 && pool->idle_us < HTTP_POOL_FRESH_US;
    timer_start_in(pool->timer, is_brief ? pool->idle_us : HTTP_POOL_FRESH_US);
}

static struct idle *oldest_of(const struct http_pool *pool)
{
    struct list *first = list_first(&pool->idle);
    return first ? LIST_ENTRY(first, struct idle, link) : NULL;
}

static void on_timer(void *arg)
{
    struct http_pool *pool = arg;
    uint64_t now_us = clock_now_us();
    LIST_EACH(link, tmp, &pool->idle) {
        struct idle *idle = LIST_ENTRY(link, struct idle, link);
        if (now_us >= idle->until_us)
            conn_close(idle_remove(idle));
    }
    struct idle *oldest = oldest_of(pool);
    if (oldest && idle_is_stale(oldest, now_us) && pool->is_short(pool->arg))
        conn_close(idle_remove(oldest));
    if (pool->count > 0)
        pool_start_timer(pool);
}

struct http_pool *http_pool_new(struct loop *loop, size_t most, uint64_t idle_us,
                                bool (*is_short)(void *arg), void *arg)
{
    struct http_pool *pool = xcalloc(1, sizeof *pool);
    pool->loop = loop;
    pool->most = most;
    pool->idle_us = idle_us;
    pool->is_short = is_short;
    pool->arg = arg;
    list_init(&pool->idle);
    list_init(&pool->free);
    pool->places = xcalloc(most, sizeof *pool->places);
    for (size_t i = 0; i < most; i++)
        list_append(&pool->free, &pool->places[i].link);
    pool->timer = timer_new(loop, on_timer, pool);
    return pool;
}

void http_pool_free(struct http_pool *pool)
{
    LIST_EACH(link, tmp, &pool->idle)
        conn_close(idle_remove(LIST_ENTRY(link, struct idle, link)));
    timer_free(pool->timer);
    free(pool->places);
    free(pool);
}

bool http_pool_is_empty(const struct http_pool *pool)
{
    return pool->count == 0;
}

struct conn *http_pool_take(struct http_pool *pool, bool only_fresh)
{
    uint64_t now_us = loop_now_us(pool->loop);
    while (pool->count > 0) {
        struct idle *last = LIST_ENTRY(pool->idle.prev, struct idle, link);
        if (only_fresh && idle_is_stale(last, now_us))
            return NULL;
        bool is_over = now_us >= last->until_us;
        struct conn *conn = idle_remove(last);
        if (is_over)
            conn_close(conn);
        else if (conn_has_unread(conn))
            conn_reset(conn);
        else
            return conn;
    }
    return NULL;
}

void http_pool_make_way(struct http_pool *pool)
{
    struct idle *oldest = oldest_of(pool);
    if (oldest)
        conn_close(idle_remove(oldest));
}

/* How long a connection may be idle here that the server keeps for keep_us. */
static uint64_t most_idle_us(const struct http_pool *pool, uint64_t keep_us)
{
    uint64_t most_us = pool->idle_us > 0 ? pool->idle_us : TIME_NEVER;
    if (keep_us == TIME_NEVER)
        return most_us;
    uint64_t safe_us = keep_us > KEEP_MARGIN_US ? keep_us - KEEP_MARGIN_US : 0;
    return safe_us < most_us ? safe_us : most_us;
}

void http_pool_put(struct http_pool *pool, struct conn *conn, uint64_t keep_us)
{
    static const struct conn_handlers handlers = {.on_data = on_data,
                                                  .on_end = on_end,
                                                  .on_close = on_close};
    uint64_t most_us = most_idle_us(pool, keep_us);
    if (pool->most == 0 || most_us == 0) {
        conn_close(conn);
        return;
    }
    if (pool->count == pool->most)
        http_pool_make_way(pool);
    struct idle *idle = LIST_ENTRY(list_first(&pool->free), struct idle, link);
    list_remove(&idle->link);
    idle->pool = pool;
    idle->conn = conn;
    idle->since_us = loop_now_us(pool->loop);
    idle->until_us = most_us == TIME_NEVER ? TIME_NEVER : idle->since_us + most_us;
    list_append(&pool->idle, &idle->link);
    pool->count++;
    conn_set_handlers(conn, &handlers, idle);
    conn_set_reading(conn, true);
    if (pool->count == 1)
        pool_start_timer(pool);
}
