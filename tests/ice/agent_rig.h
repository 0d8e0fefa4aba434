/*
 * One agent, of which all that it sends is kept, and a peer played by hand: a
 * test makes its checks and answers, right or wrong, one by one. Under a fake
 * clock.
 */
#ifndef TESTS_ICE_AGENT_RIG_H
#define TESTS_ICE_AGENT_RIG_H

#include "testing.h"

#include "ice/agent.h"

#define REMOTE_PWD "remotepasswordremotepass"

extern const struct ice_address local_address;
extern const struct ice_address peer_address;
extern const struct ice_address other_address;

struct sent {
    struct ice_address to;
    uint8_t bytes[STUN_MESSAGE_MAX];
    size_t len;
};

struct rig {
    struct ice_agent *a;
    int base;
    int second_base; /* where there is one */
    bool sent_by_second;
    uint64_t now_us;
    struct sent sent[64];
    int sent_count;
    int taken;      /* of them, by next_sent() */
    int refuse;     /* errno for everything sent */
    int routes;     /* on_route calls */
    bool has_ended; /* no more candidates */
    char candidates[1024];
    int resolve_id; /* of the last name asked for */
    enum ice_state state;
    char text[ICE_REPORT_MAX];
    uint64_t serial;
    uint32_t priority; /* of the peer's checks; 0: a host's */
    /* Of the peer's checks; "": the agent's newest, and the peer's first. */
    char local_ufrag[ICE_UFRAG_LEN + 1];
    char local_pwd[ICE_PWD_LEN + 1];
    const char *remote_ufrag;
};

/* An agent with one interface that gathers nothing yet; one that has gathered
 * its host candidate and has the peer's credentials. The agent is freed by the
 * test. */
void rig_begin(struct rig *r, const struct ice_agent_config *config);
void rig_init(struct rig *r, bool is_controlling);

/* Time goes by, with all deadlines in it. */
void run(struct rig *r, uint64_t for_us);

/* ---- what the agent sends ---- */

/* The next message of it, and where to; false when there is none. */
bool next_sent(struct rig *r, struct stun_message *m, struct ice_address *to);
void forget_sent(struct rig *r);

/* How many datagrams went to 192.0.2.last_byte. */
int sent_to(const struct rig *r, int last_byte);

/* ---- what it receives ---- */

/* A STUN message, or nothing that the agent hands out as data. */
void receive(struct rig *r, const struct ice_address *from, struct span bytes);

enum {
    NO_USER = 1,
    WRONG_USER = 2,
    WRONG_KEY = 4,
    NO_INTEGRITY = 8,
    NO_PRIORITY = 16,
    UNKNOWN = 32,
    USE_CANDIDATE = 64,
    CONTROLLED = 128,
    NO_FINGERPRINT = 256,
    LOW_TIE_BREAKER = 512,
};

/* A check of the peer, right or wrong. Controlling unless CONTROLLED. */
void send_check(struct rig *r, const struct ice_address *from, unsigned flags);

/* Answers a check of the agent's. */
void answer(struct rig *r, const struct stun_message *m, const struct ice_address *from,
            const char *pwd);

/* Answers every request to that address that is waiting; returns how many
 * carried USE-CANDIDATE. */
int answer_all(struct rig *r, const struct ice_address *from);

/* A candidate by signalling. */
void add_remote(struct rig *r, const char *line);

#endif
