#include "tunnel/upstream_probe.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "http/head_probe.h"

/* A server that loads its model meanwhile may take longer; that is no fault. */
#define PROBE_US (10 * US_PER_S)

struct upstream_probe {
    bool is_tls;
    void (*on_bad)(const char *why, void *arg);
    void *arg;
    struct http_head_probe *head;
    struct timer *timer;
};

static void probe_tell(struct upstream_probe *probe, const char *what, const char *hint)
{
    char *why = xasprintf("%s; %s", what, hint);
    probe->on_bad(why, probe->arg);
    free(why);
}

/* What speaks TLS answers plain HTTP by an alert, by 400 (nginx, Go), or by
 * nothing at all. */
static void on_status(int status, void *arg)
{
    struct upstream_probe *probe = arg;
    timer_stop(probe->timer);
    if (status == 400 && !probe->is_tls)
        probe_tell(probe, "answers a plain request by HTTP 400",
                   "if it speaks TLS, its URL must begin with https://");
}

static void on_error(enum http_call_error error, const char *text, void *arg)
{
    struct upstream_probe *probe = arg;
    timer_stop(probe->timer);
    switch (error) {
    case HTTP_CALL_CLOSED:
    case HTTP_CALL_MALFORMED:
        probe_tell(probe, text,
                   probe->is_tls ? "is that its port?"
                                 : "if it speaks TLS, its URL must begin with https://, and if "
                                   "HTTP/2 alone, as gRPC does, only clients of that can use it");
        break;
    case HTTP_CALL_TLS:
    case HTTP_CALL_DNS:
    case HTTP_CALL_REFUSED:
    case HTTP_CALL_UNREACHABLE:
    case HTTP_CALL_TIMEOUT:
        probe_tell(probe, text, "requests get 502 until that changes");
        break;
    case HTTP_CALL_BROKEN:
    case HTTP_CALL_HEAD_TOO_LARGE:
    case HTTP_CALL_REQUEST:
        break; /* somebody is there and speaks HTTP */
    }
}

static void on_timeout(void *arg)
{
    struct upstream_probe *probe = arg;
    http_head_probe_free(probe->head);
    probe->head = NULL;
}

struct upstream_probe *upstream_probe_new(struct loop *loop, const struct url *url,
                                          const struct tls_client *tls,
                                          void (*on_bad)(const char *why, void *arg), void *arg)
{
    static const struct http_head_probe_handlers handlers = {on_status, on_error};
    struct upstream_probe *probe = xcalloc(1, sizeof *probe);
    probe->is_tls = url->is_tls;
    probe->on_bad = on_bad;
    probe->arg = arg;
    probe->timer = timer_new(loop, on_timeout, probe);
    probe->head = http_head_probe_new(loop, url, tls, PROBE_US, &handlers, probe);
    if (probe->head)
        timer_start_in(probe->timer, PROBE_US);
    return probe;
}

void upstream_probe_free(struct upstream_probe *probe)
{
    if (!probe)
        return;
    timer_free(probe->timer);
    http_head_probe_free(probe->head);
    free(probe);
}
