/*
 * Carries out what the rendezvous decides. Whatever happens to the signal
 * client, a session or the machine's addresses becomes an event, as does the
 * rendezvous' deadline; what it leads to is done at once, in order. An action
 * may lead to an event by itself, such as ACTION_FEED: that one is fed where it
 * happens, and whatever is still in the line is done then.
 */
#include "tunnel/keeper.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/random.h"
#include "net/address_watch.h"
#include "net/deadline.h"
#include "tunnel/keeper_report.h"
#include "tunnel/rendezvous.h"
#include "tunnel/roster.h"
#include "tunnel/sealed_talk.h"
#include "tunnel/sessions.h"
#include "tunnel/tool.h"
#include "tunnel/venue.h"

struct keeper {
    struct loop *loop;
    struct keeper_config config;
    struct keeper_handlers handlers;
    void *arg;
    struct rendezvous *rendezvous;
    struct deadline *deadline;
    struct address_watch *addresses;
    struct venue *venue;
    struct sealed_talk talk; /* of a sealed link */
    struct sessions sessions;
    struct roster roster;
    struct keeper_report report;
    struct keeper_counts counts; /* but for what sessions count */
    bool has_new_routes;         /* of relayed datagrams, by what is fed */
};

static void act(struct keeper *keeper, const struct action *action);

/* To whom the signal server would pass on the datagrams of a session. */
static const char *member_of(unsigned session, void *arg)
{
    const struct keeper *k = arg;
    return venue_can_relay(k->venue) ? rendezvous_member_of(k->rendezvous, session) : NULL;
}

static void feed(struct keeper *keeper, const struct event *event)
{
    struct action action;
    rendezvous_feed(keeper->rendezvous, event, clock_now_us());
    deadline_touch(keeper->deadline);
    while (rendezvous_next(keeper->rendezvous, &action))
        act(keeper, &action);
    if (keeper->has_new_routes || event->type <= EVENT_SIGNAL_LOST)
        sessions_route(&keeper->sessions, member_of, keeper);
    keeper->has_new_routes = false;
    keeper->report.problem[0] = '\0';
}

/* ---- events of the signal client ---- */

/* Which of our sessions it goes on with. */
static unsigned match(const struct keeper *keeper, const struct signal_message *message)
{
    bool is_of_guest = keeper->config.role == MUX_PROVIDER;
    const char *device = is_of_guest ? sealed_talk_device(&keeper->talk, message->peer_id) : NULL;
    return sessions_match(&keeper->sessions, device,
                          message->type == SIGNAL_OFFER ? SDP_OFFER : SDP_ANSWER, message->sdp);
}

static void feed_description(struct keeper *keeper, enum event_type type,
                             const struct signal_message *message)
{
    const char *why;
    struct sdp sdp;
    struct event event = {
        .type = type,
        .peer = message->peer_id,
        .description = {.sdp = message->sdp, .session = match(keeper, message)},
    };
    bool is_good = sdp_parse(message->sdp, &sdp, &why) == 0;
    if (is_good) {
        event.description.process = sdp.fingerprint;
        event.description.likeness = tool_likeness(sdp.tool, keeper->config.role);
    }
    feed(keeper, &event);
    if (is_good)
        sdp_deinit(&sdp);
}

static void on_said(struct keeper *keeper, const struct signal_message *message)
{
    struct signal_message said;
    if (!sealed_talk_hear(&keeper->talk, message, &said))
        return;
    venue_confirm(keeper->venue);
    if (said.type == SIGNAL_CANDIDATE)
        feed(keeper, &(struct event){.type = EVENT_CANDIDATE,
                                     .peer = said.peer_id,
                                     .text = said.candidate});
    else
        feed_description(keeper, said.type == SIGNAL_OFFER ? EVENT_OFFER : EVENT_ANSWER, &said);
    sealed_talk_forget(&keeper->talk, &said);
}

