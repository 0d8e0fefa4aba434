/*
 * Carries out what the rendezvous decides. Whatever happens at the venue, to a
 * session or the machine's addresses becomes an event, as does the rendezvous'
 * deadline.
 */
#include "tunnel/keeper.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/random.h"
#include "tunnel/keeper_internal.h"
#include "tunnel/tool.h"

/* ---- events of sessions and of this machine ---- */

static void on_session_event(const struct event *event, void *arg)
{
    keeper_feed(arg, event);
}

static void on_round_trip(uint32_t partner, uint64_t round_trip_us, void *arg)
{
    const struct keeper *keeper = arg;
    keeper->handlers.on_round_trip(partner, round_trip_us, keeper->arg);
}

static void on_relay(const struct relay_frame *frame, void *arg)
{
    venue_relay(((const struct keeper *)arg)->venue, frame);
}

static void on_request(uint32_t partner, struct mux_stream *stream, const struct head *head,
                       void *arg)
{
    struct keeper *keeper = arg;
    keeper->handlers.on_request(partner, stream, head, keeper->arg);
}

static void on_addresses(void *arg)
{
    struct keeper *keeper = arg;
    unsigned *outdated = xcalloc(keeper->sessions.count + 1, sizeof *outdated);
    struct event event = {.type = EVENT_ADDRESSES, .outdated = outdated};
    event.outdated_count = sessions_update_addresses(&keeper->sessions, outdated);
    event.is_cut_off = !venue_has_address(keeper->venue);
    log_debug("keeper: addresses have changed%s",
              event.outdated_count > 0 ? "" : ", but nothing for us");
    roster_settle(&keeper->roster);
    keeper_feed(keeper, &event);
    free(outdated);
}

static uint64_t next_us(void *arg)
{
    const struct keeper *keeper = arg;
    uint64_t rendezvous_us = rendezvous_deadline_us(keeper->rendezvous);
    uint64_t news_us = roster_news_us(&keeper->roster);
    return news_us < rendezvous_us ? news_us : rendezvous_us;
}

static void on_due(void *arg)
{
    keeper_tell_path(arg);
    keeper_feed(arg, &(struct event){.type = EVENT_DEADLINE});
}

/* ---- the keeper ---- */

static void init_sessions(struct keeper *keeper)
{
    static const struct sessions_handlers handlers = {
        .on_event = on_session_event,
        .on_request = on_request,
        .on_round_trip = on_round_trip,
        .on_relay = on_relay,
    };
    const struct sessions_config config = {
        .role = keeper->config.role,
        .features = keeper->config.features,
        .peer =
            {
                .cert = keeper->config.cert,
                .servers = keeper->config.servers,
                .is_relay_only = keeper->config.is_relay_only,
                .takes_relay = keeper->config.takes_relay,
                .tool = tool_name(keeper->config.role),
            },
    };
    sessions_init(&keeper->sessions, keeper->loop, &config, &handlers, keeper);
}

struct keeper *keeper_new(struct loop *loop, const struct keeper_config *config,
                          const struct keeper_handlers *handlers, void *arg)
{
    struct keeper *keeper = xcalloc(1, sizeof *keeper);
    struct rendezvous_config rendezvous_config = {
        .role = config->role,
        .partners_max = config->partners_max ? config->partners_max : KEEPER_PARTNERS_MAX,
        .consumer_offers = config->seal != NULL,
        .starts_shared = config->near.port > 0,
    };
    random_bytes(&rendezvous_config.seed, sizeof rendezvous_config.seed);
    keeper->loop = loop;
    keeper->config = *config;
    keeper->report.config = &keeper->config;
    keeper->handlers = *handlers;
    keeper->arg = arg;
    sealed_talk_init(&keeper->talk, config->seal);
    roster_init(&keeper->roster);
    init_sessions(keeper);
    keeper_make_venue(keeper);
    keeper->rendezvous = rendezvous_new(&rendezvous_config, clock_now_us());
    keeper->deadline = deadline_new_touched(loop, next_us, on_due, keeper);
    keeper->addresses = address_watch_new(loop, on_addresses, keeper);
    return keeper;
}

void keeper_stats(const struct keeper *keeper, struct keeper_stats *out)
{
    *out = (struct keeper_stats){
        .partners = keeper->roster.up,
        .sessions = keeper->sessions.count,
        .counts = keeper->counts,
    };
    out->counts.traffic = sessions_traffic(&keeper->sessions);
    out->counts.round_trips = keeper->sessions.round_trips;
    sessions_stats(&keeper->sessions, roster_last(&keeper->roster), &out->session);
}

void keeper_each_partner(const struct keeper *keeper,
                         void (*each)(const struct partner_view *partner, void *arg), void *arg)
{
    LIST_EACH(link, next, &keeper->roster.entries) {
        const struct roster_entry *entry = LIST_ENTRY(link, struct roster_entry, link);
        struct partner_view view = {.number = entry->partner, .name = entry->name};
        if (sessions_stats(&keeper->sessions, entry->session, &view.session))
            each(&view, arg);
    }
}

enum report_session keeper_session_of(const struct keeper *keeper, const char *peer)
{
    const char *device = sealed_talk_device(&keeper->talk, peer);
    LIST_EACH(link, next, &keeper->roster.entries) {
        const struct roster_entry *entry = LIST_ENTRY(link, struct roster_entry, link);
        struct session_stats stats;
        if (device && strcmp(entry->name, device) == 0 &&
            sessions_stats(&keeper->sessions, entry->session, &stats))
            return stats.peer.path.is_relayed ? REPORT_SESSION_RELAYED : REPORT_SESSION_DIRECT;
    }
    return REPORT_SESSION_NONE;
}

void keeper_report_to(struct keeper *keeper, const char *peer, const char *report)
{
    venue_say(keeper->venue, peer, SEAL_REPORT, report);
}

void keeper_end_device(struct keeper *keeper, const char *device)
{
    sessions_expel(&keeper->sessions, device);
}

void keeper_close(struct keeper *keeper)
{
    venue_free(keeper->venue);
    deadline_free(keeper->deadline);
    address_watch_free(keeper->addresses);
    sessions_deinit(&keeper->sessions, "the tunnel is shutting down");
    sealed_talk_deinit(&keeper->talk);
    roster_deinit(&keeper->roster);
    rendezvous_free(keeper->rendezvous);
    free(keeper);
}
