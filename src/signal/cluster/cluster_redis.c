/*
 *   FINDING ──► OPENING ──both are ready──► TRYING ──it works──► UP
 *      ▲           │                          │                   │
 *   RESTING        │                          │    one is lost    │
 *      ▲           ▼                          ▼                   ▼
 *      └────────────────────────── LOST ──────────────────────────┘
 *
 * A Redis that takes us, but none of what we want (it has no memory left, it is
 * a replica, the user may do too little), must not be up for a moment, again
 * and again, where an island would work. So it is tried before.
 *
 * Where the two connections do not come to the same end, neither is of use: a
 * server whose lease is renewed, and which hears nothing, would hold its rooms
 * and not answer. So both go together, and with each beat a message to
 * ourselves shows that what is published arrives.
 */
#include "signal/cluster/cluster_redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/backoff.h"
#include "base/list.h"
#include "base/log.h"
#include "base/random.h"
#include "http/url.h"
#include "net/deadline.h"
#include "signal/cluster/cluster_post.h"
#include "signal/cluster/cluster_script.h"
#include "signal/cluster/sentinels.h"

#define RETRY_FIRST_US (100 * US_PER_MS)
#define RETRY_MOST_US  (2 * US_PER_S)
#define SILENCE_US     (2 * CLUSTER_BEAT_US + US_PER_S)

/* What was up for so long may be asked again at once. */
#define LASTING_US CLUSTER_BEAT_US

enum state {
    STATE_FINDING,
    STATE_OPENING,
    STATE_TRYING,
    STATE_UP,
    STATE_LOST, /* until the turn's end */
    STATE_RESTING
};

/* Asked, and not answered yet: ids of rooms, or of servers. */
struct question {
    struct list link;
    size_t count;
    uint8_t ids[];
};

struct cluster_redis {
    struct loop *loop;
    const struct redis_url *url;
    const struct tls_client *tls;
    struct cluster *cluster;
    struct deadline *deadline;
    uint8_t id[CLUSTER_ID_LEN];
    enum state state;
    struct sentinels *sentinels;      /* NULL: the URL names the Redis itself */
    const struct redis_host *host;    /* the Redis, once it is found */
    struct redis *commands;           /* OPENING, TRYING, UP */
    struct redis *listening;          /* the same */
    bool is_commanding, is_listening; /* OPENING: which of them is ready */
    struct cluster_post *post;
    struct list questions;
    uint64_t up_us;    /* since when */
    uint64_t heard_us; /* from ourselves */
    uint64_t rest_us;  /* LOST: how long it rests then */
    struct backoff backoff;
    struct timer *timer; /* LOST, RESTING */
    bool is_told;        /* that it is away */
};

/* ---- losing it ---- */

static void drop(struct cluster_redis *r)
{
    sentinels_hang_up(r->sentinels);
    redis_close(r->commands);
    redis_close(r->listening);
    r->commands = r->listening = NULL;
    cluster_post_clear(r->post);
    LIST_EACH(link, next, &r->questions) {
        list_remove(link);
        free(LIST_ENTRY(link, struct question, link));
    }
}

/* 0: at once. */
static uint64_t rest_for_us(struct cluster_redis *r, bool was_up)
{
    if (!was_up || clock_now_us() < r->up_us + LASTING_US)
        return backoff_next_us(&r->backoff);
    backoff_reset(&r->backoff);
    return 0;
}

/* Said once for each time that it is away. Under a call of the cluster's, so
 * the rest comes later. */
static void lose_of(struct cluster_redis *r, const struct redis_host *host, const char *why)
{
    if (r->state == STATE_LOST || r->state == STATE_RESTING)
        return;
    bool was_up = r->state == STATE_UP;
    char *where = listen_address_format(host->host, host->port);
    log_write(
        was_up || !r->is_told ? LOG_WARN : LOG_DEBUG,
        "cluster: the redis at %s: %s; until it is back, members at other servers cannot be met",
        where, why);
    free(where);
    r->is_told = true;
    r->rest_us = rest_for_us(r, was_up);
    r->state = STATE_LOST;
    timer_start_in(r->timer, 0);
}

static void lose(struct cluster_redis *r, const char *why)
{
    lose_of(r, r->host, why);
}

static void on_lost(const char *text, void *arg)
{
    lose(arg, text);
}

static void on_sentinel_lost(const struct redis_host *sentinel, const char *why, void *arg)
{
    lose_of(arg, sentinel, why);
}

/* An answer that should not be one. True: it is none. */
static bool is_refused(struct cluster_redis *r, const struct redis_value *value)
{
    if (!redis_value_is_error(value))
        return false;
    char *text = xstrndup(redis_value_text(value));
    lose(r, text);
    free(text);
    return true;
}

