/*
 * Policy, in prose.
 *
 * Roles follow the order of joining: who is in the room when the other comes
 * makes the offer, who finds somebody there waits for it.
 *
 * Three sessions may exist. `pending` is being negotiated. `current` is up
 * and takes new requests. `draining` was current until another took over; it
 * ends its streams and is closed by the consumer when it has none, because
 * only the consumer knows that it will open no more. A session whose other
 * end has another certificate belongs to another process, so what it had open
 * there is lost: it is closed, not drained.
 *
 * When a negotiation fails or the current session dies while the other side
 * is still in the room, nobody would ever offer again: we leave and come
 * back, which makes the other side offer. Both may do so at once; the jitter
 * of the backoff sorts them out.
 *
 * peer-left says nothing certain about a session, since the signal server is
 * not on its path; it makes us probe.
 *
 * A session whose path fails, or that may get a better one, is not replaced
 * but given another path: see link_restart.c.
 *
 * Two providers or two consumers find out by the "a=tool" of their
 * descriptions before they connect, or else by HELLO. The one who came later
 * leaves, so that the right other side finds a place in the room.
 */
#include "tunnel/link.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tunnel/link_internal.h"

static const char *const tools[] = {
    [MUX_CONSUMER] = "tunnel-proxy/" TUNNEL_VERSION,
    [MUX_PROVIDER] = "tunnel-serve/" TUNNEL_VERSION,
};
static const char *const commands[] = {
    [MUX_CONSUMER] = "tunnel proxy",
    [MUX_PROVIDER] = "tunnel serve",
};

const char *link_state_name(enum link_state state)
{
    static const char *const names[] = {"connecting", "waiting", "negotiating", "up", "retrying"};
    return names[state];
}

/* --- status ------------------------------------------------------------------ */

static void report(struct link *link, bool is_path_news)
{
    struct link_status status = {
        .state = link->state,
        .problem = link->problem[0] ? link->problem : NULL,
        .retry_in_us = link->retry_in_us,
        .is_path_news = is_path_news,
    };
    if (link->state == LINK_UP) {
        peer_get_path(session_peer(link->current), &status.path);
        status.rtt_us = session_rtt_us(link->current);
        link->told = status.path;
    }
    link->handlers.on_status(&status, link->arg);
}

/* While a session is up, what happens around it concerns only the log. */
void link_set_state(struct link *link, enum link_state state)
{
    log_debug("link: %s -> %s", link_state_name(link->state), link_state_name(state));
    if (link->current && state != LINK_UP)
        return;
    bool is_news = state != link->state || state == LINK_UP || link->problem[0];
    link->state = state;
    if (is_news)
        report(link, false);
}

void link_report_path(struct link *link, bool was_broken)
{
    struct peer_path path;
    if (link->state != LINK_UP || !peer_get_path(session_peer(link->current), &path))
        return;
    /* The other side's address changes its name now and then (prflx, srflx). */
    bool is_another =
        path.is_relayed != link->told.is_relayed || strcmp(path.local, link->told.local) != 0;
    if (was_broken || is_another)
        report(link, true);
}

__attribute__((format(printf, 2, 3))) static void set_problem(struct link *link, const char *format,
                                                              ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(link->problem, sizeof link->problem, format, args);
    va_end(args);
}

static void set_same_role_problem(struct link *link)
{
    const char *ours = commands[link->config.role];
    const char *theirs = commands[link->config.role == MUX_CONSUMER ? MUX_PROVIDER : MUX_CONSUMER];
    set_problem(link,
                "the other side of this room runs `%s`, too: one side must run `%s`, the other "
                "`%s`; stop one of them or choose another --room",
                ours, ours, theirs);
}

/* --- coming back ------------------------------------------------------------- */

static void leave(struct link *link)
{
    link_restart_on_leave(link);
    if (link->client)
        signal_client_close(link->client);
    link->client = NULL;
    link->is_joined = false;
    link->others = 0;
    /* A negotiation that is past its signalling may still succeed. */
    if (!link->pending)
        timer_stop(link->negotiation_timer);
}

void link_retry(struct link *link)
{
    leave(link);
    link->retry_in_us = backoff_next_us(&link->backoff);
    timer_start_in(link->retry_timer, link->retry_in_us);
    log_debug("link: next visit to the signal server in %llu ms",
              (unsigned long long)(link->retry_in_us / US_PER_MS));
    link_set_state(link, LINK_RETRYING);
}

