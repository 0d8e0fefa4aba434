/*
 * A problem is kept until the event that led to it has been dealt with: the
 * status that follows has it, and so have sessions that are closed because of
 * it.
 */
#include "tunnel/keeper_report.h"

void keeper_report_problem(struct keeper_report *report, const struct action *action,
                           struct session *session)
{
    const struct keeper_config *config = report->config;
    char tried[PEER_TRIED_MAX] = "";
    if (session)
        peer_describe_tried(session_peer(session), tried);
    const struct problem problem = {
        .kind = action->problem,
        .text = action->text,
        .tried = tried,
        .role = config->role,
        .room = config->room,
        .is_sealed = config->seal != NULL,
        .has_turn = ice_servers_has_turn(config->servers),
    };
    problem_format(&problem, report->problem);
    report->problem_kind = action->problem;
}

static struct keeper_status status_of(const struct keeper_report *report,
                                      const struct action *action, struct session *session)
{
    bool has_problem = report->problem[0] != '\0';
    struct keeper_status status = {
        .state = action->type == ACTION_PARTED ? KEEPER_UP : action->state,
        .problem = has_problem ? report->problem : NULL,
        .is_slow = has_problem && report->problem_kind == PROBLEM_SIGNAL_SLOW,
        .is_goodbye = has_problem && report->problem_kind == PROBLEM_GOODBYE,
        .retry_in_us = action->retry_in_us,
        .is_alone = action->is_alone,
        .partner = action->partner,
        .has_parted = action->type == ACTION_PARTED,
        .is_path_news = action->type == ACTION_PATH,
    };
    if (!session)
        return status;
    peer_get_path(session_peer(session), &status.path);
    status.rtt_us = session_rtt_us(session);
    if (report->config->role == MUX_PROVIDER)
        status.device = mux_device(session_mux(session));
    return status;
}

bool keeper_report_status(struct keeper_report *report, const struct action *action,
                          struct session *session, struct roster *roster, struct keeper_status *out)
{
    struct roster_entry *entry = roster_find(roster, action->partner);
    *out = status_of(report, action, session);
    if (out->is_path_news && !(entry && roster_tell_path(entry, &out->path)))
        return false;
    out->name = entry ? entry->name : NULL;
    out->partners = roster->up;
    if (entry && !out->has_parted)
        entry->told = out->path;
    return true;
}
