/*
 * A function for each check; and one that says what they mean together, for
 * which a path is looked for in the order in which ICE would find it.
 */
#include "cli/doctor_report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { CLOCK_SLACK_S = 60 };

static struct doctor_finding *add(struct doctor_report *report, const char *what,
                                  enum doctor_grade grade, const char *advice)
{
    struct doctor_finding *f = &report->findings[report->count++];
    *f = (struct doctor_finding){.what = what, .grade = grade, .advice = advice};
    return f;
}

static void __attribute__((format(printf, 2, 3)))
say(struct doctor_finding *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
}

static unsigned long long ms(uint64_t us)
{
    return (us + US_PER_MS / 2) / US_PER_MS;
}

/* ---- the signal server ---- */

static void add_clock(const struct doctor_signal *s, struct doctor_report *report)
{
    if (s->answer != DOCTOR_FINE || !s->has_clock)
        return;
    bool is_off = llabs(s->ahead_s) > CLOCK_SLACK_S;
    struct doctor_finding *f =
        add(report, "clock", is_off ? DOCTOR_POOR : DOCTOR_GOOD,
            is_off ? "set the clock that is wrong: certificates, invites and credentials of TURN "
                     "expire by it"
                   : NULL);
    if (is_off)
        say(f, "%" PRId64 " s %s that of the signal server", (int64_t)llabs(s->ahead_s),
            s->ahead_s > 0 ? "ahead of" : "behind");
    else
        say(f, "that of the signal server");
}

static void add_signal(const struct doctor_signal *s, struct doctor_report *report)
{
    const char *way = s->by ? s->by : "directly";
    struct doctor_finding *f;
    if (s->answer == DOCTOR_UNASKED) {
        f = add(report, "signal", DOCTOR_NOTE,
                s->is_tracker ? NULL : "--signal URL, or a LINK, says which is to be asked");
        say(f, s->is_tracker ? "trackers are not asked" : "no signal server is known");
    } else if (s->answer == DOCTOR_FINE) {
        f = add(report, "signal", DOCTOR_GOOD, NULL);
        say(f, "%s answers%s%s in %llu ms, %s TLS", s->place, s->by ? " by way of " : " ", way,
            ms(s->us), s->is_tls ? "with" : "without");
    } else if (s->answer == DOCTOR_BAD) {
        f = add(report, "signal", DOCTOR_NONE, "check the URL: its host, port and path");
        say(f, "%s takes no signalling: %s", s->place, s->why);
    } else {
        f = add(report, "signal", DOCTOR_NONE,
                s->by ? "check HTTPS_PROXY and NO_PROXY, and the URL"
                      : "check the URL and whether `signal-server` runs there; where a proxy is "
                        "the only way out, HTTPS_PROXY names it");
        say(f, "%s does not answer%s%s: %s", s->place, s->by ? " by way of " : "",
            s->by ? s->by : "", s->why);
    }
}

/* ---- the way out ---- */

static const char *const nat_words[] = {
    [DOCTOR_NAT_SILENT] = "no answer",
    [DOCTOR_NAT_OPEN] = "open, no NAT",
    [DOCTOR_NAT_CONE] = "cone NAT (the same port for all destinations)",
    [DOCTOR_NAT_SYMMETRIC] = "symmetric NAT (another port for each destination)",
    [DOCTOR_NAT_UNCERTAIN] = "a NAT, of which kind two servers would tell",
};

static void say_nat(struct doctor_finding *f, const struct doctor_nat_view *view)
{
    char mapped[ADDRESS_TEXT_LEN];
    say(f, "seen as %s, %s; %zu of %zu addresses of servers answer",
        address_format(view->mapped, mapped), nat_words[view->kind], view->answered, view->asked);
}

static enum doctor_nat best_of(const struct doctor_facts *facts)
{
    enum doctor_nat v4 = facts->stun.v4.kind;
    enum doctor_nat v6 = facts->stun.v6.kind;
    return v4 == DOCTOR_NAT_SILENT ? v6 : v4;
}

/* Nobody was asked, since no name was looked up in time. */
static bool is_nameless(const struct doctor_facts *facts)
{
    return facts->stun.is_asked && facts->stun.v4.asked + facts->stun.v6.asked == 0;
}

