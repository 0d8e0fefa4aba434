/*
 * What was found out of the network: NATs, packets, TURN.
 */
#include <stdarg.h>
#include <stdio.h>

#include "cli/doctor_report_internal.h"

struct doctor_finding *doctor_add(struct doctor_report *report, const char *what,
                                  enum doctor_grade grade, const char *advice)
{
    struct doctor_finding *f = &report->findings[report->count++];
    *f = (struct doctor_finding){.what = what, .grade = grade, .advice = advice};
    return f;
}

void doctor_say(struct doctor_finding *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
}

static const char *const nat_words[] = {
    [NAT_SILENT] = "no answer",
    [NAT_OPEN] = "open, no NAT",
    [NAT_CONE] = "cone NAT (the same port for all destinations)",
    [NAT_SYMMETRIC] = "symmetric NAT (another port for each destination)",
    [NAT_UNCERTAIN] = "a NAT, of which kind two servers would tell",
};

static void say_nat(struct doctor_finding *f, const struct nat_view *view)
{
    char mapped[ADDRESS_TEXT_LEN];
    doctor_say(f, "seen as %s, %s; %zu of %zu addresses of servers answer",
               address_format(view->mapped, mapped), nat_words[view->kind], view->answered,
               view->asked);
}

enum nat_kind doctor_best_nat(const struct doctor_facts *facts)
{
    enum nat_kind v4 = facts->stun.v4.kind;
    enum nat_kind v6 = facts->stun.v6.kind;
    return v4 == NAT_SILENT ? v6 : v4;
}

bool doctor_is_nameless(const struct doctor_facts *facts)
{
    return facts->stun.is_asked && facts->stun.v4.asked + facts->stun.v6.asked == 0;
}

static void add_nat(const struct doctor_facts *facts, struct doctor_report *report)
{
    const struct nat_view *v4 = &facts->stun.v4;
    const struct nat_view *v6 = &facts->stun.v6;
    enum nat_kind best = doctor_best_nat(facts);
    if (!facts->stun.is_asked) {
        doctor_say(doctor_add(report, "stun", DOCTOR_NOTE, "--stun names servers"),
                   "no server is to be asked");
        return;
    }
    if (doctor_is_nameless(facts)) {
        doctor_say(doctor_add(report, "stun", DOCTOR_POOR,
                              "check the name server, or name a STUN server by its address"),
                   "no server's name is found");
        return;
    }
    if (v4->kind != NAT_SILENT || best == NAT_SILENT) {
        bool is_uncertain = v4->kind == NAT_UNCERTAIN;
        struct doctor_finding *f = doctor_add(
            report, "stun",
            v4->kind == NAT_SILENT || v4->kind == NAT_SYMMETRIC ? DOCTOR_POOR
            : is_uncertain                                      ? DOCTOR_NOTE
                                                                : DOCTOR_GOOD,
            v4->kind == NAT_SILENT ? "let UDP out, or have a TURN server by TCP or TLS: --turn"
            : v4->kind == NAT_SYMMETRIC
                ? "have a TURN server (--turn), or --port-mapping where the router allows it"
            : is_uncertain ? "name another server by --stun"
                           : NULL);
        if (v4->kind == NAT_SILENT)
            doctor_say(f, "UDP is blocked: none of %zu addresses of servers answers",
                       v4->asked + v6->asked);
        else
            say_nat(f, v4);
    }
    if (v6->kind != NAT_SILENT)
        say_nat(doctor_add(report, "stun by IPv6", DOCTOR_GOOD, NULL), v6);
}

static bool is_of_use(const struct doctor_turn *t)
{
    return t->is_found && (t->state == TURN_PROBE_CARRIES || t->state == TURN_PROBE_SHY);
}

/* One that was not named is spoken of where it would help. */
static void add_turn_beside(const struct doctor_turn *t, struct doctor_report *report)
{
    if (is_of_use(t))
        doctor_say(doctor_add(report, "turn", DOCTOR_GOOD,
                              "name it as well, for networks that let nothing else out"),
                   "%s, which is not named, relays, too", t->url);
}