/* Who wants to be seen by one TURN server alone has named it. */
static void take_servers(const struct keeper *keeper, const struct signal_message *message)
{
    for (size_t i = 0; i < message->ice_server_count && !keeper->config.is_relay_only; i++) {
        const struct signal_ice_server *server = &message->ice_servers[i];
        ice_servers_take(keeper->config.servers, server->url, server->user, server->password);
    }
}

static void on_joined(struct keeper *keeper, const struct signal_message *message)
{
    char room[LOG_REDACTED_LEN];
    log_debug("keeper: %s room %s, %zu there already", message->is_resumed ? "back in" : "joined",
              log_redact(keeper->config.room, room), message->peer_count);
    take_servers(keeper, message);
    for (size_t i = 0; i < message->peer_count && !message->is_resumed; i++)
        sealed_talk_meet(&keeper->talk, message->peers[i]);
    feed(keeper, &(struct event){.type = EVENT_JOINED,
                                 .peers = message->peers,
                                 .peer_count = message->peer_count,
                                 .is_resumed = message->is_resumed,
                                 .is_shared = message->is_shared});
}

static void on_message(const struct signal_message *message, void *arg)
{
    struct keeper *keeper = arg;
    switch (message->type) {
    case SIGNAL_JOINED:
        on_joined(keeper, message);
        break;
    case SIGNAL_ICE_SERVERS:
        take_servers(keeper, message);
        break;
    case SIGNAL_PEER_JOINED:
        sealed_talk_meet(&keeper->talk, message->peer_id);
        feed(keeper, &(struct event){.type = EVENT_PEER_JOINED,
                                     .peer = message->peer_id,
                                     .was_first = message->was_first});
        break;
    case SIGNAL_PEER_LEFT:
        feed(keeper, &(struct event){.type = EVENT_PEER_LEFT, .peer = message->peer_id});
        sealed_talk_leave(&keeper->talk, message->peer_id);
        break;
    case SIGNAL_OFFER:
    case SIGNAL_ANSWER:
    case SIGNAL_CANDIDATE:
        on_said(keeper, message);
        break;
    case SIGNAL_ERROR:
        feed(keeper, &(struct event){.type = EVENT_SIGNAL_ERROR,
                                     .code = message->code,
                                     .text = message->text});
        break;
    case SIGNAL_JOIN:
    case SIGNAL_BYE:
    case SIGNAL_MISFIT:
        break; /* not for clients */
    }
}

