/*
 * Each request becomes a passage (tunnel/passage.h), in one of two lists:
 *
 *   waiting (no tunnel) --mux--> streaming --> gone
 *        \--- 10 s: 503 -----------------------^
 *
 * Which provider has it the pool decides, as it does once more when that one
 * fails before it has answered.
 */
#include "tunnel/proxy.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/list.h"
#include "net/deadline.h"
#include "net/wake_watch.h"
#include "tunnel/passage.h"
#include "tunnel/proxy_head.h"

enum {
    CLIENT_CONNECTIONS_MAX = 4096 /* local clients; each costs a descriptor */
};
#define CLIENT_HEAD_TIMEOUT_US (30 * US_PER_S)
#define CLIENT_IDLE_TIMEOUT_US (120 * US_PER_S)

struct proxy {
    struct loop *loop;
    struct passage_common common;
    struct http_server *server;
    bool is_forwarded;
    bool is_tls;      /* clients speak it */
    uint64_t wait_us; /* of a request, for the tunnel */
    struct pool pool;
    struct mux *muxes[POOL_PROVIDERS_MAX]; /* of providers; NULL while down */
    uint32_t names[POOL_PROVIDERS_MAX];
    enum provider_kind kind; /* of the names */
    char *problem;           /* why all are */
    bool is_lasting;         /* they stay so */
    uint64_t retry_at_us;    /* until then; or 0 */
    struct list waiting;     /* passages, the longest-waiting first */
    struct list streaming;
    struct deadline *deadline; /* of the first in waiting */
    struct wake_watch *wake;
};

/* ---- what waits ---- */

static uint64_t next_us(void *arg)
{
    const struct proxy *proxy = arg;
    struct list *first = list_first(&proxy->waiting);
    return first ? LIST_ENTRY(first, struct passage, link)->give_up_at_us : TIME_NEVER;
}

static void fail_down(const struct proxy *proxy, struct passage *p)
{
    uint64_t now_us = clock_now_us();
    char *message = xasprintf("the tunnel is not connected: %s", proxy->problem);
    p->form.retry_in_us = proxy->retry_at_us > now_us ? proxy->retry_at_us - now_us : 0;
    p->form.is_lasting = proxy->is_lasting;
    passage_fail(p, &answer_tunnel_down, EXCHANGE_DOWN, message);
    free(message);
}

static void on_wait_over(void *arg)
{
    struct proxy *proxy = arg;
    uint64_t now_us = clock_now_us();
    struct list *first;
    while ((first = list_first(&proxy->waiting)) != NULL) {
        struct passage *p = LIST_ENTRY(first, struct passage, link);
        if (p->give_up_at_us > now_us && !proxy->is_lasting)
            break;
        fail_down(proxy, p);
    }
}

/* The time that was slept through was none in which the tunnel could come
 * up. */
static void on_wake(uint64_t since_us, void *arg)
{
    struct proxy *proxy = arg;
    (void)since_us;
    LIST_EACH(link, tmp, &proxy->waiting) {
        struct passage *p = LIST_ENTRY(link, struct passage, link);
        p->give_up_at_us = clock_now_us() + proxy->wait_us;
    }
}

/* Who has been let go before may come back to those that wait. */
static void insert_waiting(struct proxy *proxy, struct passage *p)
{
    struct list *before = &proxy->waiting;
    LIST_EACH(link, next, &proxy->waiting) {
        if (LIST_ENTRY(link, struct passage, link)->give_up_at_us > p->give_up_at_us) {
            before = link;
            break;
        }
    }
    list_append(before, &p->link);
}

/* Not for longer because there was hope in between. */
static void on_held(struct passage *p, void *arg)
{
    struct proxy *proxy = arg;
    if (p->give_up_at_us == 0)
        p->give_up_at_us = clock_now_us() + proxy->wait_us;
    if (proxy->is_lasting)
        p->give_up_at_us = 1; /* as soon as this turn ends */
    p->tried = 0;
    list_remove(&p->link);
    insert_waiting(proxy, p);
}

static void let_wait(struct proxy *proxy, struct passage *p, const struct head *head)
{
    passage_hold(p, head);
    p->give_up_at_us = clock_now_us() + proxy->wait_us;
    list_append(&proxy->waiting, &p->link);
}

