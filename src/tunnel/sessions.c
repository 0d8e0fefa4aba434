/*
 * A session that is closed is out of the list at once: what is still in the
 * line of actions about it finds nothing.
 */
#include "tunnel/sessions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"

#define FAREWELL_US (300 * US_PER_MS)

struct held {
    struct list link;
    struct sessions *owner;
    unsigned number;
    uint32_t partner;         /* with whom, once it is up */
    struct session *session;  /* NULL once it is closed */
    bool is_refused;          /* the rendezvous has forgotten it */
    struct timer *farewell;   /* or NULL: when it goes */
    uint8_t member[UUID_LEN]; /* whom its relayed datagrams are for */
};

static struct held *held_at(struct list *at)
{
    return LIST_ENTRY(at, struct held, link);
}

static struct held *find(const struct sessions *all, unsigned number)
{
    LIST_EACH(at, next, &all->all) {
        if (held_at(at)->number == number && !held_at(at)->is_refused)
            return held_at(at);
    }
    return NULL;
}

_Static_assert((int)RELAY_TAG_LEN == (int)PEER_RELAY_TAG_LEN, "what a description says");

/* ---- events ---- */

static void tell(const struct held *held, struct event event)
{
    struct sessions *all = held->owner;
    event.session = held->number;
    if (held->is_refused)
        return;
    all->handlers.on_event(&event, all->arg);
}

static void on_description(struct session *session, enum sdp_type type, const char *sdp, void *arg)
{
    (void)session;
    tell(arg, (struct event){.type = EVENT_DESCRIBED, .sdp_type = type, .text = sdp});
}

static void on_candidate(struct session *session, const char *candidate_json, void *arg)
{
    (void)session;
    tell(arg, (struct event){.type = EVENT_GATHERED, .text = candidate_json});
}

static void on_ready(struct session *session, void *arg)
{
    (void)session;
    tell(arg, (struct event){.type = EVENT_READY});
}

static void on_rtt(struct session *session, bool is_first, void *arg)
{
    const struct held *held = arg;
    struct sessions *all = held->owner;
    histogram_add(&all->round_trips, session_rtt_us(session));
    all->handlers.on_round_trip(held->partner, session_rtt_us(session), all->arg);
    if (is_first)
        tell(held, (struct event){.type = EVENT_MEASURED});
}

static void on_wake(struct session *session, void *arg)
{
    (void)session;
    tell(arg, (struct event){.type = EVENT_WOKEN});
}

static void on_alive(struct session *session, void *arg)
{
    (void)session;
    tell(arg, (struct event){.type = EVENT_ALIVE});
}

static void on_idle(struct session *session, void *arg)
{
    (void)session;
    tell(arg, (struct event){.type = EVENT_IDLE});
}

static void on_path(struct session *session, enum peer_path_state state, void *arg)
{
    (void)session;
    tell(arg, (struct event){.type = EVENT_PATH, .path = state});
}

static void on_relay(struct session *session, struct span datagram, void *arg)
{
    const struct held *held = arg;
    const struct sessions *all = held->owner;
    const uint8_t *tag = peer_remote_relay_tag(session_peer(session));
    all->handlers.on_relay(&(struct relay_frame){held->member, tag, datagram}, all->arg);
}

static void on_request(struct mux_stream *stream, const struct head *head, void *arg)
{
    const struct held *held = arg;
    struct sessions *all = held->owner;
    all->handlers.on_request(held->partner, stream, head, all->arg);
}

static void on_closed(struct session *session, const char *text, enum mux_likeness likeness,
                      void *arg)
{
    tell(arg, (struct event){.type = EVENT_CLOSED,
                             .text = text,
                             .likeness = likeness,
                             .is_shut_out = strstr(text, SESSIONS_SHUT_OUT) != NULL,
                             .is_goodbye = peer_has_heard_goodbye(session_peer(session))});
}

/* ---- actions ---- */