/* ---- what the cluster wants ---- */

static void on_publish(const uint8_t *to, struct span head, struct span text, void *arg)
{
    struct cluster_redis *r = arg;
    if (r->state == STATE_UP)
        cluster_post_put(r->post, to, head, text);
}

static void on_post(const uint8_t *to, struct span bytes, void *arg)
{
    struct cluster_redis *r = arg;
    if (r->state == STATE_UP)
        script_publish(r->commands, to, bytes);
}

static void ask(struct cluster_redis *r, const uint8_t *ids, size_t count)
{
    struct question *question = xcalloc(1, sizeof *question + count * CLUSTER_ID_LEN);
    question->count = count;
    if (count > 0)
        memcpy(question->ids, ids, count * CLUSTER_ID_LEN);
    list_append(&r->questions, &question->link);
}

static struct question *answered(struct cluster_redis *r)
{
    struct list *first = list_first(&r->questions);
    list_remove(first);
    return LIST_ENTRY(first, struct question, link);
}

static void on_claimed(const struct redis_value *value, void *arg)
{
    struct cluster_redis *r = arg;
    if (is_refused(r, value))
        return;
    struct question *question = answered(r);
    uint8_t *homes = xcalloc(question->count, CLUSTER_ID_LEN);
    if (script_read_homes(value, question->count, homes))
        cluster_on_claimed(r->cluster, question->ids, homes, question->count, clock_now_us());
    else
        lose(r, "has something else where the homes of rooms should be");
    free(homes);
    free(question);
}

static void on_claim(const uint8_t *rooms, size_t count, void *arg)
{
    struct cluster_redis *r = arg;
    if (r->state != STATE_UP)
        return;
    ask(r, rooms, count);
    script_claim(r->commands, r->id, rooms, count, on_claimed);
}

static void on_release(const uint8_t *room, void *arg)
{
    struct cluster_redis *r = arg;
    if (r->state == STATE_UP)
        script_release(r->commands, r->id, room, NULL);
}

static void on_beaten(const struct redis_value *value, void *arg)
{
    struct cluster_redis *r = arg;
    if (is_refused(r, value))
        return;
    struct question *question = answered(r);
    size_t dead;
    bool had_lapsed;
    if (script_read_beat(value, question->ids, question->count, &dead, &had_lapsed))
        cluster_on_beat(r->cluster, had_lapsed, question->ids, dead, clock_now_us());
    else
        lose(r, "does not tell which servers live");
    free(question);
}

static void on_beat(const uint8_t *servers, size_t count, void *arg)
{
    struct cluster_redis *r = arg;
    if (r->state != STATE_UP)
        return;
    if (clock_now_us() > r->heard_us + SILENCE_US) {
        lose(r, "does not pass on what is published");
        return;
    }
    ask(r, servers, count);
    script_beat(r->commands, r->id, servers, count, on_beaten);
    script_publish(r->commands, r->id, (struct span){0});
}

/* ---- finding it, and connecting ---- */

static void be_up(struct cluster_redis *r)
{
    char *where = listen_address_format(r->host->host, r->host->port);
    log_info("cluster: connected to the redis at %s as server %02x%02x", where, r->id[0], r->id[1]);
    free(where);
    r->is_told = false;
    r->state = STATE_UP;
    r->up_us = r->heard_us = clock_now_us();
    cluster_on_up(r->cluster, r->up_us);
}

/* What we have said to ourselves comes with on_push(). */
static void on_tried(const struct redis_value *value, void *arg)
{
    struct cluster_redis *r = arg;
    if (!is_refused(r, value))
        script_publish(r->commands, r->id, (struct span){0});
}

/* All that will be asked of it, for a room that is nobody's. */
static void try_if_ready(struct cluster_redis *r)
{
    if (!r->is_commanding || !r->is_listening || r->state != STATE_OPENING)
        return;
    r->state = STATE_TRYING;
    script_claim(r->commands, r->id, r->id, 1, NULL);
    script_release(r->commands, r->id, r->id, on_tried);
}

static void on_ready(const struct redis_value *value, void *arg)
{
    struct cluster_redis *r = arg;
    if (is_refused(r, value))
        return;
    bool is_role = redis_value_count(value) > 0;
    if (is_role && !span_is_string(redis_value_text(redis_value_at(value, 0)), "master")) {
        lose(r, "is not the master any more, or not yet");
        return;
    }
    r->is_commanding = true;
    try_if_ready(r);
}

static void begin_auth(struct cluster_redis *r, struct redis *redis)
{
    if (!r->url->password)
        return;
    redis_begin(redis, r->url->user ? 3 : 2, NULL);
    redis_text(redis, "AUTH");
    if (r->url->user)
        redis_text(redis, r->url->user);
    redis_text(redis, r->url->password);
}

