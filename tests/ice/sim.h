/*
 * A small internet with a fake clock: hosts in realms (address spaces), NATs
 * between realms, STUN and TURN servers, loss and reordering; and peers, each
 * an agent with its sockets and a signalling line to the other. Everything
 * random comes from the seed, so every run of a test is the same.
 *
 *   realm 0 (public)  ── nat ── realm 1 ── nat ── realm 2 …
 */
#ifndef TESTS_ICE_SIM_H
#define TESTS_ICE_SIM_H

#include "testing.h"

#include "ice/agent.h"

enum sim_nat_kind {
    SIM_NAT_FULL,       /* endpoint-independent mapping and filtering */
    SIM_NAT_RESTRICTED, /* filters by address */
    SIM_NAT_PORT,       /* filters by address and port */
    SIM_NAT_SYMMETRIC,  /* maps by address and port as well */
    SIM_NAT_KINDS
};

enum { SIM_PUBLIC = 0 };

struct sim;
struct sim_peer;

struct sim *sim_new(uint64_t seed);
void sim_free(struct sim *s);

/* Datagrams are lost with that probability (in 1000), and take delay_us plus
 * up to jitter_us over each hop. */
void sim_set_link(struct sim *s, int loss_permille, uint64_t delay_us, uint64_t jitter_us);

/* The socket refuses what is sent with that probability (in 1000): -EPERM, as
 * from a firewall's rule for what leaves. */
void sim_set_refusing(struct sim *s, int permille);

/* A new realm behind a NAT; returns its number. */
int sim_add_nat(struct sim *s, int outer_realm, struct ice_address outer, enum sim_nat_kind kind,
                bool hairpin);
/* UDP does not pass this NAT; connections do. */
void sim_block_udp(struct sim *s, int realm, bool is_blocked);
/* Nothing goes from one address to the other any more, in any realm. */
void sim_cut(struct sim *s, struct ice_address a, struct ice_address b, bool is_cut);
/* Forgets all mappings: the NAT was restarted. */
void sim_reset_nat(struct sim *s, int realm);

/* What the STUN and TURN server does wrong. */
struct sim_server {
    bool is_turn;
    bool is_dead;                /* never answers */
    uint64_t nonce_us;           /* a nonce is good for this long; 0: for ever */
    int refuse_binding;          /* error code; 0: none */
    int refuse_allocate;         /* error code; 0: none */
    int refuse_channel;          /* error code; 0: none */
    bool is_silent;              /* does not say that it has granted an Allocate */
    bool change_realm;           /* another realm in each 401 or 438 */
    bool restarts_renamed;       /* of another realm; who names the old one gets 437 or 441 */
    uint32_t lifetime_s;         /* of allocations; 0: 600 */
    struct ice_address redirect; /* 300 and this address, if it has a family */
    /* What it saw. */
    int allocations; /* alive */
    int allocates;   /* requests that were granted */
    int refused;     /* requests, by refuse_allocate */
    int mismatches;  /* answers of 437 */
    int refreshes;
    int channel_binds;
    int stale_nonces;
    uint64_t relayed; /* datagrams */
};
struct sim_server *sim_add_server(struct sim *s, struct ice_address address);
/* Forgets its allocations and closes its connections. */
void sim_restart_server(struct sim *s, struct sim_server *server);

/* Forgets the channels and permissions of its allocations, but not these. */
void sim_forget_channels(struct sim_server *server);

struct sim_peer_config {
    const char *name;
    bool is_controlling;
    bool is_relay_only;
    bool hold_candidates; /* signal none of them: the other side learns by checks */
    bool never_end;       /* no end of candidates either */
};

struct sim_peer *sim_add_peer(struct sim *s, const struct sim_peer_config *config);
/* A host may be in several realms. Returns the base. */
int sim_add_address(struct sim_peer *p, int realm, struct ice_address address, const char *name);
void sim_remove_address(struct sim_peer *p, int base);
void sim_use_server(struct sim_peer *p, const struct ice_agent_server *server);
struct ice_agent_server sim_stun(struct ice_address address);
struct ice_agent_server sim_turn(struct ice_address address, enum turn_transport transport);

/* Gathers on both and exchanges credentials: the offer takes signal_us, the
 * answer too; candidates trickle. */
void sim_connect(struct sim *s, struct sim_peer *offerer, struct sim_peer *answerer);
/* The offerer restarts; its new credentials travel, the answer comes back. */
void sim_restart_ice(struct sim_peer *offerer);
void sim_set_signal_delay(struct sim *s, uint64_t delay_us);

/* Frees the peer's agent and puts a fresh one, without anything, there. */
void sim_replace_agent(struct sim_peer *p);

uint64_t sim_now(const struct sim *s);
struct ice_agent *sim_agent(struct sim_peer *p);
/* Runs for so long, or until nothing will ever happen. */
void sim_run(struct sim *s, uint64_t for_us);
/* Runs until both are CONNECTED; false after limit_us. */
bool sim_run_until_connected(struct sim *s, uint64_t limit_us);
/* Runs until both paths are as wanted; false after limit_us. */
bool sim_run_until_relayed(struct sim *s, bool is_relayed, uint64_t limit_us);

/* Application data: packets sent by one peer, seen by the other. */
void sim_send_data(struct sim_peer *p);
/* Sends one every interval_us from now on; 0: no more. */
void sim_send_stream(struct sim_peer *p, uint64_t interval_us);
uint64_t sim_sent(const struct sim_peer *p);
uint64_t sim_received(const struct sim_peer *p);
/* The longest time without a datagram from the other side since the last
 * call, while it was streaming. */
uint64_t sim_gap_us(struct sim_peer *p);

const char *sim_last_text(const struct sim_peer *p); /* of on_state */
int sim_failures(const struct sim_peer *p);          /* times it was FAILED */
int sim_routes(const struct sim_peer *p);            /* on_route calls */
int sim_routes_lost(const struct sim_peer *p);       /* of these, without a route */
int sim_candidates(const struct sim_peer *p, enum ice_candidate_type type);
bool sim_has_ended(const struct sim_peer *p);
/* What .local names resolve to for that peer; NULL text: to nothing. */
void sim_set_hostname(struct sim *s, const char *name, struct ice_address address);
/* Delivers a candidate line as if the other side had sent it. */
void sim_inject_candidate(struct sim_peer *p, const char *line);
/* Replaces the host address by the name in what the peer signals. */
void sim_hide_hosts(struct sim_peer *p, const char *name);

/* Checks that both agree on the path: each one's local is the other's remote,
 * but where a NAT of the other kind lies between. */
bool sim_is_consistent(struct sim_peer *a, struct sim_peer *b);

#endif