static void add_nat(const struct doctor_facts *facts, struct doctor_report *report)
{
    const struct doctor_nat_view *v4 = &facts->stun.v4;
    const struct doctor_nat_view *v6 = &facts->stun.v6;
    enum doctor_nat best = best_of(facts);
    if (!facts->stun.is_asked) {
        say(add(report, "stun", DOCTOR_NOTE, "--stun names servers"), "no server is to be asked");
        return;
    }
    if (is_nameless(facts)) {
        say(add(report, "stun", DOCTOR_POOR,
                "check the name server, or name a STUN server by its address"),
            "no server's name is found");
        return;
    }
    if (v4->kind != DOCTOR_NAT_SILENT || best == DOCTOR_NAT_SILENT) {
        bool is_uncertain = v4->kind == DOCTOR_NAT_UNCERTAIN;
        struct doctor_finding *f =
            add(report, "stun",
                v4->kind == DOCTOR_NAT_SILENT || v4->kind == DOCTOR_NAT_SYMMETRIC ? DOCTOR_POOR
                : is_uncertain                                                    ? DOCTOR_NOTE
                                                                                  : DOCTOR_GOOD,
                v4->kind == DOCTOR_NAT_SILENT
                    ? "let UDP out, or have a TURN server by TCP or TLS: --turn"
                : v4->kind == DOCTOR_NAT_SYMMETRIC
                    ? "have a TURN server (--turn), or --port-mapping where the router allows it"
                : is_uncertain ? "name another server by --stun"
                               : NULL);
        if (v4->kind == DOCTOR_NAT_SILENT)
            say(f, "UDP is blocked: none of %zu addresses of servers answers",
                v4->asked + v6->asked);
        else
            say_nat(f, v4);
    }
    if (v6->kind != DOCTOR_NAT_SILENT)
        say_nat(add(report, "stun by IPv6", DOCTOR_GOOD, NULL), v6);
}

static void add_turn(const struct doctor_turn *t, struct doctor_report *report)
{
    if (!t->is_asked)
        return;
    struct doctor_finding *f;
    if (t->is_found && t->state == TURN_PROBE_CARRIES) {
        say(add(report, "turn", DOCTOR_GOOD, NULL), "%s relays as %s, and carries", t->url,
            t->text);
    } else if (t->is_found && t->state == TURN_PROBE_SHY) {
        say(add(report, "turn", DOCTOR_NOTE, NULL),
            "%s relays as %s; it sends nothing to itself, so nothing was carried", t->url, t->text);
    } else if (t->is_found && t->state == TURN_PROBE_ALLOCATED) {
        f = add(report, "turn", DOCTOR_POOR,
                "let UDP into the TURN server's relay ports, and check its external address");
        say(f, "%s relays as %s, but what is sent there does not come back", t->url, t->text);
    } else {
        f = add(report, "turn", DOCTOR_POOR,
                "check --turn, --turn-user and --turn-pass, and that the network lets its "
                "transport out");
        say(f, "%s is of no use: %s", t->url,
            !t->is_found                    ? "its name is not found"
            : t->state == TURN_PROBE_FAILED ? t->text
                                            : "it does not answer");
    }
}

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
        say(add(report, "port mapping", DOCTOR_GOOD, NULL), "the router gives ports, as %s",
            facts->router_text);
    else
        say(add(report, "port mapping", DOCTOR_NOTE, NULL), "%s", words[facts->router]);
}

/* ---- this machine ---- */

static void add_upstream(const struct doctor_upstream *u, struct doctor_report *report)
{
    if (u->answer == DOCTOR_UNASKED)
        return;
    if (u->answer == DOCTOR_FINE)
        say(add(report, "upstream", DOCTOR_GOOD, NULL), "%s answers %d, first byte in %llu ms",
            u->url, u->status, ms(u->us));
    else
        say(add(report, "upstream", DOCTOR_POOR,
                "start it, or check --upstream: its port, and http or https"),
            "%s does not answer: %s", u->url, u->why);
}

