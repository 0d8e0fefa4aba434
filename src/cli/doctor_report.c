/*
 * A function for each check; and one that says what they mean together, for
 * which a path is looked for in the order in which ICE would find it.
 */
#include "cli/doctor_report_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CLOCK_SLACK_S = 60 };

static unsigned long long ms(uint64_t us)
{
    return (us + US_PER_MS / 2) / US_PER_MS;
}

/* ---- the signal server ---- */

/* Of what is off by months nobody counts the seconds. */
static void say_difference(struct doctor_finding *f, int64_t ahead_s)
{
    static const struct {
        const char *unit;
        int64_t s;
    } units[] = {{"days", 86400}, {"hours", 3600}, {"s", 1}};
    int64_t off_s = llabs(ahead_s);
    size_t i = 0;
    while (units[i].s > 1 && off_s < 2 * units[i].s)
        i++;
    doctor_say(f, "%" PRId64 " %s %s that of the signal server", off_s / units[i].s, units[i].unit,
               ahead_s > 0 ? "ahead of" : "behind");
}

static void add_clock(const struct doctor_signal *s, struct doctor_report *report)
{
    if (s->answer != DOCTOR_FINE || !s->has_clock)
        return;
    bool is_off = llabs(s->ahead_s) > CLOCK_SLACK_S;
    struct doctor_finding *f = doctor_add(
        report, "clock", is_off ? DOCTOR_POOR : DOCTOR_GOOD,
        is_off ? "set the clock that is wrong: certificates, invites and credentials of TURN "
                 "expire by it"
               : NULL);
    if (is_off)
        say_difference(f, s->ahead_s);
    else
        doctor_say(f, "that of the signal server");
}

static const char *advice_for(const struct doctor_signal *s)
{
    if (strstr(s->why, "by the clock of this machine"))
        return "set that clock if it is wrong; else the server needs a new certificate";
    if (strstr(s->why, "certificate is refused"))
        return "a certificate must be for the URL's host, and signed by whom this machine trusts";
    return s->by ? "check HTTPS_PROXY and NO_PROXY, and the URL"
                 : "check the URL and whether `signal-server` runs there; where a proxy is "
                   "the only way out, HTTPS_PROXY names it";
}

static void add_signal(const struct doctor_signal *s, struct doctor_report *report)
{
    const char *way = s->by ? s->by : "directly";
    struct doctor_finding *f;
    if (s->answer == DOCTOR_UNASKED) {
        f = doctor_add(report, "signal", DOCTOR_NOTE,
                       s->is_tracker ? NULL : "--signal URL, or a LINK, says which is to be asked");
        doctor_say(f, s->is_tracker ? "trackers are not asked" : "no signal server is known");
    } else if (s->answer == DOCTOR_FINE) {
        f = doctor_add(report, "signal", DOCTOR_GOOD, NULL);
        doctor_say(f, "%s answers%s%s in %llu ms, %s TLS", s->place, s->by ? " by way of " : " ",
                   way, ms(s->us), s->is_tls ? "with" : "without");
    } else if (s->answer == DOCTOR_BAD) {
        f = doctor_add(report, "signal", DOCTOR_NONE, "check the URL: its host, port and path");
        doctor_say(f, "%s takes no signalling: %s", s->place, s->why);
    } else {
        f = doctor_add(report, "signal", DOCTOR_NONE, advice_for(s));
        doctor_say(f, "%s does not answer%s%s: %s", s->place, s->by ? " by way of " : "",
                   s->by ? s->by : "", s->why);
    }
}

/* ---- the way out ---- */

static void add_router(const struct doctor_facts *facts, struct doctor_report *report)
{
    static const char *const words[] = {
        [DOCTOR_ROUTER_UNBUILT] = "this tunnel was built without libnatpmp and miniupnpc",
        [DOCTOR_ROUTER_NEEDLESS] = "no private address leads out, so there is no router to ask",
        [DOCTOR_ROUTER_SILENT] = "no router answers NAT-PMP or UPnP",
        [DOCTOR_ROUTER_REFUSES] = "the router answers, but refuses",
    };
    if (facts->router == DOCTOR_ROUTER_UNASKED)
        return;
    if (facts->router == DOCTOR_ROUTER_MAPS)
        doctor_say(doctor_add(report, "port mapping", DOCTOR_GOOD, NULL),
                   "the router gives ports, as %s", facts->router_text);
    else
        doctor_say(doctor_add(report, "port mapping", DOCTOR_NOTE, NULL), "%s",
                   words[facts->router]);
}