/* ---- who gets it ---- */

/* One that it has not been at; NULL when there is none. */
static struct mux *assign(struct proxy *proxy, struct passage *p)
{
    unsigned *last = http_exchange_memo(p->exchange); /* one more than its number */
    int provider = pool_choose(&proxy->pool, (int)*last - 1, p->tried, loop_now_us(proxy->loop));
    if (provider == POOL_NOBODY)
        return NULL;
    pool_begin(&proxy->pool, provider);
    *last = (unsigned)provider + 1;
    p->provider = provider;
    p->record.provider = proxy->names[provider];
    p->record.provider_kind = proxy->kind;
    p->tried |= 1U << provider;
    return proxy->muxes[provider];
}

static void release(struct proxy *proxy, struct passage *p)
{
    if (p->provider != POOL_NOBODY)
        pool_end(&proxy->pool, p->provider);
    p->provider = POOL_NOBODY;
}

static struct mux *move(struct proxy *proxy, struct passage *p)
{
    release(proxy, p);
    return assign(proxy, p);
}

/* A client that is sent away by one does not have to go while another one is
 * ready. One that is passed over as well would say the same. */
static struct mux *on_head(struct passage *p, const struct head *head, bool can_move, void *arg)
{
    struct proxy *proxy = arg;
    uint64_t now_us = loop_now_us(proxy->loop);
    uint64_t for_us = retry_after_us(head);
    if (for_us > 0)
        pool_shun(&proxy->pool, p->provider, for_us, now_us);
    bool goes_on = can_move && pool_has_ready(&proxy->pool, p->tried, now_us);
    return goes_on ? move(proxy, p) : NULL;
}

static struct mux *on_failure(struct passage *p, enum stream_error error, bool can_move, void *arg)
{
    struct proxy *proxy = arg;
    pool_shun(&proxy->pool, p->provider, retry_outage_us(error), clock_now_us());
    return can_move ? move(proxy, p) : NULL;
}

static void on_gone(struct passage *p, void *arg)
{
    release(arg, p);
}

static const struct passage_owner passage_owner = {
    .on_head = on_head,
    .on_failure = on_failure,
    .on_held = on_held,
    .on_gone = on_gone,
};

/* ---- requests ---- */

static void begin(struct proxy *proxy, struct passage *p, struct head *head)
{
    passage_accept(p);
    struct mux *mux = assign(proxy, p);
    if (mux) {
        list_append(&proxy->streaming, &p->link);
        passage_start(p, mux, head);
    } else if (proxy->is_lasting ||
               gate_has_let_through(&proxy->common.gate, head, &p->form.cors, clock_now_us())) {
        fail_down(proxy, p);
    } else {
        let_wait(proxy, p, head);
    }
}

static void on_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    struct proxy *proxy = arg;
    struct proxy_head sent;
    struct gate_refusal why;
    struct address client;
    if (proxy->is_forwarded)
        http_exchange_peer_address(x, &client);
    proxy_head_init(&sent, request, proxy->is_forwarded ? &client : NULL, proxy->is_tls);
    struct passage *p = passage_new(&proxy->common, x, request, &sent.head);
    p->provider = POOL_NOBODY;
    switch (gate_judge(&proxy->common.gate, request, &sent.head, &why)) {
    case GATE_OPEN:
        begin(proxy, p, &sent.head);
        break;
    case GATE_REFUSED:
        passage_fail(p, why.answer, EXCHANGE_REFUSED, why.message);
        break;
    case GATE_LAST_HOP:
        p->record.status = gate_answer_as_last(x, request);
        passage_done(p, EXCHANGE_COMPLETE, NULL);
        break;
    }
    proxy_head_deinit(&sent);
}

/* ---- the proxy ---- */