static void start(struct sessions *all, const struct action *action)
{
    static const struct session_handlers handlers = {
        .on_description = on_description,
        .on_candidate = on_candidate,
        .on_ready = on_ready,
        .on_rtt = on_rtt,
        .on_wake = on_wake,
        .on_alive = on_alive,
        .on_relay = on_relay,
        .on_path = on_path,
        .on_request = on_request,
        .on_idle = on_idle,
        .on_closed = on_closed,
    };
    struct held *held = xcalloc(1, sizeof *held);
    held->owner = all;
    held->number = action->session;
    held->session = session_new(all->loop, all->config.role, all->config.features,
                                &all->config.peer, &handlers, held);
    list_append(&all->all, &held->link);
    all->count++;
    if (action->sdp_type == SDP_OFFER)
        peer_offer(session_peer(held->session));
}

static void feed(const struct held *held, const struct action *action)
{
    const char *why;
    struct peer *peer = session_peer(held->session);
    int error = peer_set_remote(peer, action->sdp_type, action->text, &why);
    tell(held, (struct event){.type = EVENT_FED,
                              .sdp_type = action->sdp_type,
                              .text = error < 0 ? why : NULL,
                              .is_offering = peer_is_offering(peer)});
}

static void restart(const struct held *held)
{
    if (peer_restart(session_peer(held->session)) == -ENOTSUP)
        tell(held, (struct event){.type = EVENT_NO_RESTART});
}

static void feed_candidate(const struct sessions *all, const struct action *action)
{
    const unsigned numbers[] = {action->session, action->others[0], action->others[1]};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct session *session = sessions_find(all, numbers[i]);
        if (session && peer_add_candidate(session_peer(session), action->text) == 0)
            return;
    }
    log_debug("keeper: skipped a candidate that cannot be used: %s", action->text);
}

static struct traffic traffic_of_held(const struct held *held)
{
    struct session_stats stats;
    session_stats(held->session, &stats);
    return traffic_of(&stats.peer);
}

static void close_held(struct held *held, const char *text)
{
    struct sessions *all = held->owner;
    const struct traffic traffic = traffic_of_held(held);
    traffic_add(&all->ended, &traffic);
    list_remove(&held->link);
    all->count--;
    timer_free(held->farewell);
    session_close(held->session, text);
    held->session = NULL;
    /* It may be under a callback of its session, which still has it as arg. */
    loop_defer(all->loop, free, held);
}

static void close_refused(void *arg)
{
    close_held(arg, "the session was refused");
}

/* Its last word is to be read: where a connection ends right behind it, not
 * everybody's stack still hands it out. */
static void take_leave(void *arg)
{
    struct held *held = arg;
    if (!held->session)
        return;
    held->is_refused = true;
    mux_fail(session_mux(held->session), "the session was refused");
    held->farewell = timer_new(held->owner->loop, close_refused, held);
    timer_start_in(held->farewell, FAREWELL_US);
}

/* The words that say so have gone at the end of this turn. */
static void refuse(struct held *held, const char *text)
{
    held->is_refused = true;
    session_refuse(held->session, text);
    loop_defer(held->owner->loop, take_leave, held);
}

/* device: NULL for whoever it is. */
static bool is_with(const struct held *held, const char *device)
{
    const char *own = mux_device(session_mux(held->session));
    return !device || (own && strcmp(own, device) == 0);
}

static struct held *find_device(const struct sessions *all, const char *device)
{
    LIST_EACH(at, next, &all->all) {
        struct held *held = held_at(at);
        if (!held->is_refused && is_with(held, device))
            return held;
    }
    return NULL;
}

void sessions_expel(struct sessions *all, const char *device)
{
    static const char text[] = SESSIONS_SHUT_OUT;
    for (struct held *held; (held = find_device(all, device)) != NULL;) {
        const struct event event = {.type = EVENT_CLOSED, .session = held->number, .text = text};
        refuse(held, text);
        all->handlers.on_event(&event, all->arg);
    }
}

