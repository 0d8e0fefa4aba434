/*
 * What is heard at the venue becomes events: where it is sealed, once it has
 * been opened.
 */
#include <stdlib.h>

#include "base/log.h"
#include "tunnel/keeper_internal.h"
#include "tunnel/tool.h"

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
    keeper_feed(keeper, &event);
    if (is_good)
        sdp_deinit(&sdp);
}

/* Its invite has expired: it need not wait for an answer. */
static void refuse(struct keeper *keeper, const char *peer)
{
    char *text = report_encode(&(struct report){.is_refusal = true});
    venue_say(keeper->venue, peer, SEAL_REPORT, text);
    free(text);
}

static void on_report(struct keeper *keeper, const struct signal_message *said)
{
    struct report report;
    if (report_decode(said->candidate, &report) == 0 && report.is_refusal)
        keeper_feed(keeper, &(struct event){.type = EVENT_REFUSED, .peer = said->peer_id});
}

static void on_said(struct keeper *keeper, const struct signal_message *message)
{
    struct signal_message said;
    bool is_expired;
    if (!sealed_talk_hear(&keeper->talk, message, &said, &is_expired)) {
        if (is_expired)
            refuse(keeper, message->peer_id);
        return;
    }
    venue_confirm(keeper->venue, message->peer_id);
    switch (sealed_talk_type(&keeper->talk, message)) {
    case SEAL_OFFER:
        feed_description(keeper, EVENT_OFFER, &said);
        break;
    case SEAL_ANSWER:
        feed_description(keeper, EVENT_ANSWER, &said);
        break;
    case SEAL_CANDIDATE:
        keeper_feed(keeper, &(struct event){.type = EVENT_CANDIDATE,
                                            .peer = said.peer_id,
                                            .text = said.candidate});
        break;
    case SEAL_QUESTION:
        if (keeper->handlers.on_question)
            keeper->handlers.on_question(said.peer_id, keeper->arg);
        break;
    case SEAL_REPORT:
        on_report(keeper, &said);
        break;
    }
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
    keeper_feed(keeper, &(struct event){.type = EVENT_JOINED,
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
        keeper_feed(keeper, &(struct event){.type = EVENT_PEER_JOINED,
                                            .peer = message->peer_id,
                                            .was_first = message->was_first});
        break;
    case SIGNAL_PEER_LEFT:
        keeper_feed(keeper, &(struct event){.type = EVENT_PEER_LEFT, .peer = message->peer_id});
        sealed_talk_leave(&keeper->talk, message->peer_id);
        break;
    case SIGNAL_OFFER:
    case SIGNAL_ANSWER:
    case SIGNAL_CANDIDATE:
        on_said(keeper, message);
        break;
    case SIGNAL_ERROR:
        keeper_feed(keeper, &(struct event){.type = EVENT_SIGNAL_ERROR,
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

static void on_signal_slow(const char *text, void *arg)
{
    keeper_feed(arg, &(struct event){.type = EVENT_SIGNAL_SLOW, .text = text});
}

static void on_signal_close(const char *text, void *arg)
{
    keeper_feed(arg, &(struct event){.type = EVENT_SIGNAL_LOST, .text = text});
}

void keeper_make_venue(struct keeper *keeper)
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