/* ---- this machine ---- */

static void add_upstream(const struct doctor_upstream *u, struct doctor_report *report)
{
    if (u->answer == DOCTOR_UNASKED)
        return;
    if (u->answer == DOCTOR_FINE)
        doctor_say(doctor_add(report, "upstream", DOCTOR_GOOD, NULL),
                   "%s answers %d, first byte in %llu ms", u->url, u->status, ms(u->us));
    else
        doctor_say(doctor_add(report, "upstream", DOCTOR_POOR,
                              "start it, or check --upstream: its port, and http or https"),
                   "%s does not answer: %s", u->url, u->why);
}

static void add_state(const struct doctor_facts *facts, struct doctor_report *report)
{
    const char *folder = facts->state.folder;
    if (!folder) {
        doctor_say(doctor_add(report, "state", DOCTOR_NOTE,
                              "serve needs HOME, or --state DIR; proxy does without"),
                   "there is no place for it");
        return;
    }
    switch (facts->state.state) {
    case DOCTOR_STATE_NONE:
        doctor_say(doctor_add(report, "state", DOCTOR_NOTE, NULL),
                   "there is no %s yet: serve and proxy make it", folder);
        break;
    case DOCTOR_STATE_BARE:
        doctor_say(doctor_add(report, "state", DOCTOR_NOTE, NULL),
                   "no identity in %s: serve makes one at its first start, proxy needs none",
                   folder);
        break;
    case DOCTOR_STATE_BAD:
        doctor_say(doctor_add(report, "state", DOCTOR_POOR,
                              "mend that, or name another folder by --state"),
                   "%s", facts->state.why);
        break;
    case DOCTOR_STATE_PUBLIC:
        doctor_say(doctor_add(report, "state", DOCTOR_POOR, "chmod 700 it"),
                   "others may look into %s", folder);
        break;
    case DOCTOR_STATE_FIXED:
        doctor_say(doctor_add(report, "state", DOCTOR_POOR,
                              "let this user write there, or name another by "
                              "--state"),
                   "%s cannot be written to", folder);
        break;
    case DOCTOR_STATE_FINE:
        doctor_say(doctor_add(report, "state", DOCTOR_GOOD, NULL),
                   "%s is private, can be written to, has %zu %s", folder, facts->state.invites,
                   facts->state.invites == 1 ? "invite" : "invites");
        break;
    }
}

static void add_lan(const struct doctor_facts *facts, struct doctor_report *report)
{
    if (!facts->is_near)
        return;
    if (facts->lan_interfaces > 0)
        doctor_say(doctor_add(report, "local network", DOCTOR_GOOD, NULL),
                   "others there can be found, by %zu %s", facts->lan_interfaces,
                   facts->lan_interfaces == 1 ? "interface" : "interfaces");
    else
        doctor_say(doctor_add(report, "local network", DOCTOR_NOTE, NULL),
                   "nobody can be found there: no interface leads to a private network, or none "
                   "has multicast");
}

/* ---- all together ---- */

/* What there is where no direct path is. */
static const char *rest_of(const struct doctor_facts *facts)
{
    bool has_relay = facts->takes_relay && !facts->signal.is_tracker;
    return doctor_has_turn(facts) ? "the TURN server"
           : has_relay            ? "the signal server's relay, or a TURN server (--turn)"
                                  : "a TURN server (--turn), which there is not";
}

