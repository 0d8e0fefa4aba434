/*
 * What the files of the agent share. Each is a noun of the RFC, and calls only
 * those below it:
 *
 *   receive.c       two entries: what comes in, told apart
 *   agent.c         all others, and the end of each; life, deadlines, pacing
 *   select.c        the route, nomination, state
 *   request.c       checks coming in
 *   check.c         checks going out, their answers
 *   pair_consent.c  is the other side still there?
 *   report.c        what was tried, in words
 *   gather.c        interfaces, what STUN servers say of them
 *   relay_plan.c    which TURN server is tried when, and from where
 *   relay.c         TURN clients and their streams, relayed candidates
 *   remote.c        the other side's candidates and names
 *   local.c         our candidates
 *   checklist.c     generations; pairs: forming, pruning, freezing, failing
 *   binding.c       checks and their answers as messages
 *   base.c          what datagrams leave from
 *
 * What they are made of knows nothing of an agent: consent.c, early.c,
 * transaction.c, budget.c, nat64.c, turn.c.
 *
 * What a part finds out it writes into the pairs, the candidates and the
 * relays. No part acts on what another one has found: that is the selection's,
 * which runs once, at the end of an entry.
 */
#ifndef ICE_AGENT_INTERNAL_H
#define ICE_AGENT_INTERNAL_H

#include "base/buf.h"
#include "ice/agent.h"
#include "ice/consent.h"
#include "ice/early.h"
#include "ice/transaction.h"

struct ice_base {
    bool is_used;
    bool is_stream;
    bool is_open;               /* a stream that is connected; UDP always */
    struct ice_address address; /* of UDP */
    enum ice_interface_kind kind;
    uint16_t preference;
    bool is_default;   /* the default route leads there */
    int relay;         /* of a stream: whose it is */
    uint64_t serial;   /* tells one use of this slot from the next */
    struct buf stream; /* an incomplete frame */
    size_t handed_out; /* of it: what the owner may still read */
};

/* A candidate of ours. Host and relayed ones form pairs; server-reflexive
 * ones are only announced, since what they send leaves from their base. */
struct ice_local {
    bool is_used;
    bool is_announced;
    struct ice_candidate candidate;
    int base;
    int relay; /* whose it is, or -1 */
};

/* A Binding request to a STUN server, for one base. */
struct ice_probe {
    int base;
    int server;
    bool is_waiting; /* for its turn */
    bool is_answered;
    bool is_silent;    /* at the last request that came to an end */
    int refusal;       /* the code that the server refused it with, or 0 */
    uint64_t again_us; /* keeps the mapping alive until there is a route */
    struct stun_transaction transaction;
};

/* A TURN client and where it sends from. */
struct ice_relay {
    struct ice_agent *agent;
    struct turn_client *client; /* NULL: the slot is free */
    int index;
    int server;
    int base;            /* -1: a stream that is not open yet */
    bool is_waiting;     /* to start, not before start_us */
    bool is_done;        /* answered for good, one way or the other: gathering need not wait */
    bool is_questioned;  /* whether the server still knows it was asked out of turn */
    uint64_t start_us;   /* of the next try */
    uint64_t started_us; /* when the last one began */
    uint64_t since_us;   /* when it was allocated */
    uint64_t wait_us;    /* while the server is full: the least until the next try */
    char why[96];        /* it failed */
};

enum ice_name { NAME_NONE, NAME_WAITING, NAME_ASKED, NAME_UNKNOWN };

/* Free is a slot without an address and a name. */
struct ice_remote {
    struct ice_candidate candidate;
    bool has_answered; /* a check; it, or another port of its host */
    enum ice_name name;
    int resolve_id; /* of NAME_ASKED */
};

enum ice_pair_state { PAIR_FROZEN, PAIR_WAITING, PAIR_IN_PROGRESS, PAIR_SUCCEEDED, PAIR_FAILED };