static void add_turn(const struct doctor_turn *t, struct doctor_report *report)
{
    const char *by = t->origin == DOCTOR_TURN_NAMED ? ", named by the signal server," : "";
    struct doctor_finding *f;
    if (t->is_found && t->state == TURN_PROBE_CARRIES) {
        doctor_say(doctor_add(report, "turn", DOCTOR_GOOD, NULL), "%s%s relays as %s, and carries",
                   t->url, by, t->text);
    } else if (t->is_found && t->state == TURN_PROBE_SHY) {
        doctor_say(doctor_add(report, "turn", DOCTOR_NOTE, NULL),
                   "%s%s relays as %s; it sends nothing to itself, so nothing was carried", t->url,
                   by, t->text);
    } else if (t->is_found && t->state == TURN_PROBE_ALLOCATED) {
        f = doctor_add(
            report, "turn", DOCTOR_POOR,
            "let UDP into the TURN server's relay ports, and check its external address");
        doctor_say(f, "%s%s relays as %s, but what is sent there does not come back", t->url, by,
                   t->text);
    } else {
        f = doctor_add(
            report, "turn", DOCTOR_POOR,
            t->origin == DOCTOR_TURN_GIVEN
                ? "check --turn, --turn-user and --turn-pass, and that the network lets its "
                  "transport out"
                : "check --turn and --turn-secret-file of the signal server, and that the "
                  "network lets its transport out");
        doctor_say(f, "%s%s is of no use: %s", t->url, by,
                   !t->is_found                    ? "its name is not found"
                   : t->state == TURN_PROBE_FAILED ? t->text
                                                   : "it does not answer");
    }
}

static void add_turns(const struct doctor_facts *facts, struct doctor_report *report)
{
    for (size_t i = 0; i < facts->turn_count; i++) {
        const struct doctor_turn *turn = &facts->turns[i];
        if (turn->origin == DOCTOR_TURN_BESIDE)
            add_turn_beside(turn, report);
        else
            add_turn(turn, report);
    }
}

/* Of a symmetric NAT it says little: it would need another port for that. */
static void add_hairpin(const struct doctor_facts *facts, struct doctor_report *report)
{
    enum nat_kind kind = facts->stun.v4.kind;
    if (kind != NAT_CONE && kind != NAT_UNCERTAIN)
        return;
    if (facts->hairpin == HAIRPIN_LEADS_BACK)
        doctor_say(doctor_add(report, "hairpin", DOCTOR_GOOD, NULL),
                   "the NAT leads back in what is sent to its outside");
    else if (facts->hairpin == HAIRPIN_NONE)
        doctor_say(
            doctor_add(
                report, "hairpin", DOCTOR_NOTE,
                "two ends behind this same NAT must be in one local network, or take a relay"),
            "the NAT does not lead back in what is sent to its outside");
}

enum {
    MTU_USUAL = 1500,
    MTU_LEAST = 1280 /* of IPv6; below it handshakes go in fragments */
};

static void add_mtu(const struct doctor_facts *facts, struct doctor_report *report)
{
    if (facts->mtu >= MTU_USUAL)
        doctor_say(doctor_add(report, "path mtu", DOCTOR_GOOD, NULL),
                   "packets of %zu bytes reach a STUN server", facts->mtu);
    else if (facts->mtu > 0)
        doctor_say(
            doctor_add(
                report, "path mtu", facts->mtu < MTU_LEAST ? DOCTOR_POOR : DOCTOR_NOTE,
                facts->mtu < MTU_LEAST
                    ? "look at the MTU of the router, or of a VPN: it is smaller than all links "
                      "should take"
                    : NULL),
            "packets of at most %zu bytes reach a STUN server; a tunnel finds that out by itself",
            facts->mtu);
}

bool doctor_has_turn(const struct doctor_facts *facts)
{
    for (size_t i = 0; i < facts->turn_count; i++) {
        if (facts->turns[i].origin != DOCTOR_TURN_BESIDE && is_of_use(&facts->turns[i]))
            return true;
    }
    return false;
}

void doctor_report_network(const struct doctor_facts *facts, struct doctor_report *report)
{
    add_nat(facts, report);
    add_hairpin(facts, report);
    add_mtu(facts, report);
    add_turns(facts, report);
}
