/*
 * Carries out what the rendezvous decides. Whatever happens to the signal
 * client, a session, the machine's addresses or the one timer becomes an
 * event; what it leads to is done at once, in order, and then the timer is set
 * anew. An action may lead to an event by itself, such as ACTION_FEED: that one
 * is fed where it happens, and whatever is still in the line is done then.
 */
#include "tunnel/link.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/random.h"
#include "net/address_watch.h"
#include "net/deadline.h"
#include "signal/client.h"
#include "signal/room.h"
#include "tunnel/link_report.h"
#include "tunnel/rendezvous.h"
#include "tunnel/sealed_talk.h"
#include "tunnel/sessions.h"

static const char *const tools[] = {
    [MUX_CONSUMER] = "tunnel-proxy/" TUNNEL_VERSION,
    [MUX_PROVIDER] = "tunnel-serve/" TUNNEL_VERSION,
};

struct link {
    struct loop *loop;
    struct link_config config;
    struct link_handlers handlers;
    void *arg;
    struct rendezvous *rendezvous;
    struct deadline *deadline;
    struct address_watch *addresses;
    char key[UUID_TEXT_LEN + 1];  /* by which the signal server knows us again */
    struct signal_client *client; /* NULL while away */
    struct sealed_talk talk;      /* of a sealed link */
    struct sessions sessions;
    unsigned current; /* the session that is up, or 0 */
    struct link_report report;
};

static void act(struct link *link, const struct action *action);

static void feed(struct link *link, const struct event *event)
{
    struct action action;
    rendezvous_feed(link->rendezvous, event, clock_now_us());
    while (rendezvous_next(link->rendezvous, &action))
        act(link, &action);
    link->report.problem[0] = '\0';
}

/* ---- events of the signal client ---- */

static void feed_description(struct link *link, enum event_type type,
                             const struct signal_message *message)
{
    const char *ours = tools[link->config.role];
    const char *why;
    struct sdp sdp;
    struct event event = {
        .type = type,
        .peer = message->peer_id,
        .description = {.sdp = message->sdp,
                        .session = sessions_match(&link->sessions,
                                                  type == EVENT_OFFER ? SDP_OFFER : SDP_ANSWER,
                                                  message->sdp)},
    };
    bool is_good = sdp_parse(message->sdp, &sdp, &why) == 0;
    if (is_good) {
        event.description.process = sdp.fingerprint;
        event.description.is_same_job = strncmp(sdp.tool, ours, strcspn(ours, "/") + 1) == 0;
    }
    feed(link, &event);
    if (is_good)
        sdp_deinit(&sdp);
}

static void on_said(struct link *link, const struct signal_message *message)
{
    struct signal_message said;
    if (!sealed_talk_hear(&link->talk, message, &said))
        return;
    if (said.type == SIGNAL_CANDIDATE)
        feed(link, &(struct event){.type = EVENT_CANDIDATE,
                                   .peer = said.peer_id,
                                   .text = said.candidate});
    else
        feed_description(link, said.type == SIGNAL_OFFER ? EVENT_OFFER : EVENT_ANSWER, &said);
    sealed_talk_forget(&link->talk, &said);
}

static void on_joined(struct link *link, const struct signal_message *message)
{
    char room[LOG_REDACTED_LEN];
    log_debug("link: %s room %s, %zu there already", message->is_resumed ? "back in" : "joined",
              log_redact(link->config.room, room), message->peer_count);
    if (!message->is_resumed && message->peer_count > 0)
        sealed_talk_meet(&link->talk, message->peers[0]);
    feed(link, &(struct event){.type = EVENT_JOINED,
                               .peers = message->peers,
                               .peer_count = message->peer_count,
                               .is_resumed = message->is_resumed});
}