struct ice_pair {
    int local;  /* into agent.locals */
    int remote; /* into the generation's remotes */
    uint64_t priority;
    enum ice_pair_state state; /* RFC 8445 section 6.1.2.6 */
    uint64_t triggered;        /* place in the triggered-check queue; 0: not in it */
    bool is_binding;           /* waits for its channel */
    bool is_valid;             /* a check succeeded */
    bool is_nominated;
    uint64_t nomination;      /* controlled: which one it was; see learn() */
    bool nominate_on_success; /* controlled: USE-CANDIDATE came before success */
    bool has_plain_check;     /* controlled: one came without USE-CANDIDATE */
    bool wants_nomination;    /* controlling: the next check carries USE-CANDIDATE */
    /* The check under way. */
    struct stun_transaction check;
    bool check_nominates;
    bool check_controlling;       /* our role when it was sent */
    uint8_t last_id[STUN_ID_LEN]; /* of a check that a triggered one replaced */
    bool has_last_id;
    bool last_nominates;
    int checks_sent;    /* transmissions, for the report */
    int checks_refused; /* of these, by the socket */
    int refusal;        /* the last of its errors */
    struct ice_address mapped;
    uint64_t rtt_us;
    struct consent consent;
    int code; /* why it failed: see pair_fail() */
};

/* Reasons of a failure that are no STUN code and no errno. */
enum {
    PAIR_NO_ANSWER = -1000,
    PAIR_CONSENT_LOST,
    PAIR_ASYMMETRIC,
    PAIR_RELAY_LOST,
    PAIR_NO_CHANNEL
};

/* One generation: what lives between two restarts. */
struct ice_generation {
    char local_ufrag[ICE_UFRAG_LEN + 1];
    char local_pwd[ICE_PWD_LEN + 1];
    char remote_ufrag[ICE_UFRAG_MAX + 1];
    char remote_pwd[ICE_PWD_MAX + 1];
    bool has_remote;
    bool is_remote_ended;
    bool has_checked;  /* somebody who had not answered before */
    uint64_t begun_us; /* when checks could begin */
    uint64_t first_valid_us;
    struct ice_remote *remotes[ICE_REMOTE_MAX];
    int remote_count;
    int skipped_tcp;
    struct ice_pair *pairs[ICE_PAIRS_MAX];
    int pair_count;
    struct early_checks early;
};

struct ice_agent {
    struct ice_agent_config config;
    struct ice_agent_handlers handlers;
    void *arg;
    struct ice_random random;
    uint64_t clock_us; /* now_us of the call that we are in */
    bool is_controlling;
    uint64_t tie_breaker;
    enum ice_state state;

    struct ice_base *bases[ICE_BASES_MAX]; /* NULL: never used */
    uint64_t base_serial;
    struct ice_local *locals[ICE_LOCAL_MAX];
    int local_count;
    struct ice_agent_server *servers; /* up to ICE_AGENT_SERVERS_MAX */
    int server_count;
    struct ice_probe *probes; /* up to ICE_SRFLX_PROBES_MAX */
    int probe_count;
    struct ice_relay *relays; /* ICE_TURN_CLIENTS_MAX, once there was one */
    int relay_count;          /* the same, or 0 */
    struct ice_nat64 nat64;   /* of the network; len 0: none */
    bool is_gathering;        /* gather() was called */
    bool more_servers;
    bool is_local_ended; /* end of candidates was announced */
    uint64_t gather_us;  /* when this generation began to gather */

    struct ice_generation *now; /* the current generation */
    struct ice_generation *old; /* the one before, while its path is in use */
    struct ice_pair *old_pair;  /* its only pair */
    uint64_t old_until_us;
    bool is_old_left; /* the other side sends its data by another way */
    int next_resolve_id;
    uint8_t answered_id[STUN_ID_LEN]; /* of the last check that was */

    struct ice_budget own_budget;
    struct ice_budget *budget;
    uint64_t pacing_us; /* Ta, as both sides have agreed */
    uint64_t pace_us;   /* the next transaction not before */
    bool is_check_turn; /* checks and gathering take turns */
    uint64_t triggered_count;
    uint64_t nomination_count;
    uint64_t retry_us; /* of failed direct pairs while relayed */
    uint64_t retry_wait_us;

    struct ice_pair *selected;
    struct ice_generation *selected_generation;
    bool has_route;
    bool is_route_relayed;
    struct ice_route route;
    uint64_t data_us; /* data came over the route */

