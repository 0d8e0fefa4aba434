/*
 * Feeds the rendezvous and does what it decides, at once and in order. An
 * action may lead to an event by itself, such as ACTION_FEED: that one is fed
 * where it happens, and whatever is still in the line is done then.
 */
#include <stdlib.h>

#include "base/log.h"
#include "tunnel/keeper_internal.h"

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

static void note_path(struct keeper *keeper, const struct action *action)
{
    struct roster_entry *entry = roster_find(&keeper->roster, action->partner);
    if (entry && entry->session == action->session)
        roster_change_path(entry, action->was_broken, clock_now_us());
}

void keeper_tell_path(struct keeper *keeper)
{
    const struct roster_entry *entry = roster_next_news(&keeper->roster, clock_now_us());
    if (entry)
        report(keeper, &(struct action){.type = ACTION_PATH,
                                        .state = KEEPER_UP,
                                        .session = entry->session,
                                        .partner = entry->partner});
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
                     mux_device(session_mux(session)), clock_now_us());
        sessions_set_partner(&keeper->sessions, action->session, action->partner);
    }
    keeper->handlers.on_up(action->partner, session_mux(session), keeper->arg);
}

static const char *name_of(const struct keeper *keeper, const struct action *action,
                           char out[MUX_DEVICE_MAX + 1])
{
    struct session *session = sessions_find(&keeper->sessions, action->session);
    roster_name(action->partner, session ? mux_device(session_mux(session)) : NULL, out);
    return out;
}

static void tell_note(const struct keeper *keeper, const struct action *action)
{
    char name[MUX_DEVICE_MAX + 1];
    char *place = action->note == NOTE_SIGNAL_BACK ? venue_describe(keeper->venue) : NULL;
    const char *text = note_is_of_problem(action->note) ? keeper->report.problem : action->text;
    if (action->note == NOTE_NO_PLACE)
        text = name_of(keeper, action, name);
    note_log(action->note, place ? place : text);
    free(place);
    if (action->note == NOTE_SIGNAL_AWAY && keeper->handlers.on_signal_away)
        keeper->handlers.on_signal_away(action->text, keeper->arg);
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
    case ACTION_PARTED:
        report(keeper, action);
        break;
    case ACTION_PATH:
        note_path(keeper, action);
        break;
    case ACTION_NOTE:
        tell_note(keeper, action);
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

/* ---- the line of events ---- */

/* To whom the signal server would pass on the datagrams of a session. */
static const char *member_of(unsigned session, void *arg)
{
    const struct keeper *k = arg;
    return venue_can_relay(k->venue) ? rendezvous_member_of(k->rendezvous, session) : NULL;
}

void keeper_feed(struct keeper *keeper, const struct event *event)
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
