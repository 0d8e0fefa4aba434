/* What the files of the simulator share. */
#ifndef TESTS_ICE_SIM_INTERNAL_H
#define TESTS_ICE_SIM_INTERNAL_H

#include "sim.h"

enum {
    SIM_NATS = 8,
    SIM_MAPPINGS = 512,
    SIM_SERVERS = 4,
    SIM_ALLOCATIONS = 32,
    SIM_PEERS = 2,
    SIM_CUTS = 8,
    SIM_NAMES = 4,
    SIM_CHANNELS = 256, /* of an allocation */
    SIM_PAYLOAD = 2200,
};

enum sim_event_kind { SIM_DATAGRAM, SIM_STREAM, SIM_OPENED, SIM_CLOSED, SIM_SIGNAL, SIM_RESOLVED };
enum sim_signal { SIM_CREDENTIALS, SIM_ANSWER, SIM_CANDIDATE, SIM_END };

struct sim_event {
    struct sim_event *next;
    uint64_t at_us;
    uint64_t order; /* of equal times */
    enum sim_event_kind kind;
    int realm;      /* of a datagram: where it is now */
    int from_realm; /* where it came out of: a NAT's inside, or the same */
    struct ice_address src;
    struct ice_address dst;
    struct sim_peer *peer;     /* to whom, of all but datagrams */
    struct sim_server *server; /* of a stream towards a server */
    int base;
    int id;
    enum sim_signal signal;
    char ufrag[64]; /* of a candidate: whose generation */
    size_t len;
    uint8_t bytes[SIM_PAYLOAD];
};

struct sim_mapping {
    struct ice_address inner;
    struct ice_address outer;
    struct ice_address remote; /* of a symmetric one; family none otherwise */
    struct ice_address contacted[24];
    int contacted_count;
};

struct sim_nat {
    int outer_realm;
    struct ice_address outer;
    enum sim_nat_kind kind;
    bool hairpin;
    bool is_udp_blocked;
    uint16_t next_port;
    struct sim_mapping mappings[SIM_MAPPINGS];
    int mapping_count;
};

struct sim_allocation {
    bool is_used;
    uint8_t id[STUN_ID_LEN];   /* of the request that made it */
    struct ice_address client; /* UDP */
    struct sim_peer *peer;     /* or a stream of this one */
    int base;
    struct ice_address relayed;
    uint64_t until_us;
    struct {
        struct ice_address peer;
        uint16_t channel; /* 0: a permission only */
        uint64_t until_us;
        uint64_t permitted_us;
    } peers[SIM_CHANNELS];
    int peer_count;
};

/* The slot of a peer, made if there is none. -1: the number is another's. */
int sim_allocation_bind(struct sim_allocation *a, const struct ice_address *peer, uint16_t channel,
                        uint64_t now_us);
bool sim_allocation_permits(const struct sim_allocation *a, const struct ice_address *peer,
                            uint64_t now_us);

struct sim_server_node {
    struct sim_server config;
    struct ice_address address;
    struct sim_allocation allocations[SIM_ALLOCATIONS];
    uint16_t next_port;
    uint64_t nonce_us; /* when the present nonce was made */
    int nonce;
    int realm_name;
};

struct sim_socket {
    bool is_used;
    int realm;
    struct ice_address address;
    struct ice_address server; /* of a stream */
    bool is_stream;
    bool is_open;
};

struct sim_peer {
    struct sim *sim;
    struct sim_peer_config config;
    struct ice_agent *agent;
    struct sim_peer *other;
    struct sim_socket sockets[ICE_BASES_MAX];
    uint64_t stream_us;
    uint64_t stream_next_us;
    uint64_t sent;
    uint64_t received;
    uint64_t heard_us;
    uint64_t gap_us;
    uint64_t called_us; /* on_deadline(), and how often at that time */
    int calls_now;
    char text[ICE_REPORT_MAX];
    int failures;
    int routes;
    int routes_lost;
    int candidates[4];
    bool has_ended;
    char remote_ufrag[64];
    char hidden[64];
};

struct sim {
    uint64_t now_us;
    uint64_t random;
    uint64_t order;
    int loss_permille;
    int refusing_permille;
    uint64_t delay_us;
    uint64_t jitter_us;
    uint64_t signal_us;
    struct sim_event *events;
    struct sim_nat nats[SIM_NATS]; /* of realm i + 1 */
    int nat_count;
    struct {
        struct ice_address a, b;
    } cuts[SIM_CUTS];
    int cut_count;
    struct sim_server_node servers[SIM_SERVERS];
    int server_count;
    struct sim_peer *peers[SIM_PEERS];
    int peer_count;
    struct {
        char name[64];
        struct ice_address address;
    } names[SIM_NAMES];
    int name_count;
    struct guard guard; /* one page, and one that is not there */
};

uint64_t sim_random(struct sim *s);
struct sim_event *sim_event_new(struct sim *s, enum sim_event_kind kind, struct span bytes);
void sim_schedule(struct sim *s, struct sim_event *e, uint64_t after_us);
void sim_send(struct sim *s, int realm, const struct ice_address *src,
              const struct ice_address *dst, struct span bytes);
void sim_deliver_datagram(struct sim *s, struct sim_event *e);
void sim_peer_event(struct sim *s, struct sim_event *e);
void sim_signal_line(struct sim_peer *p, enum sim_signal signal, const char *text);
void sim_signal_event(struct sim_peer *p, const struct sim_event *e);
void sim_peer_receive(struct sim_peer *p, int base, struct sim_event *e);
bool sim_server_owns(const struct sim_server_node *n, const struct ice_address *a);
void sim_server_receive(struct sim *s, struct sim_server_node *n, struct sim_event *e);
struct sim_server_node *sim_server_node(struct sim *s, const struct ice_address *address);

#endif