    bool is_dirty; /* the cached deadline is stale */
    uint64_t deadline_us;
};

static inline bool pair_is_suspect(const struct ice_pair *pair)
{
    return pair->consent.trust == CONSENT_SUSPECT;
}

static inline uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* base.c */
int base_send(struct ice_agent *a, int base, const struct ice_address *remote, struct span bytes);
bool base_is_used(const struct ice_agent *a, int base); /* any number */
int base_take(struct ice_agent *a);                     /* a free slot, or -1 */
void base_free(struct ice_agent *a, int base);
void base_set_default(struct ice_agent *a, int base, bool is_default); /* and its preference */
/* Whether a server can be reached from a base, as far as addresses tell; and
 * how soon it is to be asked from there. */
bool base_is_fit(const struct ice_agent *a, int base, const struct ice_address *server);
unsigned base_rank(const struct ice_agent *a, int base);

/* binding.c: what leaves by a relay is never refused. */
int binding_ask(struct ice_agent *a, const struct ice_generation *g, const struct ice_pair *pair,
                const uint8_t id[STUN_ID_LEN], bool nominates, bool is_first);
/* error 0: success. g NULL: the asker does not know our password. */
void binding_answer(struct ice_agent *a, const struct ice_generation *g, int local,
                    const struct ice_address *source, const struct stun_message *m, int error);

/* checklist.c */
struct ice_generation *generation_new(struct ice_agent *a);
void generation_free(struct ice_generation *g);
/* Its checks are over: were they in vain? */
void generation_end(struct ice_agent *a, const struct ice_generation *g);
/* Lets go of the channels of all its pairs but one, or NULL. Not while that is
 * the end of the agent, or a relay is already gone. */
void generation_release(struct ice_agent *a, const struct ice_generation *g,
                        const struct ice_pair *kept);
void generation_drop_old(struct ice_agent *a); /* there is one */
/* Whether a remote has no pair that works, so that it may go. */
bool pair_is_dispensable(const struct ice_agent *a, int remote);
void pair_remove_for_remote(struct ice_agent *a, int remote);
struct ice_pair *pair_add(struct ice_agent *a, struct ice_generation *g, int local, int remote);
void pair_add_for_local(struct ice_agent *a, int local);
void pair_add_for_remote(struct ice_agent *a, int remote);
void pair_remove_for_local(struct ice_agent *a, int local);
void pair_update_priorities(struct ice_agent *a);
void pair_trigger(struct ice_agent *a, struct ice_pair *pair);
/* may_spend: also one to somebody who has never answered nor checked us. */
struct ice_pair *pair_next(const struct ice_agent *a, bool may_spend);
void pair_unfreeze_like(struct ice_agent *a, const struct ice_pair *pair);
/* code: one of PAIR_…, of STUN, or a negative errno. */
void pair_fail(struct ice_agent *a, struct ice_pair *pair, int code);
/* A relay's channel to a peer is bound (code 0) or refused. */
void pair_on_channel(struct ice_agent *a, int relay, const struct ice_address *peer, int code);
bool pair_is_relayed(const struct ice_agent *a, const struct ice_generation *g,
                     const struct ice_pair *pair);
const struct ice_address *pair_remote(const struct ice_generation *g, const struct ice_pair *pair);

/* local.c */
int local_find_host(const struct ice_agent *a, int base);     /* or -1 */
int local_find_relayed(const struct ice_agent *a, int relay); /* or -1 */
/* Its slot, -EEXIST or -ENOSPC. */
int local_add(struct ice_agent *a, const struct ice_candidate *candidate, int base, int relay);
void local_add_mapped(struct ice_agent *a, int base, const struct ice_address *server,
                      const struct ice_address *mapped);
void local_remove(struct ice_agent *a, int local);
void local_announce_again(struct ice_agent *a);

/* remote.c */
int remote_find(const struct ice_generation *g, const struct ice_address *address);
void remote_on_answer(struct ice_agent *a, const struct ice_address *address);
int remote_add_prflx(struct ice_agent *a, struct ice_generation *g,
                     const struct ice_address *address, uint32_t priority);