/* A Sentinel may name one that has just lost that office. */
static void on_commands_open(void *arg)
{
    struct cluster_redis *r = arg;
    char number[16];
    begin_auth(r, r->commands);
    snprintf(number, sizeof number, "%u", r->url->db);
    redis_begin(r->commands, 2, r->url->name ? NULL : on_ready);
    redis_text(r->commands, "SELECT");
    redis_text(r->commands, number);
    if (!r->url->name)
        return;
    redis_begin(r->commands, 1, on_ready);
    redis_text(r->commands, "ROLE");
}

static void on_listening_open(void *arg)
{
    struct cluster_redis *r = arg;
    begin_auth(r, r->listening);
    script_subscribe(r->listening, r->id);
}

/* ["subscribe", channel, number] or ["message", channel, payload] */
static void on_push(const struct redis_value *value, void *arg)
{
    struct cluster_redis *r = arg;
    if (is_refused(r, value) || redis_value_count(value) != 3)
        return;
    if (span_is_string(redis_value_text(redis_value_at(value, 0)), "subscribe")) {
        r->is_listening = true;
        try_if_ready(r);
        return;
    }
    struct span bytes = redis_value_text(redis_value_at(value, 2)), envelope;
    uint64_t now_us = clock_now_us();
    if (bytes.len == 0)
        r->heard_us = now_us;
    if (bytes.len == 0 && r->state == STATE_TRYING)
        be_up(r);
    while (cluster_post_next(&bytes, &envelope))
        cluster_receive(r->cluster, envelope, now_us);
}

static void open_both(const struct redis_host *host, void *arg)
{
    static const struct redis_handlers of_commands = {on_commands_open, on_push, on_lost};
    static const struct redis_handlers of_listening = {on_listening_open, on_push, on_lost};
    struct cluster_redis *r = arg;
    r->host = host;
    r->state = STATE_OPENING;
    r->is_commanding = r->is_listening = false;
    r->commands = redis_new(r->loop, host->host, host->port, r->tls, &of_commands, r);
    r->listening = redis_new(r->loop, host->host, host->port, r->tls, &of_listening, r);
    sentinels_hang_up(r->sentinels);
}

static void find(struct cluster_redis *r)
{
    r->state = STATE_FINDING;
    if (r->sentinels)
        sentinels_ask(r->sentinels);
    else
        open_both(&r->url->hosts[0], r);
}

static void on_timer(void *arg)
{
    struct cluster_redis *r = arg;
    if (r->state == STATE_RESTING) {
        find(r);
        return;
    }
    drop(r);
    r->state = STATE_RESTING;
    timer_start_in(r->timer, r->rest_us);
    cluster_on_down(r->cluster, clock_now_us());
}

/* ---- life ---- */

static uint64_t next_us(void *arg)
{
    struct cluster_redis *r = arg;
    return cluster_deadline_us(r->cluster);
}

static void on_due(void *arg)
{
    struct cluster_redis *r = arg;
    cluster_run(r->cluster, clock_now_us());
}

struct cluster_redis *cluster_redis_new(struct loop *loop, const struct redis_url *url,
                                        const struct tls_client *tls, size_t members_max,
                                        const struct cluster_handlers *handlers)
{
    struct cluster_redis *r = xcalloc(1, sizeof *r);
    static const struct sentinels_handlers of_sentinels = {open_both, on_sentinel_lost};
    const struct cluster_store store = {on_publish, on_claim, on_release, on_beat, r};
    r->loop = loop;
    r->url = url;
    r->tls = tls;
    random_bytes(r->id, sizeof r->id);
    list_init(&r->questions);
    backoff_init(&r->backoff, RETRY_FIRST_US, RETRY_MOST_US, random_u32());
    r->cluster = cluster_new(r->id, members_max, handlers, &store, clock_now_us());
    r->post = cluster_post_new(loop, on_post, r);
    r->deadline = deadline_new(loop, next_us, on_due, r);
    r->timer = timer_new(loop, on_timer, r);
    if (url->name)
        r->sentinels = sentinels_new(loop, url, tls, &of_sentinels, r);
    find(r);
    return r;
}

void cluster_redis_free(struct cluster_redis *r)
{
    if (!r)
        return;
    deadline_free(r->deadline);
    timer_free(r->timer);
    cluster_free(r->cluster, clock_now_us());
    cluster_post_flush(r->post);
    if (r->state == STATE_UP)
        script_end(r->commands, r->id);
    drop(r);
    cluster_post_free(r->post);
    sentinels_free(r->sentinels);
    free(r);
}

struct cluster *cluster_redis_cluster(struct cluster_redis *r)
{
    return r->cluster;
}
