/*
 * What a link tells its owner: in which state it is, what went wrong, and by
 * which path. Made of an action of the rendezvous and the session that it
 * names.
 */
#ifndef TUNNEL_LINK_REPORT_H
#define TUNNEL_LINK_REPORT_H

#include "tunnel/action.h"
#include "tunnel/link.h"
#include "tunnel/session.h"

struct link_report {
    const struct link_config *config; /* borrowed */
    struct peer_path told;            /* of the session that is up; empty before */
    char problem[PROBLEM_MAX];        /* of the event that is dealt with, or "" */
    enum problem_kind problem_kind;
};

/* ACTION_PROBLEM. session may be NULL, here and below. */
void link_report_problem(struct link_report *report, const struct action *action,
                         struct session *session);

/* ACTION_STATUS. The status borrows from the report and from the session. */
struct link_status link_report_status(struct link_report *report, const struct action *action,
                                      struct session *session);

/* ACTION_PATH. False when that is no news. */
bool link_report_path(struct link_report *report, const struct action *action,
                      struct session *session, struct link_status *out);

#endif