/* As the agent's entries. */
int remote_add(struct ice_agent *a, struct span line);
void remote_on_nat64(struct ice_agent *a); /* what was told before is reached by it, too */
void remote_on_resolved(struct ice_agent *a, int id, const struct ice_address *address);

/* relay.c */
int relay_free_slot(const struct ice_agent *a); /* or -1 */
void relay_add(struct ice_agent *a, int server, int base, uint64_t now_us);
void relay_again(struct ice_agent *a, uint64_t now_us); /* after a restart */
/* Do the servers still know our allocations? Those that do not are lost. */
void relay_refresh(struct ice_agent *a);
/* Asks once more for the channel to a peer, where the local candidate is a
 * relay's. */
void relay_rebind(struct ice_agent *a, int local, const struct ice_address *peer);
void relay_on_open(struct ice_agent *a, int base, uint64_t now_us);
void relay_on_close(struct ice_agent *a, int base, const char *text);
void relay_base_removed(struct ice_agent *a, int base);
void relay_free_all(struct ice_agent *a);
bool relay_start_one(struct ice_agent *a, uint64_t now_us);
struct ice_relay *relay_find(struct ice_agent *a, int base, const struct ice_address *server);
bool relay_is_pending(const struct ice_agent *a);
void relay_on_deadline(struct ice_agent *a, uint64_t now_us);
uint64_t relay_deadline(const struct ice_agent *a);

/* relay_plan.c */
void relay_plan(struct ice_agent *a, uint64_t now_us);
uint64_t relay_plan_deadline(const struct ice_agent *a);

/* gather.c */
/* The base, or an error, as of the agent's entry. */
int gather_add_interface(struct ice_agent *a, const struct ice_address *address, const char *name,
                         bool is_default);
void gather_remove_interface(struct ice_agent *a, int base);
void gather_add_probes(struct ice_agent *a);
void gather_begin(struct ice_agent *a, uint64_t now_us);
bool gather_is_waiting(const struct ice_agent *a);
bool gather_start_one(struct ice_agent *a, uint64_t now_us);
bool gather_on_answer(struct ice_agent *a, int base, const struct stun_message *m, uint64_t now_us);
void gather_on_deadline(struct ice_agent *a, uint64_t now_us);
/* If it is over, says so. */
void gather_end(struct ice_agent *a, bool is_relay_pending, uint64_t now_us);
uint64_t gather_deadline(const struct ice_agent *a);

/* pair_consent.c */
bool pair_consent_on_answer(struct ice_agent *a, const struct ice_generation *g,
                            struct ice_pair *pair, const struct stun_message *m, uint64_t now_us);
void pair_consent_ask_now(struct ice_agent *a, uint64_t now_us); /* on the path in use */
void pair_consent_on_deadline(struct ice_agent *a, uint64_t now_us);
uint64_t pair_consent_deadline(const struct ice_agent *a);

/* check.c */
bool check_start_one(struct ice_agent *a, uint64_t now_us);
uint64_t check_start_deadline(const struct ice_agent *a); /* of the next to begin */
bool check_on_answer(struct ice_agent *a, int local, const struct ice_address *source,
                     const struct stun_message *m, uint64_t now_us);
void check_on_deadline(struct ice_agent *a, uint64_t now_us);
uint64_t check_deadline(const struct ice_agent *a);
void check_set_role(struct ice_agent *a, bool is_controlling);

/* request.c */
void request_receive(struct ice_agent *a, int local, const struct ice_address *source,
                     const struct stun_message *m, uint64_t now_us);
void request_replay_early(struct ice_agent *a, uint64_t now_us);

/* report.c */
const char *report_write(const struct ice_agent *a, char out[ICE_REPORT_MAX]);

/* select.c */
void select_update(struct ice_agent *a, uint64_t now_us);
uint64_t select_deadline(const struct ice_agent *a);
void select_keep_old(struct ice_agent *a);
void select_set_state(struct ice_agent *a, enum ice_state state, const char *text);
bool select_describe(const struct ice_agent *a, struct ice_path *out);

/* agent.c */
bool agent_has_base(const struct ice_agent *a, int base, bool is_stream);
/* Ends every call from outside: selects, starts what may start. */
void agent_finish(struct ice_agent *a, uint64_t now_us);

#endif
