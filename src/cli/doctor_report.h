/*
 * What `tunnel doctor` has found out, and what that means. Facts in, words out:
 * pure, no clock, no socket.
 */
#ifndef CLI_DOCTOR_REPORT_H
#define CLI_DOCTOR_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtc/hairpin_probe.h"
#include "rtc/nat_kind.h"
#include "rtc/turn_probe.h"
#include "tunnel/report.h"

enum { DOCTOR_TEXT_LEN = 256, DOCTOR_TURNS_MAX = 16 };

/* Of something that is asked once. */
enum doctor_answer { DOCTOR_UNASKED, DOCTOR_SILENT, DOCTOR_BAD, DOCTOR_FINE };

struct doctor_signal {
    enum doctor_answer answer;
    bool is_tracker;
    const char *place; /* its URL */
    const char *by;    /* the network's proxy, or NULL */
    bool is_tls;
    uint64_t us;     /* until it had answered */
    bool has_clock;  /* it has told the time */
    int64_t ahead_s; /* our clock, of its */
    char why[DOCTOR_TEXT_LEN];
};

/* Why a TURN server is tried. */
enum doctor_turn_origin {
    DOCTOR_TURN_GIVEN, /* by --turn */
    DOCTOR_TURN_NAMED, /* by the signal server */
    DOCTOR_TURN_BESIDE /* it is another transport of one of these */
};

struct doctor_turn {
    enum doctor_turn_origin origin;
    const char *url;
    bool is_found; /* its name */
    enum turn_probe_state state;
    char text[TURN_PROBE_TEXT_LEN]; /* as of turn_probe_state() */
};

enum doctor_router {
    DOCTOR_ROUTER_UNASKED,
    DOCTOR_ROUTER_UNBUILT,  /* no library for that */
    DOCTOR_ROUTER_NEEDLESS, /* there is no private address that leads out */
    DOCTOR_ROUTER_SILENT,
    DOCTOR_ROUTER_REFUSES,
    DOCTOR_ROUTER_MAPS
};

struct doctor_upstream {
    enum doctor_answer answer;
    const char *url;
    int status;
    uint64_t us; /* to its first byte */
    char why[DOCTOR_TEXT_LEN];
};

enum doctor_state {
    DOCTOR_STATE_NONE, /* there is no folder yet */
    DOCTOR_STATE_BARE, /* nobody has served from it */
    DOCTOR_STATE_BAD,
    DOCTOR_STATE_PUBLIC, /* others may read what is in it */
    DOCTOR_STATE_FIXED,  /* it cannot be written to */
    DOCTOR_STATE_FINE
};

struct doctor_facts {
    struct doctor_signal signal;
    struct {
        bool is_asked;
        struct nat_view v4;
        struct nat_view v6;
    } stun;
    enum hairpin hairpin;
    size_t mtu; /* of the way to a STUN server, in bytes; 0: not known */
    struct doctor_turn turns[DOCTOR_TURNS_MAX];
    size_t turn_count;
    enum doctor_router router;
    char router_text[ADDRESS_TEXT_LEN]; /* of MAPS, the address outside */
    struct doctor_upstream upstream;
    struct {
        enum doctor_state state;
        const char *folder; /* or NULL */
        size_t invites;     /* of FINE and PUBLIC */
        char why[DOCTOR_TEXT_LEN];
    } state;
    struct {
        bool is_asked;             /* there is a link */
        enum doctor_answer answer; /* UNASKED: nobody is there; SILENT: somebody is */
        struct report report;      /* of FINE */
    } other;
    bool is_near; /* without --no-lan */
    size_t lan_interfaces;
    bool takes_relay; /* that of the signal server may be used, which has one as far as is known */
    bool is_relay_only;
};

enum doctor_grade {
    DOCTOR_GOOD,
    DOCTOR_NOTE, /* good enough: it was not asked for, or others stand in */
    DOCTOR_POOR,
    DOCTOR_NONE /* no connection comes of it */
};

struct doctor_finding {
    const char *what;
    enum doctor_grade grade;
    char text[DOCTOR_TEXT_LEN];
    const char *advice; /* what to do; NULL: nothing */
};

enum { DOCTOR_FINDINGS_MAX = 16 + DOCTOR_TURNS_MAX };

struct doctor_report {
    struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
    size_t count;
    struct doctor_finding summary; /* its grade: the worst of all */
};

/* Strings of the facts are not copied, but for arrays. */
void doctor_report(const struct doctor_facts *facts, struct doctor_report *out);

/* "good", "note", "poor" or "none". */
const char *doctor_grade_name(enum doctor_grade grade);

/* 0 good, 1 degraded, 2 none. */
int doctor_exit_status(const struct doctor_report *report);

#endif
