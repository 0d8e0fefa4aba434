/*
 * What the findings of `tunnel doctor` mean: a row for each situation.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/doctor_report.h"

/* ---- the kind of NAT ---- */

struct seen {
    const char *server;
    const char *mapped; /* NULL: no answer */
    bool is_ours;
};

enum { SEEN_MAX = 3 };

static struct address address_of(const char *text)
{
    struct address address;
    char host[ADDRESS_TEXT_LEN];
    const char *colon = strrchr(text, '!');
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    assert_int_equal(address_parse(host, (uint16_t)strtoul(colon + 1, NULL, 10), &address), 0);
    return address;
}

static size_t answers_of(const struct seen *seen, struct nat_answer *out)
{
    size_t count = 0;
    for (; count < SEEN_MAX && seen[count].server; count++) {
        out[count] = (struct nat_answer){.server = address_of(seen[count].server),
                                         .is_ours = seen[count].is_ours};
        if (seen[count].mapped)
            out[count].mapped = address_of(seen[count].mapped);
    }
    return count;
}

static void test_nat(void **state)
{
    (void)state;
    static const struct {
        struct seen seen[SEEN_MAX];
        enum nat_kind kind;
    } rows[] = {
        {{{NULL}}, NAT_SILENT},
        {{{"192.0.2.1!3478", NULL, false}}, NAT_SILENT},
        {{{"2001:db8::1!3478", "2001:db8::9!5", true}}, NAT_SILENT},
        {{{"192.0.2.1!3478", "203.0.113.9!5", true}}, NAT_OPEN},
        {{{"192.0.2.1!3478", "203.0.113.9!5", true}, {"192.0.2.2!3478", "203.0.113.9!5", true}},
         NAT_OPEN},
        {{{"192.0.2.1!3478", "203.0.113.9!5", false}}, NAT_UNCERTAIN},
        {{{"192.0.2.1!3478", "203.0.113.9!5", false}, {"192.0.2.2!3478", NULL, false}},
         NAT_UNCERTAIN},
        {{{"192.0.2.1!3478", "203.0.113.9!5", false}, {"192.0.2.1!3479", "203.0.113.9!5", false}},
         NAT_UNCERTAIN},
        {{{"192.0.2.1!3478", "203.0.113.9!5", false}, {"192.0.2.2!3478", "203.0.113.9!5", false}},
         NAT_CONE},
        {{{"192.0.2.1!3478", "203.0.113.9!5", false},
          {"192.0.2.2!3478", "203.0.113.9!5", false},
          {"192.0.2.1!3479", "203.0.113.9!5", false}},
         NAT_CONE},
        {{{"192.0.2.1!3478", "203.0.113.9!5", false}, {"192.0.2.2!3478", "203.0.113.9!6", false}},
         NAT_SYMMETRIC},
        {{{"192.0.2.1!3478", "203.0.113.9!5", false}, {"192.0.2.2!3478", "203.0.113.8!5", false}},
         NAT_SYMMETRIC},
        {{{"192.0.2.1!3478", "203.0.113.9!5", false},
          {"192.0.2.2!3478", "203.0.113.9!6", false},
          {"192.0.2.3!3478", "203.0.113.9!5", false}},
         NAT_SYMMETRIC},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nat_answer answers[SEEN_MAX];
        size_t count = answers_of(rows[i].seen, answers);
        struct nat_view view = nat_judge(answers, count, AF_INET);
        if (view.kind != rows[i].kind)
            fail_msg("row %zu is %d", i, (int)view.kind);
        assert_int_equal(view.mapped == NULL, view.kind == NAT_SILENT);
    }
}

/* ---- what it means ---- */

static struct address mapped;

static struct nat_view view_of(enum nat_kind kind)
{
    return (struct nat_view){.kind = kind,
                             .asked = 2,
                             .answered = kind == NAT_SILENT ? 0 : 2,
                             .mapped = kind == NAT_SILENT ? NULL : &mapped};
}

/* All is well, behind a cone NAT. */
static struct doctor_facts good_facts(void)
{
    struct doctor_facts facts = {
        .signal = {.answer = DOCTOR_FINE, .place = "ws://s", .us = 12400, .has_clock = true},
        .stun = {.is_asked = true, .v4 = view_of(NAT_CONE), .v6 = view_of(NAT_SILENT)},
        .state = {.state = DOCTOR_STATE_FINE, .folder = "/s", .invites = 1},
        .is_near = true,
        .lan_interfaces = 1,
        .takes_relay = true,
    };
    return facts;
}