static void on_retry(void *arg)
{
    link_connect(arg);
}

void link_drop_pending(struct link *link, const char *text)
{
    timer_stop(link->negotiation_timer);
    if (link->pending)
        session_close(link->pending, text);
    link->pending = NULL;
}

/* The negotiation came to nothing. With a session up, the next one is
 * negotiated when that one ends. */
static void fail_pending(struct link *link)
{
    link_drop_pending(link, link->problem);
    if (link->current)
        log_warn("link: a new session was not established (%s); the old one goes on",
                 link->problem);
    else if (link->is_same_role && link->is_offerer)
        link_set_state(link, LINK_WAITING);
    else
        link_retry(link);
    link->problem[0] = '\0';
    link_try_restart(link);
}

static void on_negotiation_timeout(void *arg)
{
    struct link *link = arg;
    char tried[PEER_TRIED_MAX];
    if (link->pending)
        set_problem(link, "no connection to the other side within %llu s%s (%s)",
                    (unsigned long long)(LINK_NEGOTIATION_US / US_PER_S),
                    ice_servers_has_turn(link->config.servers) ? ""
                                                               : ", and there is no TURN server",
                    peer_describe_tried(session_peer(link->pending), tried));
    else
        set_problem(link, "the other side is in the room but sent no offer");
    fail_pending(link);
}

/* --- sessions ----------------------------------------------------------------- */

static void on_description(struct session *session, enum sdp_type type, const char *sdp, void *arg)
{
    struct link *link = arg;
    if (!link->client)
        return;
    if (type == SDP_OFFER) {
        signal_client_send_offer(link->client, sdp);
        return;
    }
    signal_client_send_answer(link->client, sdp);
    /* The answer has told the other side, too. */
    if (session == link->pending && link->is_same_role) {
        set_same_role_problem(link);
        /* It takes a person to change that: do not come back in a hurry. */
        link->backoff.bound_us = LINK_BACKOFF_MOST_US;
        fail_pending(link);
    }
}

static void on_candidate(struct session *session, const char *candidate_json, void *arg)
{
    struct link *link = arg;
    (void)session; /* its ufrag tells the other side */
    if (link->client)
        signal_client_send_candidate(link->client, candidate_json);
}

static bool is_same_process(struct session *a, struct session *b)
{
    const uint8_t *x = peer_remote_fingerprint(session_peer(a));
    const uint8_t *y = peer_remote_fingerprint(session_peer(b));
    return x && y && memcmp(x, y, CERT_FINGERPRINT_LEN) == 0;
}

/* The current session makes way for the new one. */
static void retire_current(struct link *link, struct session *successor)
{
    struct session *old = link->current;
    if (!is_same_process(old, successor)) {
        session_close(old, "the other side was restarted");
        return;
    }
    if (link->draining)
        session_close(link->draining, "the session was replaced twice");
    link->draining = NULL;
    bool is_idle = mux_stream_count(session_mux(old)) == 0;
    if (is_idle && link->config.role == MUX_CONSUMER)
        session_close(old, "the session was replaced");
    else
        link->draining = old;
}

static void on_ready(struct session *session, void *arg)
{
    struct link *link = arg;
    assert(session == link->pending);
    timer_stop(link->negotiation_timer);
    link->pending = NULL;
    if (link->current)
        retire_current(link, session);
    link->current = session;
    link_restart_reset(link);
    backoff_reset(&link->backoff);
    link->problem[0] = '\0';
    link->handlers.on_up(session_mux(session), link->arg);
}

static void on_rtt(struct session *session, void *arg)
{
    struct link *link = arg;
    if (session == link->current)
        link_set_state(link, LINK_UP);
}

static void on_path(struct session *session, enum peer_path_state state, void *arg)
{
    struct link *link = arg;
    if (session == link->current)
        link_on_path(link, state);
}

static void on_request(struct mux_stream *stream, const struct head *head, void *arg)
{
    struct link *link = arg;
    link->handlers.on_request(stream, head, link->arg);
}

static void on_idle(struct session *session, void *arg)
{
    struct link *link = arg;
    if (session != link->draining || link->config.role != MUX_CONSUMER)
        return;
    link->draining = NULL;
    session_close(session, "the session was replaced");
}