static void on_datagram(const struct relay_frame *frame, void *arg)
{
    struct keeper *keeper = arg;
    sessions_feed_relay(&keeper->sessions, frame);
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

static void on_signal_slow(const char *text, void *arg)
{
    feed(arg, &(struct event){.type = EVENT_SIGNAL_SLOW, .text = text});
}

static void on_signal_close(const char *text, void *arg)
{
    feed(arg, &(struct event){.type = EVENT_SIGNAL_LOST, .text = text});
}

/* ---- events of sessions and of this machine ---- */

static void on_session_event(const struct event *event, void *arg)
{
    feed(arg, event);
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
    feed(keeper, &event);
    free(outdated);
}

static uint64_t next_us(void *arg)
{
    const struct keeper *keeper = arg;
    return rendezvous_deadline_us(keeper->rendezvous);
}

static void on_due(void *arg)
{
    feed(arg, &(struct event){.type = EVENT_DEADLINE});
}

/* ---- actions on whoever uses the keeper ---- */

static void report(struct keeper *keeper, const struct action *action)
{
    struct session *session = sessions_find(&keeper->sessions, action->session);
    struct keeper_status status;
    if (action->type == ACTION_PROBLEM) {
        keeper_report_problem(&keeper->report, action, session);
        keeper_counts_on_problem(&keeper->counts, action->problem);
    } else if (keeper_report_status(&keeper->report, action, session, &keeper->roster, &status)) {
        log_debug("keeper: %s", keeper_state_name(status.state));
        keeper->handlers.on_status(&status, keeper->arg);
    }
}

/* A session that begins is with the device that was heard of that member. */
static void begin_session(struct keeper *keeper, const struct action *start)
{
    keeper->has_new_routes = true;
    const char *device = sealed_talk_device(&keeper->talk, start->peer);
    if (device)
        mux_set_device(session_mux(sessions_find(&keeper->sessions, start->session)), device);
}

static void tell_up(struct keeper *keeper, const struct action *action)
{
    struct session *session = sessions_find(&keeper->sessions, action->session);
    if (action->type == ACTION_UP) {
        keeper_counts_on_up(&keeper->counts, session_peer(session));
        roster_enter(&keeper->roster, action->partner, action->session,
                     mux_device(session_mux(session)));
        sessions_set_partner(&keeper->sessions, action->session, action->partner);
    }
    keeper->handlers.on_up(action->partner, session_mux(session), keeper->arg);
}

/* ---- the line of actions ---- */

static void act(struct keeper *keeper, const struct action *action)
{
    struct action with_text = *action;
    switch (action->type) {
    case ACTION_CONNECT:
        venue_enter(keeper->venue);
        break;
    case ACTION_LEAVE:
        venue_leave(keeper->venue);
        keeper->has_new_routes = true;
        break;
    case ACTION_PROBE_SIGNAL:
        venue_probe(keeper->venue);
        break;
    case ACTION_SEND_DESCRIPTION:
        venue_say(keeper->venue, action->peer,
                  action->sdp_type == SDP_OFFER ? SEAL_OFFER : SEAL_ANSWER, action->text);
        break;
    case ACTION_SEND_CANDIDATE:
        venue_say(keeper->venue, action->peer, SEAL_CANDIDATE, action->text);
        break;
    case ACTION_SEND_MISFIT:
        venue_say_misfit(keeper->venue, action->peer);
        break;
    case ACTION_UP:
    case ACTION_BELIEVE:
        tell_up(keeper, action);
        break;
    case ACTION_DOWN:
        roster_strike(&keeper->roster, action->partner);
        keeper->handlers.on_down(action->partner, NULL, keeper->arg);
        break;
    case ACTION_DOUBT:
        log_debug("keeper: the other side may be gone: what begins now waits for its answer");
        keeper->handlers.on_down(action->partner, "the other side does not answer", keeper->arg);
        break;
    case ACTION_GONE:
        roster_forget(&keeper->roster, action->partner);
        keeper->handlers.on_gone(action->partner, keeper->arg);
        break;
    case ACTION_PROBLEM:
    case ACTION_STATUS:
    case ACTION_PATH:
    case ACTION_PARTED:
        report(keeper, action);
        break;
    case ACTION_NOTE:
        note_log(action->note,
                 note_is_of_problem(action->note) ? keeper->report.problem : action->text);
        if (action->note == NOTE_SIGNAL_AWAY && keeper->handlers.on_signal_away)
            keeper->handlers.on_signal_away(action->text, keeper->arg);
        break;
    default: /* of a session */
        if (!action->text)
            with_text.text = keeper->report.problem;
        sessions_act(&keeper->sessions, &with_text);
        if (action->type == ACTION_START)
            begin_session(keeper, action);
        break;
    }
}

/* ---- the keeper ---- */

static void make_venue(struct keeper *keeper)
{
    static const struct signal_client_handlers handlers = {
        .on_message = on_message,
        .on_datagram = on_datagram,
        .on_slow = on_signal_slow,
        .on_close = on_signal_close,
    };
    const struct venue_config config = {
        .signal = keeper->config.signal,
        .tls = keeper->config.tls,
        .egress = keeper->config.egress,
        .room = keeper->config.room,
        .job = keeper->config.role == MUX_PROVIDER ? SIGNAL_JOB_PROVIDER : SIGNAL_JOB_CONSUMER,
        .takes_relay = keeper->config.takes_relay,
        .talk = &keeper->talk,
        .near = keeper->config.near,
    };
    keeper->venue = venue_new(keeper->loop, &config, &handlers, keeper);
}

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
    make_venue(keeper);
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
