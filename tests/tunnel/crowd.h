/*
 * A shared room with a crowd in it, on a clock that a test moves: rendezvous of
 * providers and consumers, a signal server that knows jobs and keys, and
 * sessions as far as policy sees them. What happens follows from a seed.
 */
#ifndef TESTS_TUNNEL_CROWD_H
#define TESTS_TUNNEL_CROWD_H

#include "testing.h"

#include "base/clock.h"
#include "tunnel/mux.h"
#include "tunnel/rendezvous.h"

enum {
    CROWD_MEMBERS = 20,
    CROWD_GHOSTS_MAX = 64,
    CROWD_TICKETS_MAX = 16384,
    CROWD_HALVES_MAX = 2048,
    CROWD_PARTNERS_MAX = 1024, /* numbers of one process */
    CROWD_TEXT_MAX = 48
};

/* One end of a session. */
struct half {
    unsigned id; /* 0: a free slot */
    int member;
    unsigned number; /* by its rendezvous */
    unsigned process;
    unsigned remote; /* id */
    bool is_offering, is_ready;
};

enum crowd_ticket_type {
    SAID,       /* event: by the signal server */
    CONNECTS,   /* has come to the server, and joins */
    FORGETS,    /* the server gives a dead socket up: id */
    DESCRIBES,  /* half */
    GETS_READY, /* half */
    ENDS,       /* half; text */
    GIVES_UP,   /* half, that is not ready by then */
    LIVES,      /* half: it is asked whether */
    RESTS,      /* half, that drains: no stream is left */
    TROUBLES
};

struct crowd_ticket {
    uint64_t at_us;
    uint64_t order;
    enum crowd_ticket_type type;
    int member;
    unsigned process; /* whose it is; 0: the server's */
    unsigned visit;   /* of SAID, CONNECTS and FORGETS */
    unsigned half;
    unsigned id;
    const char *words;
    struct event event;
    unsigned peer;
    unsigned peers[CROWD_MEMBERS + CROWD_GHOSTS_MAX];
    char text[CROWD_TEXT_MAX];
};

struct crowd_member {
    struct rendezvous *rv; /* NULL: it does not run */
    enum mux_role role;
    unsigned process;
    unsigned visit;                  /* 0: away */
    bool is_cut;                     /* nothing of it reaches the server any more */
    unsigned id;                     /* in the room, as the server has it; or 0 */
    unsigned seen_visit;             /* the same */
    uint64_t hears_at_us;            /* the last that is said to it: in order */
    unsigned up[CROWD_PARTNERS_MAX]; /* session, by partner */
};

struct crowd;

/* Whose process is gone, which the server has not noticed. */
struct ghost {
    unsigned id; /* 0: a free slot */
    enum mux_role role;
};

/* What becomes of what is said in the room, where that is sealed. What travels
 * then is a wire text in the place of a description. */
struct crowd_signalling {
    void (*on_begin)(struct crowd *c, int member); /* a process */
    void (*on_end)(struct crowd *c, int member);
    void (*on_meet)(struct crowd *c, int member, const char *peer);
    /* False: it is for nobody. */
    bool (*wrap)(struct crowd *c, int member, const struct action *a, char wire[CROWD_TEXT_MAX]);
    /* What was in the wire text takes its place; false: it is dropped. */
    bool (*open)(struct crowd *c, int member, const struct event *event, char text[CROWD_TEXT_MAX]);
    void *arg;
};

struct crowd {
    uint64_t dice;
    uint64_t now_us;
    uint64_t order;
    bool is_kind, is_loud, consumer_offers, has_server;
    unsigned numbers;
    struct crowd_member members[CROWD_MEMBERS];
    struct ghost ghosts[CROWD_GHOSTS_MAX];
    struct half halves[CROWD_HALVES_MAX];
    struct crowd_ticket tickets[CROWD_TICKETS_MAX];
    size_t ticket_count;
    void (*make_trouble)(struct crowd *c);
    const struct crowd_signalling *signalling; /* NULL: plain */
    int sessions, restarts, resumed;           /* figures */
};

uint64_t crowd_roll(struct crowd *c, uint64_t below);

void crowd_begin(struct crowd *c, int member, enum mux_role role);

/* In good order, or by kill -9. */
void crowd_end(struct crowd *c, int member, bool says_bye);

/* Its socket breaks; the server may not notice for a while. */
void crowd_cut(struct crowd *c, int member);
void crowd_restart_server(struct crowd *c);
void crowd_lose_session(struct crowd *c, int member);

/* The server says that to a member, whoever has said it. */
void crowd_inject(struct crowd *c, int member, enum sdp_type type, unsigned peer, const char *wire);

void crowd_schedule_trouble(struct crowd *c, uint64_t in_us);
void crowd_run(struct crowd *c, uint64_t until_us);

/* Each provider that runs and each consumer have one session, the same, and
 * there are no others. NULL, or what is wrong. */
const char *crowd_check(const struct crowd *c);

#endif