static enum doctor_grade judge_blocked(const struct doctor_facts *facts, struct doctor_finding *f)
{
    bool has_relay = facts->takes_relay && !facts->signal.is_tracker;
    bool is_some = doctor_has_turn(facts) || has_relay;
    doctor_say(f, "UDP is blocked, so there is no direct path%s%s",
               is_some ? " but in one's own network; else "
                       : ", nor a relay: connections need one by "
                         "--turn",
               is_some ? rest_of(facts) : "");
    return is_some ? DOCTOR_POOR : DOCTOR_NONE;
}

static enum doctor_grade judge_way(const struct doctor_facts *facts, struct doctor_finding *f)
{
    bool is_mapped = facts->router == DOCTOR_ROUTER_MAPS;
    if (facts->is_relay_only) {
        doctor_say(f, "with --relay-only all goes by the TURN server%s",
                   doctor_has_turn(facts) ? "" : ", which is of no use: no connection");
        return doctor_has_turn(facts) ? DOCTOR_GOOD : DOCTOR_NONE;
    }
    if (!facts->stun.is_asked || doctor_is_nameless(facts)) {
        doctor_say(f,
                   "without STUN servers: direct in one's own network, or to a side that is open; "
                   "else by %s",
                   rest_of(facts));
        return DOCTOR_NOTE;
    }
    switch (doctor_best_nat(facts)) {
    case NAT_OPEN:
        doctor_say(f, "not behind a NAT: direct to every side that UDP leads out of; else by %s",
                   rest_of(facts));
        return DOCTOR_GOOD;
    case NAT_CONE:
        doctor_say(
            f,
            "behind a cone NAT: direct to a side that is not behind a symmetric one; else by "
            "%s%s",
            is_mapped ? "--port-mapping, or " : "", rest_of(facts));
        return DOCTOR_GOOD;
    case NAT_SYMMETRIC:
        doctor_say(f, "behind a symmetric NAT: direct only to a side that is open; else by %s%s",
                   is_mapped ? "--port-mapping, or " : "", rest_of(facts));
        return DOCTOR_POOR;
    case NAT_UNCERTAIN:
        doctor_say(f,
                   "behind a NAT: direct to a side that is open, and to others where it is no "
                   "symmetric one; else by %s%s",
                   is_mapped ? "--port-mapping, or " : "", rest_of(facts));
        return DOCTOR_NOTE;
    case NAT_SILENT:
        break;
    }
    return judge_blocked(facts, f);
}

static void sum_up(const struct doctor_facts *facts, struct doctor_report *report)
{
    struct doctor_finding *f = &report->summary;
    bool is_lost = facts->signal.answer == DOCTOR_SILENT || facts->signal.answer == DOCTOR_BAD;
    f->what = "summary";
    if (is_lost)
        doctor_say(f,
                   "no connection: the two ends meet at the signal server, which is not reached%s",
                   facts->is_near && facts->lan_interfaces > 0
                       ? "; with links they still do in one local "
                         "network"
                       : "");
    f->grade = is_lost ? DOCTOR_NONE : judge_way(facts, f);
    for (size_t i = 0; i < report->count; i++) {
        if (report->findings[i].grade > f->grade)
            f->grade = report->findings[i].grade;
    }
}

void doctor_report(const struct doctor_facts *facts, struct doctor_report *out)
{
    *out = (struct doctor_report){0};
    add_signal(&facts->signal, out);
    add_clock(&facts->signal, out);
    doctor_report_network(facts, out);
    add_router(facts, out);
    add_upstream(&facts->upstream, out);
    add_state(facts, out);
    add_lan(facts, out);
    doctor_report_other(facts, out);
    sum_up(facts, out);
}

const char *doctor_grade_name(enum doctor_grade grade)
{
    static const char *const names[] = {
        [DOCTOR_GOOD] = "good",
        [DOCTOR_NOTE] = "note",
        [DOCTOR_POOR] = "poor",
        [DOCTOR_NONE] = "none",
    };
    return names[grade];
}

int doctor_exit_status(const struct doctor_report *report)
{
    switch (report->summary.grade) {
    case DOCTOR_GOOD:
    case DOCTOR_NOTE:
        return 0;
    case DOCTOR_POOR:
        return 1;
    case DOCTOR_NONE:
        break;
    }
    return 2;
}