static void on_current_closed(struct link *link, const char *text)
{
    struct session *session = link->current;
    char tried[PEER_TRIED_MAX] = "";
    if (link->restart.path != PEER_PATH_WORKS)
        peer_describe_tried(session_peer(session), tried);
    link->current = NULL;
    link_restart_reset(link);
    set_problem(link, "the connection to the other side ended: %s%s%s%s", text, *tried ? " (" : "",
                tried, *tried ? ")" : "");
    link->handlers.on_down(link->arg);
    session_close(session, link->problem);
    backoff_reset(&link->backoff);
    if (link->pending)
        link_set_state(link, LINK_NEGOTIATING);
    else if (link->client && link->others == 0)
        link_set_state(link, LINK_WAITING);
    else
        link_retry(link); /* also when a retry was far off: the path is needed now */
    link->problem[0] = '\0';
}

static void on_closed(struct session *session, const char *text, bool wrong_role, void *arg)
{
    struct link *link = arg;
    if (session == link->draining) {
        link->draining = NULL;
        session_close(session, text);
    } else if (session == link->current) {
        on_current_closed(link, text);
    } else {
        assert(session == link->pending);
        link->is_same_role = wrong_role;
        if (wrong_role)
            set_same_role_problem(link);
        else
            set_problem(link, "no connection to the other side: %s", text);
        fail_pending(link);
    }
}

static const struct session_handlers session_handlers = {
    .on_description = on_description,
    .on_candidate = on_candidate,
    .on_ready = on_ready,
    .on_rtt = on_rtt,
    .on_path = on_path,
    .on_request = on_request,
    .on_idle = on_idle,
    .on_closed = on_closed,
};

static void start_pending(struct link *link, bool is_offerer)
{
    link_restart_yield(link);
    link_drop_pending(link, "replaced by a newer negotiation");
    struct peer_config config = {
        .cert = link->config.cert,
        .servers = link->config.servers,
        .is_relay_only = link->config.is_relay_only,
        .tool = tools[link->config.role],
    };
    link->pending = session_new(link->loop, link->config.role, link->config.features, &config,
                                &session_handlers, link);
    link->is_offerer = is_offerer;
    link->is_same_role = false;
    timer_start_in(link->negotiation_timer, LINK_NEGOTIATION_US);
    link_set_state(link, LINK_NEGOTIATING);
}

void link_offer(struct link *link)
{
    start_pending(link, true);
    peer_offer(session_peer(link->pending));
}

/* --- signalling --------------------------------------------------------------- */

static void take_description(struct link *link, enum sdp_type type, const char *sdp)
{
    const char *why;
    struct peer *peer = session_peer(link->pending);
    if (peer_set_remote(peer, type, sdp, &why) < 0) {
        set_problem(link, "the other side's %s cannot be used: %s", sdp_type_name(type), why);
        fail_pending(link);
        return;
    }
    const char *tool = peer_remote_tool(peer);
    const char *ours = tools[link->config.role];
    size_t name_len = strcspn(ours, "/") + 1;
    link->is_same_role = tool && strncmp(tool, ours, name_len) == 0;
    /* An answerer first sends its answer: see on_description(). */
    if (link->is_same_role && link->is_offerer) {
        set_same_role_problem(link);
        fail_pending(link);
    }
}

static void on_joined(struct link *link, const struct signal_message *message)
{
    link->is_joined = true;
    if (link->current && link->is_signal_lost)
        log_info("tunnel: the signal server is back");
    link->is_signal_lost = false;
    link->is_same_role = false; /* whoever is here now has not said */
    link->others = message->peer_count;
    char room[LOG_REDACTED_LEN];
    log_debug("link: %s room %s, %zu there already", message->is_resumed ? "back in" : "joined",
              log_redact(link->config.room, room), link->others);
    if (link->others == 0) {
        backoff_reset(&link->backoff);
        link_set_state(link, LINK_WAITING);
        return;
    }
    link_set_state(link, LINK_NEGOTIATING);
    if (!message->is_resumed)
        link_await_offer(link);
    else if (!link->current && !link->pending)
        link_offer(link); /* the other one has not noticed, and will not */
    link_try_restart(link);
}

static void on_peer_left(struct link *link)
{
    if (link->others > 0)
        link->others--;
    /* When there is no path, it gives up at the same time as we do. */
    if (link->pending && !link->current) {
        char tried[PEER_TRIED_MAX];
        set_problem(link, "the other side left before there was a connection (%s)",
                    peer_describe_tried(session_peer(link->pending), tried));
    }
    link_drop_pending(link, "the other side left the room");
    if (link->current)
        session_probe(link->current);
    else
        link_set_state(link, LINK_WAITING);
    link->problem[0] = '\0';
}

