/*
 * The round trip and the timeout that follows from it (RFC 9260 section 6.3).
 */
#ifndef SCTP_RTT_H
#define SCTP_RTT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* Section 16, but for the lower bound, which has to exceed the delay of other
 * stacks' SACKs, 200 ms. */
#define RTO_INITIAL_US (1000 * US_PER_MS)
#define RTO_MIN_US     (300 * US_PER_MS)
#define RTO_MAX_US     (10 * US_PER_S)

struct rtt {
    uint64_t srtt_us; /* 0: no sample yet */
    uint64_t var_us;
    uint64_t min_us; /* UINT64_MAX: no sample yet */
    uint64_t rto_us;
    bool has_data; /* not only samples of HEARTBEATs */
};

void rtt_init(struct rtt *r);
void rtt_sample(struct rtt *r, uint64_t sample_us);

/* The timeout after so many that had no answer: doubled with each, up to
 * RTO_MAX_US. */
uint64_t rtt_backed_off_us(const struct rtt *r, unsigned timeouts);

#endif