static void on_message(const struct signal_message *message, void *arg)
{
    struct link *link = arg;
    switch (message->type) {
    case SIGNAL_JOINED:
        on_joined(link, message);
        break;
    case SIGNAL_PEER_JOINED:
        sealed_talk_meet(&link->talk, message->peer_id);
        feed(link, &(struct event){.type = EVENT_PEER_JOINED, .peer = message->peer_id});
        break;
    case SIGNAL_PEER_LEFT:
        feed(link, &(struct event){.type = EVENT_PEER_LEFT, .peer = message->peer_id});
        break;
    case SIGNAL_OFFER:
    case SIGNAL_ANSWER:
    case SIGNAL_CANDIDATE:
        on_said(link, message);
        break;
    case SIGNAL_ERROR:
        feed(link, &(struct event){.type = EVENT_SIGNAL_ERROR,
                                   .code = message->code,
                                   .text = message->text});
        break;
    case SIGNAL_JOIN:
    case SIGNAL_BYE:
        break; /* not for clients */
    }
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

static void on_request(struct mux_stream *stream, const struct head *head, void *arg)
{
    struct link *link = arg;
    link->handlers.on_request(stream, head, link->arg);
}

static void on_addresses(void *arg)
{
    struct link *link = arg;
    unsigned *outdated = xcalloc(link->sessions.count + 1, sizeof *outdated);
    struct event event = {.type = EVENT_ADDRESSES, .outdated = outdated};
    event.outdated_count = sessions_update_addresses(&link->sessions, outdated);
    event.is_cut_off = link->client && !signal_client_has_address(link->client);
    log_debug("link: addresses have changed%s",
              event.outdated_count > 0 ? "" : ", but nothing for us");
    feed(link, &event);
    free(outdated);
}

static uint64_t next_us(void *arg)
{
    const struct link *link = arg;
    return rendezvous_deadline_us(link->rendezvous);
}

static void on_due(void *arg)
{
    feed(arg, &(struct event){.type = EVENT_DEADLINE});
}

/* ---- actions on the visit ---- */

static void connect_signal(struct link *link)
{
    static const struct signal_client_handlers handlers = {
        .on_message = on_message,
        .on_close = on_signal_close,
    };
    link->client = signal_client_new(link->loop, link->config.signal, link->config.tls,
                                     link->config.room, &handlers, link);
    signal_client_set_key(link->client, link->key);
}

static void leave_signal(struct link *link)
{
    signal_client_close(link->client);
    link->client = NULL;
}

/* ---- actions on whoever uses the link ---- */

static void tell_status(struct link *link, const struct link_status *status)
{
    log_debug("link: %s", link_state_name(status->state));
    link->handlers.on_status(status, link->arg);
}

static void report(struct link *link, const struct action *action)
{
    struct session *session = sessions_find(&link->sessions, action->session);
    struct link_status status;
    if (action->type == ACTION_PROBLEM) {
        link_report_problem(&link->report, action, session);
    } else if (action->type == ACTION_STATUS) {
        status = link_report_status(&link->report, action, session);
        tell_status(link, &status);
    } else if (link_report_path(&link->report, action, session, &status)) {
        tell_status(link, &status);
    }
}

/* A session that begins is with the device that has just been heard. */
static void name_device(struct link *link, unsigned number)
{
    const char *device = sealed_talk_device(&link->talk);
    if (device)
        mux_set_device(session_mux(sessions_find(&link->sessions, number)), device);
}

/* ---- the line of actions ---- */

static void act(struct link *link, const struct action *action)
{
    struct action with_text = *action;
    switch (action->type) {
    case ACTION_CONNECT:
        connect_signal(link);
        break;
    case ACTION_LEAVE:
        leave_signal(link);
        break;
    case ACTION_PROBE_SIGNAL:
        signal_client_probe(link->client);
        break;
    case ACTION_SEND_DESCRIPTION:
        sealed_talk_say(&link->talk, link->client,
                        action->sdp_type == SDP_OFFER ? SEAL_OFFER : SEAL_ANSWER, action->text);
        break;
    case ACTION_SEND_CANDIDATE:
        sealed_talk_say(&link->talk, link->client, SEAL_CANDIDATE, action->text);
        break;
    case ACTION_UP:
        link->report.told = (struct peer_path){0};
        link->current = action->session;
        link->handlers.on_up(session_mux(sessions_find(&link->sessions, action->session)),
                             link->arg);
        break;
    case ACTION_BELIEVE:
        link->handlers.on_up(session_mux(sessions_find(&link->sessions, action->session)),
                             link->arg);
        break;
    case ACTION_DOWN:
        link->current = 0;
        link->handlers.on_down(NULL, link->arg);
        break;
    case ACTION_DOUBT:
        log_debug("link: the other side may be gone: what begins now waits for its answer");
        link->handlers.on_down("the other side does not answer", link->arg);
        break;
    case ACTION_PROBLEM:
    case ACTION_STATUS:
    case ACTION_PATH:
        report(link, action);
        break;
    case ACTION_NOTE:
        note_log(action->note,
                 action->note == NOTE_OLD_GOES_ON ? link->report.problem : action->text);
        break;
    default: /* of a session */
        if (!action->text)
            with_text.text = link->report.problem;
        sessions_act(&link->sessions, &with_text);
        if (action->type == ACTION_START)
            name_device(link, action->session);
        break;
    }
}

/* ---- the link ---- */

static void init_sessions(struct link *link)
{
    static const struct sessions_handlers handlers = {
        .on_event = on_session_event,
        .on_request = on_request,
    };
    const struct sessions_config config = {
        .role = link->config.role,
        .features = link->config.features,
        .peer =
            {
                .cert = link->config.cert,
                .servers = link->config.servers,
                .is_relay_only = link->config.is_relay_only,
                .tool = tools[link->config.role],
            },
    };
    sessions_init(&link->sessions, link->loop, &config, &handlers, link);
}

struct link *link_new(struct loop *loop, const struct link_config *config,
                      const struct link_handlers *handlers, void *arg)
{
    struct link *link = xcalloc(1, sizeof *link);
    struct rendezvous_config rendezvous_config = {
        .role = config->role,
        .partners_max = ROOM_PEERS_MAX - 1,
        .consumer_offers = config->seal != NULL,
    };
    random_bytes(&rendezvous_config.seed, sizeof rendezvous_config.seed);
    link->loop = loop;
    link->config = *config;
    link->report.config = &link->config;
    link->handlers = *handlers;
    link->arg = arg;
    sealed_talk_init(&link->talk, config->seal);
    init_sessions(link);
    random_uuid(link->key);
    link->rendezvous = rendezvous_new(&rendezvous_config, clock_now_us());
    link->deadline = deadline_new(loop, next_us, on_due, link);
    link->addresses = address_watch_new(loop, on_addresses, link);
    return link;
}

void link_stats(const struct link *link, struct link_stats *out)
{
    const struct session *session = sessions_find(&link->sessions, link->current);
    *out = (struct link_stats){.has_session = session != NULL, .sessions = link->sessions.count};
    if (session)
        session_stats(session, &out->session);
}

void link_end_device(struct link *link, const char *device)
{
    sessions_expel(&link->sessions, device, "this device's invite was revoked, or has expired");
}

void link_close(struct link *link)
{
    if (link->client)
        leave_signal(link);
    deadline_free(link->deadline);
    address_watch_free(link->addresses);
    sessions_deinit(&link->sessions, "the tunnel is shutting down");
    rendezvous_free(link->rendezvous);
    free(link);
}
