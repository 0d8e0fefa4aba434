#include "tunnel/checkup.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "http/head_probe.h"
#include "net/private_address.h"

struct checkup {
    struct loop *loop;
    struct nat_probe *nat;  /* NULL: no server is asked */
    struct tls_client *tls; /* of an upstream by https */
    struct http_head_probe *upstream;
    struct timer *timer;
    uint64_t begun_us;
    int pending;
    struct report report; /* what the upstream has said so far */
    void (*on_done)(const struct report *report, void *arg);
    void *arg;
};

static enum report_mapped class_of(const struct nat_view *view)
{
    if (!view->mapped)
        return REPORT_MAPPED_UNKNOWN;
    return address_is_private(view->mapped) ? REPORT_MAPPED_PRIVATE : REPORT_MAPPED_PUBLIC;
}

static void finish(void *arg)
{
    struct checkup *checkup = arg;
    struct nat_answer answers[NAT_ANSWERS_MAX];
    struct report *report = &checkup->report;
    timer_stop(checkup->timer);
    checkup->pending = 0;
    if (checkup->nat) {
        size_t count = nat_probe_get(checkup->nat, answers);
        struct nat_view v4 = nat_judge(answers, count, AF_INET);
        struct nat_view v6 = nat_judge(answers, count, AF_INET6);
        report->knows_nat = v4.asked + v6.asked > 0; /* their names may not be found */
        report->v4 = v4.kind;
        report->v6 = v6.kind;
        report->mapped = class_of(&v4);
    }
    checkup->on_done(report, checkup->arg);
}

/* One of the two is through. */
static void settle(struct checkup *checkup)
{
    if (checkup->pending > 0 && --checkup->pending == 0)
        timer_start_in(checkup->timer, 0);
}

static void on_nat(void *arg)
{
    settle(arg);
}

/* ---- the upstream ---- */

static void on_status(int status, void *arg)
{
    struct checkup *checkup = arg;
    checkup->report.upstream_status = status;
    checkup->report.upstream_ms = (clock_now_us() - checkup->begun_us) / US_PER_MS;
    settle(checkup);
}

static void on_error(enum http_call_error error, const char *text, void *arg)
{
    (void)error, (void)text;
    settle(arg);
}

static void ask_upstream(struct checkup *checkup, const struct upstream_config *config)
{
    static const struct http_head_probe_handlers handlers = {on_status, on_error};
    if (config->url->is_tls &&
        tls_client_new(config->ca_file, config->is_insecure, &checkup->tls) < 0)
        return; /* it was fine when the tunnel was made */
    checkup->upstream = http_head_probe_new(checkup->loop, config->url, checkup->tls, CHECKUP_US,
                                            &handlers, checkup);
    checkup->pending += checkup->upstream != NULL;
}

/* ---- life ---- */

struct checkup *checkup_new(struct loop *loop, const struct checkup_config *config,
                            void (*on_done)(const struct report *report, void *arg), void *arg)
{
    static const struct nat_probe_handlers handlers = {.on_done = on_nat};
    struct checkup *checkup = xcalloc(1, sizeof *checkup);
    checkup->loop = loop;
    checkup->on_done = on_done;
    checkup->arg = arg;
    checkup->begun_us = clock_now_us();
    checkup->timer = timer_new(loop, finish, checkup);
    timer_start_in(checkup->timer, CHECKUP_US);
    if (config->servers) {
        checkup->pending++;
        checkup->nat = nat_probe_new(loop, config->servers, &handlers, checkup);
    }
    ask_upstream(checkup, config->upstream);
    return checkup;
}

void checkup_free(struct checkup *checkup)
{
    if (!checkup)
        return;
    nat_probe_free(checkup->nat);
    http_head_probe_free(checkup->upstream);
    tls_client_free(checkup->tls);
    timer_free(checkup->timer);
    free(checkup);
}
