/*
 * A flow over links of the simulator that always has something to send: what
 * the tests of links and bench/sctp measure.
 */
#ifndef TESTS_SIM_BULK_H
#define TESTS_SIM_BULK_H

#include "sim/sim.h"

enum { BULK_PINGS = 4096 };

struct bulk {
    struct sim *sim;
    struct sim_end *ends[2];        /* from 0 to 1 */
    uint64_t received;              /* bytes of whole messages, 64 KiB each */
    uint64_t delays_us[BULK_PINGS]; /* of the small messages */
    size_t delay_count;
    uint64_t ping_every_us;
};

/* The ends are the simulation's, and live as long as it does. */
struct bulk *bulk_new(struct sim *sim, struct sim_link *links[2], enum sctp_cc cc);
void bulk_free(struct bulk *b);

/* Connects, then sends without end. An association that closes is a failure
 * of the program. */
void bulk_start(struct bulk *b);

/* Also sends a small message on a stream of its own every so often, from now
 * on. The flow must outlive the simulation's last run. */
void bulk_ping(struct bulk *b, uint64_t every_us);

/* What that part of the small messages took at most. */
uint64_t bulk_ping_delay_us(struct bulk *b, unsigned percent);

/* The first flow's share of what two carry over one link: the second joins
 * after two seconds, and what arrives from the tenth on is counted. */
double bulk_share_of_first(uint64_t seed, struct sim_link there, const enum sctp_cc kinds[2],
                           unsigned seconds);

#endif