static const struct doctor_finding *find(const struct doctor_report *report, const char *what)
{
    for (size_t i = 0; i < report->count; i++) {
        if (strcmp(report->findings[i].what, what) == 0)
            return &report->findings[i];
    }
    return NULL;
}

static void expect(const struct doctor_facts *facts, int status, const char *what,
                   enum doctor_grade grade, const char *words)
{
    struct doctor_report report;
    doctor_report(facts, &report);
    const struct doctor_finding *f =
        strcmp(what, "summary") == 0 ? &report.summary : find(&report, what);
    if (!f || f->grade != grade || !strstr(f->text, words))
        fail_msg("%s is %s: \"%s\", and not \"%s\"", what, f ? doctor_grade_name(f->grade) : "not",
                 f ? f->text : "", words);
    if (grade >= DOCTOR_POOR && f != &report.summary)
        assert_non_null(f->advice);
    if (doctor_exit_status(&report) != status)
        fail_msg("\"%s\" ends with %d", words, doctor_exit_status(&report));
}

static void expect_advice(const struct doctor_facts *facts, const char *what, const char *words)
{
    struct doctor_report report;
    doctor_report(facts, &report);
    const struct doctor_finding *f = find(&report, what);
    if (!f || !f->advice || !strstr(f->advice, words))
        fail_msg("%s advises \"%s\", and not \"%s\"", what, f && f->advice ? f->advice : "", words);
}