void sessions_act(struct sessions *all, const struct action *action)
{
    struct held *held = find(all, action->session);
    if (action->type == ACTION_START)
        start(all, action);
    else if (action->type == ACTION_FEED_CANDIDATE)
        feed_candidate(all, action);
    else if (!held)
        return;
    else if (action->type == ACTION_FEED)
        feed(held, action);
    else if (action->type == ACTION_RESTART)
        restart(held);
    else if (action->type == ACTION_ABANDON_RESTART)
        peer_abandon_restart(session_peer(held->session));
    else if (action->type == ACTION_PROBE)
        session_probe(held->session);
    else if (action->type == ACTION_HOLD || action->type == ACTION_ADMIT)
        session_set_held(held->session, action->type == ACTION_HOLD);
    else if (action->type == ACTION_REFUSE)
        refuse(held, action->text);
    else if (action->type == ACTION_DRAIN && mux_stream_count(session_mux(held->session)) == 0)
        tell(held, (struct event){.type = EVENT_IDLE});
    else if (action->type == ACTION_CLOSE && mux_has_refused(session_mux(held->session)))
        take_leave(held);
    else if (action->type == ACTION_CLOSE)
        close_held(held, action->text);
}

/* ---- all of them ---- */

struct session *sessions_find(const struct sessions *all, unsigned number)
{
    struct held *held = find(all, number);
    return held ? held->session : NULL;
}

bool sessions_stats(const struct sessions *all, unsigned number, struct session_stats *out)
{
    const struct session *session = sessions_find(all, number);
    if (session)
        session_stats(session, out);
    return session != NULL;
}

struct traffic sessions_traffic(const struct sessions *all)
{
    struct traffic sum = all->ended;
    LIST_EACH(at, next, &all->all) {
        const struct traffic more = traffic_of_held(held_at(at));
        traffic_add(&sum, &more);
    }
    return sum;
}

void sessions_set_partner(struct sessions *all, unsigned number, uint32_t partner)
{
    struct held *held = find(all, number);
    if (held)
        held->partner = partner;
}

unsigned sessions_match(const struct sessions *all, const char *device, enum sdp_type type,
                        const char *sdp)
{
    struct sdp parsed; /* once: there may be a thousand sessions */
    const char *why;
    unsigned number = 0;
    if (sdp_parse(sdp, &parsed, &why) < 0)
        return 0;
    LIST_EACH(at, next, &all->all) {
        if (number > 0 || !is_with(held_at(at), device))
            continue;
        enum peer_match match = peer_match_sdp(session_peer(held_at(at)->session), type, &parsed);
        if (match == PEER_MATCH_SESSION || match == PEER_MATCH_LATE)
            number = held_at(at)->number;
    }
    sdp_deinit(&parsed);
    return number;
}

void sessions_route(struct sessions *all, const char *(*member_of)(unsigned session, void *arg),
                    void *arg)
{
    LIST_EACH(at, next, &all->all) {
        struct held *held = held_at(at);
        const char *member = member_of(held->number, arg);
        /* Of a server whose ids are no UUIDs, nothing can be named. */
        bool can_relay = member && uuid_parse(member, held->member);
        peer_set_relay(session_peer(held->session), can_relay);
    }
}

void sessions_feed_relay(struct sessions *all, const struct relay_frame *frame)
{
    LIST_EACH(at, next, &all->all) {
        struct peer *peer = session_peer(held_at(at)->session);
        const uint8_t *tag = peer_relay_tag(peer);
        if (!tag || memcmp(tag, frame->tag, RELAY_TAG_LEN) != 0)
            continue;
        peer_feed_relay(peer, frame->datagram);
        return;
    }
}

size_t sessions_update_addresses(struct sessions *all, unsigned *outdated)
{
    size_t count = 0;
    LIST_EACH(at, next, &all->all) {
        if (peer_update_addresses(session_peer(held_at(at)->session)))
            outdated[count++] = held_at(at)->number;
    }
    return count;
}

void sessions_init(struct sessions *all, struct loop *loop, const struct sessions_config *config,
                   const struct sessions_handlers *handlers, void *arg)
{
    *all = (struct sessions){.loop = loop, .config = *config, .handlers = *handlers, .arg = arg};
    list_init(&all->all);
}

void sessions_deinit(struct sessions *all, const char *text)
{
    LIST_EACH(at, next, &all->all)
        close_held(held_at(at), text);
}
