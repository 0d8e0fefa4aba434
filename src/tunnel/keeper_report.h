/*
 * What a keeper tells its owner: in which state it is, what went wrong, and by
 * which path. Made of an action of the rendezvous and the session that it
 * names.
 */
#ifndef TUNNEL_KEEPER_REPORT_H
#define TUNNEL_KEEPER_REPORT_H

#include "tunnel/action.h"
#include "tunnel/keeper.h"
#include "tunnel/roster.h"
#include "tunnel/session.h"

struct keeper_report {
    const struct keeper_config *config; /* borrowed */
    char problem[PROBLEM_MAX];          /* of the event that is dealt with, or "" */
    enum problem_kind problem_kind;
};

/* ACTION_PROBLEM. session may be NULL, here and below. */
void keeper_report_problem(struct keeper_report *report, const struct action *action,
                           struct session *session);

/* ACTION_STATUS, _PATH, _PARTED: what there is to be told, and kept in the
 * roster as told. False when it is no news. The status borrows from the report,
 * the session and the roster. */
bool keeper_report_status(struct keeper_report *report, const struct action *action,
                          struct session *session, struct roster *roster,
                          struct keeper_status *out);

#endif