static void test_ways(void **state)
{
    (void)state;
    static const struct {
        enum nat_kind v4;
        enum nat_kind v6;
        bool has_turn;
        bool takes_relay;
        bool is_mapped;
        int status;
        const char *summary;
    } rows[] = {
        {NAT_OPEN, NAT_SILENT, false, true, false, 0, "not behind a NAT"},
        {NAT_SILENT, NAT_OPEN, false, true, false, 0, "not behind a NAT"},
        {NAT_CONE, NAT_SILENT, false, true, false, 0,
         "not behind a symmetric one; else by the signal server's relay"},
        {NAT_CONE, NAT_SILENT, true, true, false, 0, "else by the TURN server"},
        {NAT_CONE, NAT_SILENT, true, true, true, 0, "else by --port-mapping, or the"},
        {NAT_UNCERTAIN, NAT_SILENT, false, true, false, 0, "behind a NAT: direct"},
        {NAT_SYMMETRIC, NAT_SILENT, false, false, false, 1,
         "only to a side that is open; else by a TURN server (--turn), which there is not"},
        {NAT_SYMMETRIC, NAT_OPEN, true, true, true, 1,
         "symmetric NAT: direct only to a side that is open; else by --port-mapping, or the TURN"},
        {NAT_SILENT, NAT_SILENT, true, true, false, 1, "else the TURN server"},
        {NAT_SILENT, NAT_SILENT, false, true, false, 1,
         "UDP is blocked, so there is no direct path but in one's own network; else the signal"},
        {NAT_SILENT, NAT_SILENT, false, false, false, 2, "nor a relay"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct doctor_facts facts = good_facts();
        facts.stun.v4 = view_of(rows[i].v4);
        facts.stun.v6 = view_of(rows[i].v6);
        facts.takes_relay = rows[i].takes_relay;
        facts.turn_count = rows[i].has_turn;
        facts.turns[0] = (struct doctor_turn){.is_found = true, .state = TURN_PROBE_CARRIES};
        facts.router = rows[i].is_mapped ? DOCTOR_ROUTER_MAPS : DOCTOR_ROUTER_UNASKED;
        static const enum doctor_grade grades[] = {DOCTOR_GOOD, DOCTOR_POOR, DOCTOR_NONE};
        enum doctor_grade grade = grades[rows[i].status];
        if (rows[i].v4 == NAT_UNCERTAIN)
            grade = DOCTOR_NOTE;
        expect(&facts, rows[i].status, "summary", grade, rows[i].summary);
    }
}

static void test_signal(void **state)
{
    (void)state;
    struct doctor_facts facts = good_facts();
    expect(&facts, 0, "signal", DOCTOR_GOOD, "ws://s answers directly in 12 ms, without TLS");
    expect(&facts, 0, "clock", DOCTOR_GOOD, "that of");
    facts.signal.by = "http://p";
    facts.signal.is_tls = true;
    expect(&facts, 0, "signal", DOCTOR_GOOD, "by way of http://p in 12 ms, with TLS");
    facts.signal.ahead_s = -61;
    expect(&facts, 1, "clock", DOCTOR_POOR, "61 s behind");
    facts.signal.ahead_s = 3600;
    expect(&facts, 1, "clock", DOCTOR_POOR, "3600 s ahead of");
    facts.signal.ahead_s = -2 * 3600;
    expect(&facts, 1, "clock", DOCTOR_POOR, "2 hours behind");
    facts.signal.ahead_s = 400 * 86400 + 5;
    expect(&facts, 1, "clock", DOCTOR_POOR, "400 days ahead of");
    facts.signal.answer = DOCTOR_BAD;
    expect(&facts, 2, "signal", DOCTOR_NONE, "takes no signalling");
    facts.signal.answer = DOCTOR_SILENT;
    expect(&facts, 2, "signal", DOCTOR_NONE, "does not answer by way of http://p");
    expect(&facts, 2, "summary", DOCTOR_NONE, "they still do in one local network");
    expect_advice(&facts, "signal", "check HTTPS_PROXY");
    snprintf(facts.signal.why, sizeof facts.signal.why,
             "the server's certificate is refused: hostname mismatch");
    expect_advice(&facts, "signal", "for the URL's host");
    snprintf(facts.signal.why, sizeof facts.signal.why,
             "the server's certificate is refused: certificate has expired, by the clock of this "
             "machine");
    expect_advice(&facts, "signal", "set that clock if it is wrong");
    facts.lan_interfaces = 0;
    expect(&facts, 2, "local network", DOCTOR_NOTE, "nobody can be found");
    expect(&facts, 2, "summary", DOCTOR_NONE, "which is not reached");
    facts.signal = (struct doctor_signal){.is_tracker = true};
    expect(&facts, 0, "signal", DOCTOR_NOTE, "trackers");
    facts.stun.v4 = view_of(NAT_SILENT);
    expect(&facts, 2, "summary", DOCTOR_NONE, "nor a relay"); /* trackers have none */
}

static void test_stun(void **state)
{
    (void)state;
    struct doctor_facts facts = good_facts();
    expect(&facts, 0, "stun", DOCTOR_GOOD, "seen as 203.0.113.9:5, cone NAT");
    facts.stun.v4 = view_of(NAT_SYMMETRIC);
    expect(&facts, 1, "stun", DOCTOR_POOR, "symmetric NAT");
    facts.stun.v4 = view_of(NAT_SILENT);
    expect(&facts, 1, "stun", DOCTOR_POOR, "UDP is blocked: none of 4 addresses");
    facts.stun.v4.asked = facts.stun.v6.asked = 0;
    expect(&facts, 1, "stun", DOCTOR_POOR, "no server's name");
    expect(&facts, 1, "summary", DOCTOR_POOR, "without STUN servers");
    facts.stun.is_asked = false;
    expect(&facts, 0, "summary", DOCTOR_NOTE, "without STUN servers");
}

static void test_turn(void **state)
{
    (void)state;
    struct doctor_facts facts = good_facts();
    struct doctor_turn *turn = &facts.turns[0];
    facts.turn_count = 1;
    *turn = (struct doctor_turn){.url = "turn:t", .is_found = true, .text = "192.0.2.1:7"};
    turn->state = TURN_PROBE_CARRIES;
    expect(&facts, 0, "turn", DOCTOR_GOOD, "turn:t relays as 192.0.2.1:7, and carries");
    turn->state = TURN_PROBE_SHY;
    expect(&facts, 0, "turn", DOCTOR_NOTE, "nothing was carried");
    turn->state = TURN_PROBE_ALLOCATED;
    expect(&facts, 1, "turn", DOCTOR_POOR, "does not come back");
    turn->state = TURN_PROBE_ASKING;
    expect(&facts, 1, "turn", DOCTOR_POOR, "it does not answer");
    turn->state = TURN_PROBE_FAILED;
    expect(&facts, 1, "turn", DOCTOR_POOR, "192.0.2.1:7");
    turn->origin = DOCTOR_TURN_NAMED;
    expect(&facts, 1, "turn", DOCTOR_POOR, "turn:t, named by the signal server, is of no use");
    facts.is_relay_only = true;
    expect(&facts, 2, "summary", DOCTOR_NONE, "no connection");
    turn->is_found = false;
    expect(&facts, 2, "turn", DOCTOR_POOR, "its name is not found");
}

/* Another transport of one that is named: spoken of where it helps, and no part
 * of what a tunnel has. */
static void test_turn_beside(void **state)
{
    (void)state;
    struct doctor_facts facts = good_facts();
    struct doctor_report report;
    facts.turn_count = 1;
    facts.turns[0] = (struct doctor_turn){.origin = DOCTOR_TURN_BESIDE,
                                          .url = "turns:t",
                                          .is_found = true,
                                          .state = TURN_PROBE_FAILED};
    doctor_report(&facts, &report);
    assert_null(find(&report, "turn"));
    facts.turns[0].state = TURN_PROBE_CARRIES;
    expect(&facts, 0, "turn", DOCTOR_GOOD, "turns:t, which is not named, relays, too");
    expect(&facts, 0, "summary", DOCTOR_GOOD, "else by the signal server's relay");
}

static void test_network(void **state)
{
    (void)state;
    struct doctor_facts facts = good_facts();
    struct doctor_report report;
    facts.hairpin = HAIRPIN_LEADS_BACK;
    expect(&facts, 0, "hairpin", DOCTOR_GOOD, "leads back in");
    facts.hairpin = HAIRPIN_NONE;
    expect(&facts, 0, "hairpin", DOCTOR_NOTE, "does not lead back in");
    facts.stun.v4 = view_of(NAT_SYMMETRIC);
    doctor_report(&facts, &report);
    assert_null(find(&report, "hairpin"));
    facts = good_facts();
    doctor_report(&facts, &report);
    assert_null(find(&report, "path mtu"));
    facts.mtu = 1500;
    expect(&facts, 0, "path mtu", DOCTOR_GOOD, "packets of 1500 bytes");
    facts.mtu = 1420;
    expect(&facts, 0, "path mtu", DOCTOR_NOTE, "at most 1420 bytes");
    facts.mtu = 576;
    expect(&facts, 1, "path mtu", DOCTOR_POOR, "at most 576 bytes");
}

static void test_machine(void **state)
{
    (void)state;
    struct doctor_facts facts = good_facts();
    facts.upstream =
        (struct doctor_upstream){.answer = DOCTOR_FINE, .url = "u", .status = 404, .us = 3000};
    expect(&facts, 0, "upstream", DOCTOR_GOOD, "u answers 404, first byte in 3 ms");
    facts.upstream.answer = DOCTOR_SILENT;
    expect(&facts, 1, "upstream", DOCTOR_POOR, "u does not answer");
    facts = good_facts();
    expect(&facts, 0, "state", DOCTOR_GOOD, "/s is private, can be written to, has 1 invite");
    facts.state.state = DOCTOR_STATE_PUBLIC;
    expect(&facts, 1, "state", DOCTOR_POOR, "others may look into /s");
    facts.state.state = DOCTOR_STATE_FIXED;
    expect(&facts, 1, "state", DOCTOR_POOR, "cannot be written to");
    facts.state.state = DOCTOR_STATE_BAD;
    expect(&facts, 1, "state", DOCTOR_POOR, "");
    facts.state.state = DOCTOR_STATE_NONE;
    expect(&facts, 0, "state", DOCTOR_NOTE, "there is no /s yet: serve and proxy make it");
    facts.state.state = DOCTOR_STATE_BARE;
    expect(&facts, 0, "state", DOCTOR_NOTE,
           "no identity in /s: serve makes one at its first start, proxy needs none");
    facts.state.folder = NULL;
    expect(&facts, 0, "state", DOCTOR_NOTE, "there is no place for it");
    facts.router = DOCTOR_ROUTER_SILENT;
    expect(&facts, 0, "port mapping", DOCTOR_NOTE, "no router answers");
}

static void test_other_side(void **state)
{
    (void)state;
    static const struct {
        enum nat_kind ours;
        enum nat_kind theirs;
        bool has_relay;
        enum doctor_grade grade;
        const char *words;
    } rows[] = {
        {NAT_CONE, NAT_CONE, false, DOCTOR_GOOD, "a direct path"},
        {NAT_OPEN, NAT_SYMMETRIC, false, DOCTOR_GOOD, "a direct path"},
        {NAT_SYMMETRIC, NAT_OPEN, false, DOCTOR_GOOD, "a direct path"},
        {NAT_CONE, NAT_SYMMETRIC, true, DOCTOR_POOR, "a symmetric NAT at one side"},
        {NAT_SYMMETRIC, NAT_CONE, true, DOCTOR_POOR, "a symmetric NAT at one side"},
        {NAT_SYMMETRIC, NAT_UNCERTAIN, true, DOCTOR_POOR, "a symmetric NAT at one side"},
        {NAT_SYMMETRIC, NAT_SYMMETRIC, true, DOCTOR_POOR,
         "both are behind symmetric NATs: a relay"},
        {NAT_SYMMETRIC, NAT_SYMMETRIC, false, DOCTOR_NONE, "NATs, and there is no relay"},
        {NAT_SILENT, NAT_OPEN, true, DOCTOR_POOR, "UDP is blocked here"},
        {NAT_OPEN, NAT_SILENT, true, DOCTOR_POOR, "UDP is blocked there"},
        {NAT_SILENT, NAT_SILENT, false, DOCTOR_NONE, "UDP is blocked at both, and there is no"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct doctor_facts facts = good_facts();
        facts.other.is_asked = true;
        facts.other.answer = DOCTOR_FINE;
        facts.other.report = (struct report){.knows_nat = true,
                                             .v4 = rows[i].theirs,
                                             .takes_relay = rows[i].has_relay,
                                             .upstream_status = 200};
        facts.stun.v4 = view_of(rows[i].ours);
        struct doctor_report report;
        doctor_report(&facts, &report);
        const struct doctor_finding *f = find(&report, "both sides");
        if (!f || f->grade != rows[i].grade || !strstr(f->text, rows[i].words))
            fail_msg("row %zu: %s", i, f ? f->text : "nothing");
        assert_int_equal(f->grade >= DOCTOR_POOR, f->advice != NULL);
    }
}

static void test_other_side_away(void **state)
{
    (void)state;
    struct doctor_facts facts = good_facts();
    struct doctor_report report;
    doctor_report(&facts, &report);
    assert_null(find(&report, "other side"));
    facts.other.is_asked = true;
    expect(&facts, 1, "other side", DOCTOR_POOR, "is not there");
    facts.other.answer = DOCTOR_SILENT;
    expect(&facts, 0, "other side", DOCTOR_NOTE, "does not tell");
    facts.other.answer = DOCTOR_FINE;
    expect(&facts, 1, "other side", DOCTOR_POOR, "its upstream does not answer");
    facts.other.report = (struct report){.is_refusal = true};
    expect(&facts, 2, "other side", DOCTOR_NONE, "says that this link has expired");
    facts.other.report = (struct report){.upstream_status = 200,
                                         .upstream_ms = 4,
                                         .session = REPORT_SESSION_RELAYED};
    expect(&facts, 0, "other side", DOCTOR_GOOD,
           "asks no STUN servers, its upstream answers 200 in 4 ms; this device has a session with "
           "it, by a relay");
    expect(&facts, 0, "both sides", DOCTOR_NOTE, "is not known");
    /* No name of a STUN server is found here: UDP may be fine. */
    facts.other.report.knows_nat = true;
    facts.other.report.v4 = NAT_CONE;
    facts.stun.v4 = facts.stun.v6 = (struct nat_view){.kind = NAT_SILENT};
    expect(&facts, 1, "both sides", DOCTOR_NOTE, "is not known");
    /* Nor is it blocked where a session goes by it. */
    facts.other.report.v4 = NAT_SILENT;
    facts.other.report.session = REPORT_SESSION_DIRECT;
    expect(&facts, 1, "other side", DOCTOR_GOOD, "no STUN server answers there, its upstream");
    expect(&facts, 1, "both sides", DOCTOR_GOOD, "a direct path between the two is there");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nat),         cmocka_unit_test(test_ways),
        cmocka_unit_test(test_signal),      cmocka_unit_test(test_stun),
        cmocka_unit_test(test_turn),        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_other_side),  cmocka_unit_test(test_other_side_away),
        cmocka_unit_test(test_turn_beside), cmocka_unit_test(test_network),
    };
    mapped = address_of("203.0.113.9!5");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
