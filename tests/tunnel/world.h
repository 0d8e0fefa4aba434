/*
 * Rendezvous in a world that is out to part them: a signal server that dies
 * and forgets, sockets that are dead before anybody notices, messages that are
 * lost, late and out of order, paths that break, processes that are killed or
 * stopped, strangers in the room. What happens follows from a seed.
 *
 *   world.c          chance, time, what the rendezvous want
 *   world_room.c     the signal server
 *   world_session.c  sessions, as rtc/peer_signal.c and tunnel/mux have them
 */
#ifndef TESTS_TUNNEL_WORLD_H
#define TESTS_TUNNEL_WORLD_H

#include "testing.h"

#include "base/clock.h"
#include "tunnel/doubt.h"
#include "tunnel/mux.h"
#include "tunnel/rendezvous.h"

enum {
    TICKETS_MAX = 512, /* what is to happen */
    SESSIONS_MAX = 64,
    CONNS_MAX = 512,
    ENDS = 3,
    STRANGER = 2, /* the third, who is not always there */
    ID_MAX = 16,
    TEXT_MAX = 48
};

/* A session at one end: as much of a peer and a mux as policy sees. */
struct model {
    unsigned id; /* of the world; 0: the slot is free */
    int end;
    unsigned number; /* by its rendezvous */
    unsigned process;
    bool is_offerer, is_offering, is_answered, is_fresh, is_describing, is_open;
    bool is_held;    /* ready, but nothing is to come of it yet */
    unsigned remote; /* id at the other end */
    unsigned remote_process;
    unsigned generation, remote_generation;
    bool has_path, is_told_silent;
    bool is_asked; /* whether it lives; there is no answer yet */
    uint64_t asked_us;
    uint64_t heard_us;
    uint64_t dead_at_us; /* unless that is answered before */
};

struct conn {
    int end;
    unsigned process;
    bool is_alive_here; /* its client believes in it */
    bool is_alive_there;
    bool is_cut; /* nothing passes any more */
    bool is_joined;
    unsigned key;
    unsigned member; /* its id in the room */
};

enum ticket_type {
    TO_CLIENT,
    LOST_BY_CLIENT,
    LOST_BY_SERVER,
    JOINS,
    DESCRIBES,
    CONNECTS,
    READY,
    MEASURES,
    MENDS,
    ANSWERS,
    CLOSES,
    IDLES,
    TICK,
    TROUBLE
};

struct world;

struct ticket {
    uint64_t at_us;
    enum ticket_type type;
    unsigned conn;
    unsigned session;
    struct event event; /* TO_CLIENT; its texts are in the next ones */
    char text[TEXT_MAX];
    char peer[ID_MAX];
};

struct end {
    struct rendezvous *rv; /* NULL: nobody is there */
    enum mux_role role;
    unsigned process;
    unsigned conn;   /* 0: none */
    unsigned up;     /* id of the session that is current */
    unsigned target; /* of new requests: the same, or 0 while in doubt */
    enum keeper_state told;
    uint64_t stopped_until_us; /* SIGSTOP, SIGCONT */
};

/* What becomes of what is said in the room, where that is sealed. What travels
 * then is a wire text in the place of a description. */
struct signalling {
    void (*on_begin)(struct world *w, int end); /* a process */
    void (*on_end)(struct world *w, int end);
    void (*on_meet)(struct world *w, int end, const char *peer);
    /* False: it is for nobody. */
    bool (*wrap)(struct world *w, int end, const char *peer, enum sdp_type type, const char *sdp,
                 char wire[TEXT_MAX]);
    /* What was in the wire text takes its place; false: it is dropped. */
    bool (*open)(struct world *w, int end, const char *peer, enum sdp_type type,
                 char text[TEXT_MAX]);
    void *arg;
};

struct figures { /* the test would not see much without */
    int restarts, resumptions, takeovers, drains, doubts, refusals, replacements;
};

struct world {
    uint64_t dice;
    uint64_t now_us;
    bool is_kind;
    bool has_server;
    bool consumer_offers; /* see rendezvous.h */
    unsigned loss_percent;
    struct end ends[ENDS];
    struct model sessions[SESSIONS_MAX];
    struct conn conns[CONNS_MAX]; /* the first is none */
    unsigned conn_count;
    unsigned ids;
    struct ticket tickets[TICKETS_MAX];
    size_t ticket_count;
    void (*make_trouble)(struct world *w);
    const struct signalling *signalling; /* NULL: plain */
    bool is_loud;
    struct figures figures;
};

/* ---- world.c ---- */

uint64_t roll(struct world *w, uint64_t below);
bool chance(struct world *w, unsigned percent); /* never in a kind world */
__attribute__((format(printf, 2, 3))) void say(const struct world *w, const char *format, ...);

struct ticket *schedule(struct world *w, enum ticket_type type, uint64_t in_us);
void schedule_for(struct world *w, enum ticket_type type, const struct model *s, uint64_t in_us);

/* And does what comes of it. */
void feed(struct world *w, int end, const struct event *event);

bool is_stopped(const struct world *w, int end);
void begin_process(struct world *w, int end, enum mux_role role);
void kill_process(struct world *w, int end);

void run_until(struct world *w, uint64_t until_us);

/* Both ends have one session, the same, and requests go into it; else fails. */
void check_together(struct world *w, uint64_t seed);

/* ---- world_room.c ---- */

void connect_end(struct world *w, int end);
void disconnect_end(struct world *w, int end);
void send_description(struct world *w, int end, const struct action *a);
void on_room_ticket(struct world *w, const struct ticket *t);

/* The signal server says that to an end, whoever has said it. */
void inject(struct world *w, int end, enum sdp_type type, unsigned member, const char *wire);

/* Nothing passes; each side notices in its own time. */
void cut(struct world *w, unsigned conn);
struct conn *conn_of(struct world *w, int end);
void restart_server(struct world *w);

/* ---- world_session.c ---- */

struct model *find_session(struct world *w, unsigned id);

/* The session of an end that a description of session id is about, or 0. */
unsigned number_of(const struct world *w, int end, unsigned id);

void start_session(struct world *w, int end, const struct action *a);
void act_on_session(struct world *w, int end, const struct action *a);
void on_session_ticket(struct world *w, const struct ticket *t);
void ask(struct world *w, struct model *s);     /* whether it lives */
void look_at(struct world *w, struct model *s); /* each second */
void end_session(struct world *w, struct model *s, const char *text);

/* It goes; the other end hears of it if that can be. */
void vanish(struct world *w, struct model *s, const char *bye);

#endif
