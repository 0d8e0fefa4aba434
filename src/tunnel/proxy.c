/*
 * Each request becomes a relay (tunnel/relay.h), in one of two lists:
 *
 *   waiting (no tunnel) --mux--> streaming --> gone
 *        \--- 10 s: 503 -----------------------^
 */
#include "tunnel/proxy.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/list.h"
#include "net/wake_watch.h"
#include "tunnel/proxy_head.h"
#include "tunnel/relay.h"

enum {
    CLIENT_CONNECTIONS_MAX = 4096 /* local clients; each costs a descriptor */
};
#define CLIENT_HEAD_TIMEOUT_US (30 * US_PER_S)
#define CLIENT_IDLE_TIMEOUT_US (120 * US_PER_S)

struct proxy {
    struct loop *loop;
    struct relay_common common;
    struct http_server *server;
    bool is_forwarded;
    uint64_t wait_us;    /* of a request, for the tunnel */
    struct mux *mux;     /* NULL while the tunnel is down */
    char *problem;       /* why it is down */
    struct list waiting; /* relays, the longest-waiting first */
    struct list streaming;
    struct timer *timer; /* of the first in waiting */
    struct wake_watch *wake;
};

/* ---- what waits ---- */

static void rearm(struct proxy *proxy)
{
    struct list *first = list_first(&proxy->waiting);
    timer_start_at(proxy->timer,
                   first ? LIST_ENTRY(first, struct relay, link)->give_up_at_us : TIME_NEVER);
}

static void fail_down(const struct proxy *proxy, struct relay *r)
{
    char *message = xasprintf("the tunnel is not connected: %s", proxy->problem);
    relay_fail(r, &answer_tunnel_down, EXCHANGE_DOWN, message);
    free(message);
}

static void on_wait_over(void *arg)
{
    struct proxy *proxy = arg;
    uint64_t now_us = clock_now_us();
    struct list *first;
    while ((first = list_first(&proxy->waiting)) != NULL) {
        struct relay *r = LIST_ENTRY(first, struct relay, link);
        if (r->give_up_at_us > now_us)
            break;
        fail_down(proxy, r);
    }
    rearm(proxy);
}

/* The time that was slept through was none in which the tunnel could come up. */
static void on_wake(uint64_t since_us, void *arg)
{
    struct proxy *proxy = arg;
    (void)since_us;
    LIST_EACH(link, tmp, &proxy->waiting)
    {
        struct relay *r = LIST_ENTRY(link, struct relay, link);
        r->give_up_at_us = clock_now_us() + proxy->wait_us;
    }
    rearm(proxy);
}

static void let_wait(struct proxy *proxy, struct relay *r, const struct head *head)
{
    relay_hold(r, head);
    r->give_up_at_us = clock_now_us() + proxy->wait_us;
    list_append(&proxy->waiting, &r->link);
    rearm(proxy);
}

/* ---- requests ---- */

static void begin(struct proxy *proxy, struct relay *r, struct head *head)
{
    relay_accept(r);
    if (proxy->mux) {
        list_append(&proxy->streaming, &r->link);
        relay_start(r, proxy->mux, head);
    } else if (gate_has_let_through(&proxy->common.gate, head, &r->form.cors, clock_now_us())) {
        fail_down(proxy, r);
    } else {
        let_wait(proxy, r, head);
    }
}

static void on_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    struct proxy *proxy = arg;
    struct proxy_head sent;
    struct gate_refusal why;
    struct address client;
    http_exchange_peer_address(x, &client);
    proxy_head_init(&sent, request, proxy->is_forwarded ? &client : NULL);
    struct relay *r = relay_new(&proxy->common, x, request, &sent.head);
    switch (gate_judge(&proxy->common.gate, request, &sent.head, &why)) {
    case GATE_OPEN:
        begin(proxy, r, &sent.head);
        break;
    case GATE_REFUSED:
        relay_fail(r, why.answer, EXCHANGE_REFUSED, why.message);
        break;
    case GATE_LAST_HOP:
        r->record.status = gate_answer_as_last(x, request);
        relay_done(r, EXCHANGE_COMPLETE, NULL);
        break;
    }
    proxy_head_deinit(&sent);
}

/* ---- the proxy ---- */

int proxy_new(struct loop *loop, const struct proxy_config *proxy_config,
              const struct exchange_listener *listener, struct proxy **out)
{
    struct proxy *proxy = xcalloc(1, sizeof *proxy);
    struct http_server_config config = {
        .on_request = on_request,
        .arg = proxy,
        .connections_max = CLIENT_CONNECTIONS_MAX,
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
    proxy->common.listener = *listener;
    proxy->is_forwarded = proxy_config->is_forwarded;
    proxy->wait_us = proxy_config->wait_us > 0 ? proxy_config->wait_us : PROXY_WAIT_US;
    gate_init(&proxy->common.gate, proxy_config->host, &proxy_config->allowed_hosts);
    proxy->problem = xstrdup("it has just started");
    proxy->timer = timer_new(loop, on_wait_over, proxy);
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
    relay_done(LIST_ENTRY(link, struct relay, link), EXCHANGE_DOWN, "the proxy is shutting down");
    timer_free(proxy->timer);
    wake_watch_free(proxy->wake);
    free(proxy->problem);
    free(proxy);
}

uint16_t proxy_port(const struct proxy *proxy)
{
    return http_server_port(proxy->server);
}

void proxy_set_mux(struct proxy *proxy, struct mux *mux)
{
    proxy->mux = mux;
    struct list *first;
    while (mux && (first = list_first(&proxy->waiting)) != NULL) {
        list_remove(first);
        list_append(&proxy->streaming, first);
        relay_go_on(LIST_ENTRY(first, struct relay, link), mux);
    }
    rearm(proxy);
}

void proxy_set_problem(struct proxy *proxy, const char *text)
{
    free(proxy->problem);
    proxy->problem = xstrdup(text);
}
