/*
 * What the other side has told of itself, and what that and our own network
 * make of a connection between the two.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/doctor_report_internal.h"

enum { WORDS_LEN = 96 };

static const char *const kind_words[] = {
    [NAT_SILENT] = "UDP is blocked there", [NAT_OPEN] = "not behind a NAT",
    [NAT_CONE] = "behind a cone NAT",      [NAT_SYMMETRIC] = "behind a symmetric NAT",
    [NAT_UNCERTAIN] = "behind a NAT",
};

static enum nat_kind kind_of(const struct report *report)
{
    return report->v4 == NAT_SILENT ? report->v6 : report->v4;
}

/* Silent servers say nothing where the two have a session without a relay. */
static bool is_blocked_there(const struct report *report)
{
    return report->knows_nat && kind_of(report) == NAT_SILENT &&
           report->session != REPORT_SESSION_DIRECT;
}

static const char *network_words(const struct report *report)
{
    if (report->is_relay_only)
        return "goes through its TURN server alone";
    if (report->knows_nat && kind_of(report) == NAT_SILENT && !is_blocked_there(report))
        return "no STUN server answers there";
    return report->knows_nat ? kind_words[kind_of(report)] : "asks no STUN servers";
}

static void upstream_words(const struct report *report, char words[WORDS_LEN])
{
    if (report->upstream_status > 0)
        snprintf(words, WORDS_LEN, "its upstream answers %d in %" PRIu64 " ms",
                 report->upstream_status, report->upstream_ms);
    else
        snprintf(words, WORDS_LEN, "its upstream does not answer");
}

static const char *session_words(const struct report *report)
{
    switch (report->session) {
    case REPORT_SESSION_DIRECT:
        return "; this device has a session with it, directly";
    case REPORT_SESSION_RELAYED:
        return "; this device has a session with it, by a relay";
    case REPORT_SESSION_NONE:
        break;
    }
    return "";
}

static void add_report(const struct report *report, struct doctor_report *out)
{
    bool is_blocked = is_blocked_there(report);
    bool is_down = report->upstream_status == 0;
    char upstream[WORDS_LEN];
    upstream_words(report, upstream);
    struct doctor_finding *f =
        doctor_add(out, "other side", is_blocked || is_down ? DOCTOR_POOR : DOCTOR_GOOD,
                   is_down      ? "there: start it, or check --upstream"
                   : is_blocked ? "there: let UDP out, or have a TURN server by TCP or TLS: --turn"
                                : NULL);
    doctor_say(f, "%s%s, %s%s", network_words(report),
               report->mapped == REPORT_MAPPED_PRIVATE ? ", seen with a private address" : "",
               upstream, session_words(report));
}

/* ---- the two together ---- */

static bool has_relay(const struct doctor_facts *facts)
{
    const struct report *report = &facts->other.report;
    return doctor_has_turn(facts) || report->has_turn ||
           (facts->takes_relay && report->takes_relay && !facts->signal.is_tracker);
}

static bool is_strict(enum nat_kind a, enum nat_kind b)
{
    return a == NAT_SYMMETRIC && (b == NAT_SYMMETRIC || b == NAT_CONE || b == NAT_UNCERTAIN);
}

/* Why there is no direct path; NULL: there should be one. */
static const char *hindrance(const struct doctor_facts *facts)
{
    const struct report *report = &facts->other.report;
    enum nat_kind ours = doctor_best_nat(facts);
    enum nat_kind theirs = kind_of(report);
    if (facts->is_relay_only || report->is_relay_only)
        return "one side goes through its TURN server alone";
    if (ours == NAT_SILENT || theirs == NAT_SILENT)
        return ours == theirs       ? "UDP is blocked at both"
               : ours == NAT_SILENT ? "UDP is blocked here"
                                    : "UDP is blocked there";
    if (ours == NAT_SYMMETRIC && theirs == NAT_SYMMETRIC)
        return "both are behind symmetric NATs";
    if (is_strict(ours, theirs) || is_strict(theirs, ours))
        return "a symmetric NAT at one side and a NAT at the other do not let them meet";
    bool is_by_v4 = facts->stun.v4.kind != NAT_SILENT && report->v4 != NAT_SILENT;
    bool is_by_v6 = facts->stun.v6.kind != NAT_SILENT && report->v6 != NAT_SILENT;
    return is_by_v4 || is_by_v6 ? NULL : "one has IPv4 alone, and the other IPv6";
}

static void add_both(const struct doctor_facts *facts, struct doctor_report *out)
{
    const struct report *report = &facts->other.report;
    if (report->session == REPORT_SESSION_DIRECT) {
        doctor_say(doctor_add(out, "both sides", DOCTOR_GOOD, NULL),
                   "a direct path between the two is there, and in use");
        return;
    }
    const char *why = hindrance(facts);
    bool is_certain = facts->is_relay_only || report->is_relay_only ||
                      (facts->stun.is_asked && !doctor_is_nameless(facts) && report->knows_nat);
    if (!is_certain) {
        doctor_say(doctor_add(out, "both sides", DOCTOR_NOTE, "have STUN servers asked by both"),
                   "of one the network is not known");
    } else if (!why) {
        doctor_say(doctor_add(out, "both sides", DOCTOR_GOOD, NULL),
                   "a direct path between the two is to be had");
    } else if (has_relay(facts)) {
        doctor_say(doctor_add(out, "both sides", DOCTOR_POOR,
                              "for a direct one, a port of a router (--port-mapping, or --udp-port "
                              "and --external) at either side"),
                   "%s: a relay carries all between them", why);
    } else {
        doctor_say(doctor_add(out, "both sides", DOCTOR_NONE,
                              "have a TURN server (--turn), or a port of a router at either side"),
                   "%s, and there is no relay", why);
    }
}

void doctor_report_other(const struct doctor_facts *facts, struct doctor_report *report)
{
    if (!facts->other.is_asked || facts->signal.answer != DOCTOR_FINE)
        return;
    if (facts->other.answer == DOCTOR_FINE && facts->other.report.is_refusal) {
        doctor_say(doctor_add(report, "other side", DOCTOR_NONE,
                              "`tunnel invite` there makes another"),
                   "is there, and says that this link has expired");
    } else if (facts->other.answer == DOCTOR_FINE) {
        add_report(&facts->other.report, report);
        add_both(facts, report);
    } else if (facts->other.answer == DOCTOR_SILENT) {
        doctor_say(doctor_add(report, "other side", DOCTOR_NOTE,
                              "where it should, check the link: its invite may be revoked or "
                              "expired"),
                   "is there, but does not tell how it is connected; older versions do not");
    } else {
        doctor_say(doctor_add(report, "other side", DOCTOR_POOR, "start `tunnel serve` there"),
                   "is not there: nobody is in the room of this link");
    }
}