static void add_state(const struct doctor_facts *facts, struct doctor_report *report)
{
    const char *folder = facts->state.folder ? facts->state.folder : "no home";
    switch (facts->state.state) {
    case DOCTOR_STATE_NONE:
        say(add(report, "state", DOCTOR_NOTE, NULL), "nothing in %s; serve makes it", folder);
        break;
    case DOCTOR_STATE_BAD:
        say(add(report, "state", DOCTOR_POOR, "mend that, or name another folder by --state"), "%s",
            facts->state.why);
        break;
    case DOCTOR_STATE_PUBLIC:
        say(add(report, "state", DOCTOR_POOR, "chmod 700 it"), "others may look into %s", folder);
        break;
    case DOCTOR_STATE_FIXED:
        say(add(report, "state", DOCTOR_POOR,
                "let this user write there, or name another by "
                "--state"),
            "%s cannot be written to", folder);
        break;
    case DOCTOR_STATE_FINE:
        say(add(report, "state", DOCTOR_GOOD, NULL), "%s is private, can be written to, has %zu %s",
            folder, facts->state.invites, facts->state.invites == 1 ? "invite" : "invites");
        break;
    }
}

static void add_lan(const struct doctor_facts *facts, struct doctor_report *report)
{
    if (!facts->is_near)
        return;
    if (facts->lan_interfaces > 0)
        say(add(report, "local network", DOCTOR_GOOD, NULL), "others there can be found, by %zu %s",
            facts->lan_interfaces, facts->lan_interfaces == 1 ? "interface" : "interfaces");
    else
        say(add(report, "local network", DOCTOR_NOTE, NULL),
            "nobody can be found there: no interface has both a private address and multicast");
}

/* ---- all together ---- */

static bool has_turn(const struct doctor_facts *facts)
{
    return facts->turn.is_asked && facts->turn.is_found &&
           (facts->turn.state == TURN_PROBE_CARRIES || facts->turn.state == TURN_PROBE_SHY);
}

/* What there is where no direct path is. */
static const char *rest_of(const struct doctor_facts *facts)
{
    bool has_relay = facts->takes_relay && !facts->signal.is_tracker;
    return has_turn(facts) ? "the TURN server"
           : has_relay     ? "the signal server's relay, or a TURN server (--turn)"
                           : "a TURN server (--turn), which there is not";
}

static enum doctor_grade judge_blocked(const struct doctor_facts *facts, struct doctor_finding *f)
{
    bool has_relay = facts->takes_relay && !facts->signal.is_tracker;
    bool is_some = has_turn(facts) || has_relay;
    say(f, "UDP is blocked, so there is no direct path%s%s",
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
        say(f, "with --relay-only all goes by the TURN server%s",
            has_turn(facts) ? "" : ", which is of no use: no connection");
        return has_turn(facts) ? DOCTOR_GOOD : DOCTOR_NONE;
    }
    if (!facts->stun.is_asked || is_nameless(facts)) {
        say(f,
            "without STUN servers: direct in one's own network, or to a side that is open; "
            "else by %s",
            rest_of(facts));
        return DOCTOR_NOTE;
    }
    switch (best_of(facts)) {
    case DOCTOR_NAT_OPEN:
        say(f, "not behind a NAT: direct to every side that UDP leads out of; else by %s",
            rest_of(facts));
        return DOCTOR_GOOD;
    case DOCTOR_NAT_CONE:
        say(f,
            "behind a cone NAT: direct to a side that is not behind a symmetric one; else by "
            "%s%s",
            is_mapped ? "--port-mapping, or " : "", rest_of(facts));
        return DOCTOR_GOOD;
    case DOCTOR_NAT_SYMMETRIC:
        say(f, "behind a symmetric NAT: direct only to a side that is open; else by %s%s",
            is_mapped ? "--port-mapping, or " : "", rest_of(facts));
        return DOCTOR_POOR;
    case DOCTOR_NAT_UNCERTAIN:
        say(f,
            "behind a NAT: direct to a side that is open, and to others where it is no "
            "symmetric one; else by %s%s",
            is_mapped ? "--port-mapping, or " : "", rest_of(facts));
        return DOCTOR_NOTE;
    case DOCTOR_NAT_SILENT:
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
        say(f, "no connection: the two ends meet at the signal server, which is not reached%s",
            facts->is_near && facts->lan_interfaces > 0 ? "; with links they still do in one local "
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
    add_nat(facts, out);
    add_turn(&facts->turn, out);
    add_router(facts, out);
    add_upstream(&facts->upstream, out);
    add_state(facts, out);
    add_lan(facts, out);
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