static void on_signal_error(struct link *link, const char *text)
{
    char room[LOG_REDACTED_LEN];
    if (link->is_joined) {
        /* About a message of ours, not about our place in the room. */
        log_warn("link: the signal server says: %s", text);
        return;
    }
    bool is_full = strstr(text, "full") != NULL;
    set_problem(link, "the signal server does not let us into room %s: %s%s",
                log_redact(link->config.room, room), text,
                is_full ? "; a `tunnel serve` and a `tunnel proxy` are in it already: stop one or "
                          "choose another --room"
                        : "");
    link_retry(link);
    link->problem[0] = '\0';
}

/* It belongs to the session whose ufrag it bears. */
static void take_candidate(struct link *link, const char *candidate)
{
    struct session *sessions[] = {link->pending, link->current, link->draining};
    for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++) {
        if (sessions[i] && peer_add_candidate(session_peer(sessions[i]), candidate) == 0)
            return;
    }
    log_debug("link: skipped a candidate that cannot be used: %s", candidate);
}

static void on_message(const struct signal_message *message, void *arg)
{
    struct link *link = arg;
    switch (message->type) {
    case SIGNAL_JOINED:
        on_joined(link, message);
        break;
    case SIGNAL_PEER_JOINED:
        link->others++;
        link_offer(link);
        break;
    case SIGNAL_PEER_LEFT:
        on_peer_left(link);
        break;
    case SIGNAL_OFFER:
        if (link_restart_take_offer(link, message->sdp))
            break;
        start_pending(link, false);
        take_description(link, SDP_OFFER, message->sdp);
        break;
    case SIGNAL_ANSWER:
        if (!link_restart_take_answer(link, message->sdp) && link->pending && link->is_offerer)
            take_description(link, SDP_ANSWER, message->sdp);
        break;
    case SIGNAL_CANDIDATE:
        take_candidate(link, message->candidate);
        break;
    case SIGNAL_ERROR:
        on_signal_error(link, message->text);
        break;
    case SIGNAL_JOIN:
    case SIGNAL_BYE:
        break; /* not for clients */
    }
}

static void on_signal_close(const char *text, void *arg)
{
    struct link *link = arg;
    if (link->current && !link->is_signal_lost)
        log_warn("tunnel: %s; the connection stays up without it", text);
    link->is_signal_lost = true;
    set_problem(link, "%s", text);
    link_retry(link);
    link->problem[0] = '\0';
}

void link_connect(struct link *link)
{
    static const struct signal_client_handlers handlers = {
        .on_message = on_message,
        .on_close = on_signal_close,
    };
    link_set_state(link, LINK_CONNECTING);
    link->client = signal_client_new(link->loop, link->config.signal, link->config.tls,
                                     link->config.room, &handlers, link);
    signal_client_set_key(link->client, link->key);
}

void link_reconnect(struct link *link)
{
    leave(link);
    timer_stop(link->retry_timer);
    link_connect(link);
}

/* --- the link ------------------------------------------------------------------ */

struct link *link_new(struct loop *loop, const struct link_config *config,
                      const struct link_handlers *handlers, void *arg)
{
    struct link *link = xcalloc(1, sizeof *link);
    link->loop = loop;
    link->config = *config;
    link->handlers = *handlers;
    link->arg = arg;
    link->state = LINK_RETRYING; /* so that connecting is news */
    backoff_init(&link->backoff, LINK_BACKOFF_FIRST_US, LINK_BACKOFF_MOST_US);
    link->retry_timer = timer_new(loop, on_retry, link);
    link->negotiation_timer = timer_new(loop, on_negotiation_timeout, link);
    random_uuid(link->key);
    link_restart_init(link);
    /* Now would be under the caller's feet: on_status may come at once. */
    timer_start_in(link->retry_timer, 0);
    return link;
}

void link_close(struct link *link)
{
    static const char text[] = "the tunnel is shutting down";
    link_restart_reset(link);
    struct session *sessions[] = {link->pending, link->current, link->draining};
    link->pending = link->current = link->draining = NULL;
    leave(link);
    link_restart_deinit(link);
    timer_free(link->retry_timer);
    timer_free(link->negotiation_timer);
    for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++) {
        if (sessions[i])
            session_close(sessions[i], text);
    }
    free(link);
}