int proxy_new(struct loop *loop, const struct proxy_config *proxy_config,
              const struct exchange_watch *watch, struct proxy **out)
{
    struct proxy *proxy = xcalloc(1, sizeof *proxy);
    struct http_server_config config = {
        .on_request = on_request,
        .arg = proxy,
        .pipes_all = proxy_config->is_tcp,
        .pipes_http2 = true,
        .connections_max = CLIENT_CONNECTIONS_MAX,
        .tls = proxy_config->tls,
        .head_timeout_us = CLIENT_HEAD_TIMEOUT_US,
        .idle_timeout_us = CLIENT_IDLE_TIMEOUT_US,
    };
    int error =
        http_server_new(loop, proxy_config->host, proxy_config->port, &config, &proxy->server);
    if (error) {
        free(proxy);
        return error;
    }
    proxy->loop = loop;
    proxy->common.watch = *watch;
    proxy->common.owner = &passage_owner;
    proxy->common.arg = proxy;
    proxy->is_forwarded = proxy_config->is_forwarded;
    proxy->is_tls = proxy_config->tls != NULL;
    proxy->wait_us = proxy_config->wait_us > 0 ? proxy_config->wait_us : PROXY_WAIT_US;
    pool_init(&proxy->pool, proxy_config->pick);
    gate_init(&proxy->common.gate, proxy_config->host, &proxy_config->allowed_hosts);
    proxy->problem = xstrdup("it has just started");
    proxy->deadline = deadline_new(loop, next_us, on_wait_over, proxy);
    proxy->wake = wake_watch_new(loop, on_wake, proxy);
    list_init(&proxy->waiting);
    list_init(&proxy->streaming);
    *out = proxy;
    return 0;
}

void proxy_free(struct proxy *proxy)
{
    if (!proxy)
        return;
    assert(list_is_empty(&proxy->streaming));
    http_server_free(proxy->server);
    LIST_EACH(link, next, &proxy->waiting)
        passage_done(LIST_ENTRY(link, struct passage, link), EXCHANGE_DOWN,
                     "the proxy is shutting down");
    deadline_free(proxy->deadline);
    wake_watch_free(proxy->wake);
    free(proxy->problem);
    free(proxy);
}

uint16_t proxy_port(const struct proxy *proxy)
{
    return http_server_port(proxy->server);
}

int proxy_add_provider(struct proxy *proxy, unsigned rank, uint32_t name)
{
    int provider = pool_join(&proxy->pool, rank);
    if (provider != POOL_NOBODY)
        proxy->names[provider] = name;
    return provider;
}

void proxy_tell_apart(struct proxy *proxy, enum provider_kind kind)
{
    proxy->kind = kind;
}

void proxy_remove_provider(struct proxy *proxy, int provider)
{
    proxy_set_mux(proxy, provider, NULL);
    pool_leave(&proxy->pool, provider);
}

static void end_waiting(struct proxy *proxy)
{
    struct list *first;
    while ((first = list_first(&proxy->waiting)) != NULL) {
        struct passage *p = LIST_ENTRY(first, struct passage, link);
        struct mux *mux = assign(proxy, p);
        if (!mux)
            return;
        list_remove(first);
        list_append(&proxy->streaming, first);
        passage_go_on(p, mux);
    }
}

void proxy_set_mux(struct proxy *proxy, int provider, struct mux *mux)
{
    proxy->muxes[provider] = mux;
    if (mux) {
        pool_open(&proxy->pool, provider);
        pool_set_round_trip(&proxy->pool, provider, mux_rtt_us(mux));
    } else {
        pool_close(&proxy->pool, provider);
    }
    end_waiting(proxy);
}

void proxy_set_round_trip(struct proxy *proxy, int provider, uint64_t round_trip_us)
{
    pool_set_round_trip(&proxy->pool, provider, round_trip_us);
}

void proxy_set_problem(struct proxy *proxy, const char *text, bool is_lasting, uint64_t retry_at_us)
{
    free(proxy->problem);
    proxy->problem = xstrdup(text);
    proxy->is_lasting = is_lasting;
    proxy->retry_at_us = retry_at_us;
    if (is_lasting)
        on_wait_over(proxy);
}

uint64_t proxy_waiting_us(const struct proxy *proxy, uint64_t now_us)
{
    struct list *first = list_first(&proxy->waiting);
    return first ? now_us - LIST_ENTRY(first, struct passage, link)->record.begun_us : 0;
}

size_t proxy_waiting(const struct proxy *proxy)
{
    size_t count = 0;
    LIST_EACH(link, next, &proxy->waiting)
        count++;
    return count;
}
