/*
 * Commands are put together in one buffer and leave it when the loop has done
 * what it does in this turn: a hundred messages that came together are one
 * write. Who waits for an answer stands in a ring, in the order of the
 * commands.
 */
#include "signal/cluster/redis.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"

/* What Redis has not taken: as much is published in seconds, not more. Over it,
 * the connection ends. */
enum { QUEUE_MAX = 32 << 20, WAITING_FIRST = 64 };

typedef void answer_fn(const struct redis_value *value, void *arg);

struct waiter {
    answer_fn *on_answer;
    uint64_t since_us;
};

struct redis {
    struct loop *loop;
    struct conn *conn;
    struct redis_reader *reader;
    const struct redis_handlers *handlers;
    void *arg;
    struct buf out;
    struct waiter *waiting; /* a ring */
    size_t waiting_first, waiting_count, waiting_cap;
    struct timer *patience;
    bool is_flushing; /* a deferred call will */
    bool is_over;     /* on_close was called */
};

static void lose(struct redis *redis, const char *text)
{
    if (redis->is_over)
        return;
    redis->is_over = true;
    redis->handlers->on_close(text, redis->arg);
}

/* ---- who waits ---- */

static void wait_for_answer(struct redis *redis, answer_fn *on_answer)
{
    if (redis->waiting_count == redis->waiting_cap) {
        size_t cap = redis->waiting_cap ? 2 * redis->waiting_cap : WAITING_FIRST;
        struct waiter *grown = xcalloc(cap, sizeof *grown);
        for (size_t i = 0; i < redis->waiting_count; i++)
            grown[i] = redis->waiting[(redis->waiting_first + i) % redis->waiting_cap];
        free(redis->waiting);
        redis->waiting = grown;
        redis->waiting_first = 0;
        redis->waiting_cap = cap;
    }
    size_t last = (redis->waiting_first + redis->waiting_count++) % redis->waiting_cap;
    redis->waiting[last] = (struct waiter){on_answer, clock_now_us()};
    if (redis->waiting_count == 1)
        timer_start_in(redis->patience, REDIS_PATIENCE_US);
}

static void on_patience(void *arg)
{
    struct redis *redis = arg;
    if (redis->waiting_count == 0)
        return;
    uint64_t until_us = redis->waiting[redis->waiting_first].since_us + REDIS_PATIENCE_US;
    if (clock_now_us() < until_us)
        timer_start_at(redis->patience, until_us);
    else
        lose(redis, "does not answer");
}

static void on_value(struct redis *redis, const struct redis_value *value)
{
    if (redis->waiting_count == 0) {
        redis->handlers->on_push(value, redis->arg);
        return;
    }
    answer_fn *on_answer = redis->waiting[redis->waiting_first].on_answer;
    redis->waiting_first = (redis->waiting_first + 1) % redis->waiting_cap;
    redis->waiting_count--;
    if (on_answer)
        on_answer(value, redis->arg);
    else if (redis_value_is_error(value)) {
        char *text = xstrndup(redis_value_text(value));
        lose(redis, text);
        free(text);
    }
}

/* ---- the connection ---- */

static void on_open(void *arg)
{
    struct redis *redis = arg;
    redis->handlers->on_open(redis->arg);
}

static void on_data(struct span bytes, void *arg)
{
    struct redis *redis = arg;
    struct redis_value *value = NULL;
    bool is_good = redis_reader_feed(redis->reader, bytes);
    while (is_good && !redis->is_over) {
        is_good = redis_reader_next(redis->reader, &value);
        if (!value)
            break;
        on_value(redis, value);
        redis_value_free(value);
    }
    if (!is_good)
        lose(redis, "does not speak the protocol of Redis");
}

static void on_end(void *arg)
{
    lose(arg, "has ended the connection");
}

static void on_close(int error, const char *text, void *arg)
{
    (void)error;
    lose(arg, text);
}

struct redis *redis_new(struct loop *loop, const char *host, uint16_t port,
                        const struct tls_client *tls, const struct redis_handlers *handlers,
                        void *arg)
{
    static const struct conn_handlers conn_handlers = {.on_open = on_open,
                                                       .on_data = on_data,
                                                       .on_end = on_end,
                                                       .on_close = on_close};
    struct redis *redis = xcalloc(1, sizeof *redis);
    redis->loop = loop;
    redis->handlers = handlers;
    redis->arg = arg;
    redis->reader = redis_reader_new();
    redis->patience = timer_new(loop, on_patience, redis);
    buf_init(&redis->out, QUEUE_MAX);
    redis->conn = conn_connect(loop, host, port, tls, REDIS_PATIENCE_US, &conn_handlers, redis);
    return redis;
}

static void flush(struct redis *redis)
{
    if (conn_queued(redis->conn) + redis->out.len > QUEUE_MAX)
        lose(redis, "takes too little of what is to be published");
    else if (redis->out.len > 0)
        conn_write(redis->conn, buf_bytes(&redis->out));
    buf_clear(&redis->out);
}

static void destroy(void *arg)
{
    struct redis *redis = arg;
    redis_reader_free(redis->reader);
    free(redis);
}

void redis_close(struct redis *redis)
{
    if (!redis)
        return;
    if (!redis->is_over)
        flush(redis);
    redis->is_over = true;
    conn_close(redis->conn);
    timer_free(redis->patience);
    buf_deinit(&redis->out);
    free(redis->waiting);
    redis->waiting = NULL;
    /* Its reader may be under way. */
    loop_defer(redis->loop, destroy, redis);
}

/* ---- commands ---- */

static void on_flush(void *arg)
{
    struct redis *redis = arg;
    redis->is_flushing = false;
    if (!redis->is_over)
        flush(redis);
}

void redis_begin(struct redis *redis, size_t count, answer_fn *on_answer)
{
    if (redis->is_over)
        return;
    wait_for_answer(redis, on_answer);
    buf_append_format(&redis->out, "*%zu\r\n", count);
    if (redis->is_flushing)
        return;
    redis->is_flushing = true;
    loop_defer(redis->loop, on_flush, redis);
}

void redis_word(struct redis *redis, struct span word)
{
    if (redis->is_over)
        return;
    buf_append_format(&redis->out, "$%zu\r\n", word.len);
    buf_append(&redis->out, word);
    if (buf_append_string(&redis->out, "\r\n") < 0)
        lose(redis, "takes too little of what is to be published");
}

void redis_text(struct redis *redis, const char *word)
{
    redis_word(redis, span_from_string(word));
}

void redis_subscribe(struct redis *redis, const char *channel)
{
    buf_append_format(&redis->out, "*2\r\n$9\r\nSUBSCRIBE\r\n$%zu\r\n%s\r\n", strlen(channel),
                      channel);
    flush(redis);
}
