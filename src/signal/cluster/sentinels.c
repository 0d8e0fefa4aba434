/*
 * A connection for each question: they are asked rarely.
 */
#include "signal/cluster/sentinels.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "signal/cluster/redis.h"

struct sentinels {
    struct loop *loop;
    const struct redis_url *url;
    const struct tls_client *tls;
    const struct sentinels_handlers *handlers;
    void *arg;
    struct redis *redis; /* the one that is asked, or NULL */
    size_t index;        /* its; or that of who was asked last */
    struct redis_host master;
};

static void on_close(const char *text, void *arg)
{
    struct sentinels *s = arg;
    s->handlers->on_lost(&s->url->hosts[s->index], text, s->arg);
}

/* What cannot be is 0. */
static uint16_t read_port(struct span text)
{
    char *number = xstrndup(text), *end;
    unsigned long port = strtoul(number, &end, 10);
    bool is_good = *number >= '0' && *number <= '9' && !*end && port <= UINT16_MAX;
    free(number);
    return is_good ? (uint16_t)port : 0;
}

/* [host, port]; or nothing, where it does not know the name. */
static void on_named(const struct redis_value *value, void *arg)
{
    struct sentinels *s = arg;
    if (redis_value_is_error(value)) {
        char *text = xstrndup(redis_value_text(value));
        on_close(text, s);
        free(text);
        return;
    }
    if (redis_value_count(value) != 2) {
        on_close("is a Sentinel that does not know such a master", s);
        return;
    }
    free(s->master.host);
    s->master.host = xstrndup(redis_value_text(redis_value_at(value, 0)));
    s->master.port = read_port(redis_value_text(redis_value_at(value, 1)));
    if (*s->master.host && s->master.port > 0)
        s->handlers->on_master(&s->master, s->arg);
    else
        on_close("names a master without an address", s);
}

static void on_open(void *arg)
{
    struct sentinels *s = arg;
    redis_begin(s->redis, 3, on_named);
    redis_text(s->redis, "SENTINEL");
    redis_text(s->redis, "get-master-addr-by-name");
    redis_text(s->redis, s->url->name);
}

static void on_push(const struct redis_value *value, void *arg)
{
    (void)value, (void)arg; /* it has not been asked for */
}

struct sentinels *sentinels_new(struct loop *loop, const struct redis_url *url,
                                const struct tls_client *tls,
                                const struct sentinels_handlers *handlers, void *arg)
{
    struct sentinels *s = xcalloc(1, sizeof *s);
    s->loop = loop;
    s->url = url;
    s->tls = tls;
    s->handlers = handlers;
    s->arg = arg;
    return s;
}

void sentinels_free(struct sentinels *s)
{
    if (!s)
        return;
    sentinels_hang_up(s);
    free(s->master.host);
    free(s);
}

void sentinels_ask(struct sentinels *s)
{
    static const struct redis_handlers handlers = {on_open, on_push, on_close};
    sentinels_hang_up(s);
    s->index = (s->index + 1) % s->url->host_count;
    const struct redis_host *host = &s->url->hosts[s->index];
    s->redis = redis_new(s->loop, host->host, host->port, s->tls, &handlers, s);
}

void sentinels_hang_up(struct sentinels *s)
{
    if (!s)
        return;
    redis_close(s->redis);
    s->redis = NULL;
}
