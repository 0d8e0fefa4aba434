/*
 * Two associations and the links between them, each with an application that
 * counts: what single behaviours are shown with.
 */
#ifndef TESTS_SIM_NET_H
#define TESTS_SIM_NET_H

#include "sim/sim.h"

struct app {
    struct sim_end *end;
    uint64_t messages;
    uint64_t bytes;
    uint32_t last_id;
    uint64_t last_at_us;
    unsigned resets_in;
    unsigned resets_out;
    unsigned writable;
    size_t told_mtu;
    bool connected;
    bool closed;
    enum sctp_close_reason reason;
};

struct net {
    struct sim *sim;
    struct sim_link links[2];
    struct sim_end *ends[2];
    struct app apps[2];
    struct sctp_assoc_config configs[2];
};

/* Of every pair; they count in the ends' apps. */
extern const struct sctp_assoc_handlers net_handlers;

/* Both links alike; rate in bytes a second, 0 for no limit. Configs and links
 * may be changed until the ends are joined. */
struct net *net_new(uint64_t rate, uint64_t delay_us);
void net_free(struct net *n);

/* Makes the ends; starts the handshake as well; and waits for its end. */
void net_join(struct net *n);
void net_start(struct net *n);
void net_connect(struct net *n);

void net_run_ms(struct net *n, uint64_t ms);

/* A message of so many bytes that begins with the id. As sctp_assoc_send(). */
int net_send(struct net *n, int from, uint16_t stream, uint32_t id, size_t len,
             struct sctp_outgoing how);

#endif
