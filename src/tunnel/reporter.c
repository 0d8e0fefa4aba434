#include "tunnel/reporter.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "signal/message.h"

struct reporter {
    struct loop *loop;
    struct reporter_config config;
    const struct reporter_handlers *handlers;
    void *arg;
    struct ice_servers *stun; /* NULL until somebody asks, or where none is to be asked */
    struct checkup *checkup;  /* NULL: none is under way */
    struct report report;     /* the last */
    uint64_t report_us;       /* when that was; 0: never */
    size_t count;
    char askers[REPORTER_ASKERS_MAX][SIGNAL_PEER_ID_MAX + 1];
};

static void tell(struct reporter *reporter, const char *peer)
{
    struct report report = reporter->report;
    report.session = reporter->handlers->session_of(peer, reporter->arg);
    char *text = report_encode(&report);
    log_info("tunnel: member %.8s has asked how this side is connected", peer);
    reporter->handlers->on_report(peer, text, reporter->arg);
    free(text);
}

static void on_checked(const struct report *found, void *arg)
{
    struct reporter *reporter = arg;
    struct report *report = &reporter->report;
    const struct report *fixed = &reporter->config.fixed;
    *report = *found;
    report->has_turn = ice_servers_has_turn(reporter->config.servers);
    report->takes_relay = fixed->takes_relay;
    report->is_relay_only = fixed->is_relay_only;
    report->asks_router = fixed->asks_router;
    reporter->report_us = clock_now_us();
    checkup_free(reporter->checkup);
    reporter->checkup = NULL;
    for (size_t i = 0; i < reporter->count; i++)
        tell(reporter, reporter->askers[i]);
    reporter->count = 0;
}

/* Looked up when somebody asks for the first time. */
static struct ice_servers *make_servers(struct loop *loop, const struct reporter_config *config)
{
    const char *why; /* they were checked where they were taken */
    if (config->stun_count == 0)
        return NULL;
    struct ice_servers *servers = ice_servers_new(loop);
    for (size_t i = 0; i < config->stun_count; i++)
        ice_servers_add(servers, config->stun[i], NULL, NULL, &why);
    if (config->second_stun)
        ice_servers_add(servers, config->second_stun, NULL, NULL, &why);
    return servers;
}

void reporter_ask(struct reporter *reporter, const char *peer)
{
    uint64_t now_us = clock_now_us();
    if (reporter->report_us > 0 && now_us < reporter->report_us + REPORTER_FRESH_US) {
        tell(reporter, peer);
        return;
    }
    if (reporter->count == REPORTER_ASKERS_MAX)
        return;
    snprintf(reporter->askers[reporter->count++], SIGNAL_PEER_ID_MAX + 1, "%s", peer);
    if (reporter->checkup)
        return;
    if (!reporter->stun && !reporter->config.fixed.is_relay_only)
        reporter->stun = make_servers(reporter->loop, &reporter->config);
    const struct checkup_config config = {reporter->stun, &reporter->config.upstream};
    reporter->checkup = checkup_new(reporter->loop, &config, on_checked, reporter);
}

struct reporter *reporter_new(struct loop *loop, const struct reporter_config *config,
                              const struct reporter_handlers *handlers, void *arg)
{
    struct reporter *reporter = xcalloc(1, sizeof *reporter);
    reporter->loop = loop;
    reporter->config = *config;
    reporter->handlers = handlers;
    reporter->arg = arg;
    return reporter;
}

void reporter_free(struct reporter *reporter)
{
    if (!reporter)
        return;
    checkup_free(reporter->checkup);
    ice_servers_free(reporter->stun);
    free(reporter);
}
