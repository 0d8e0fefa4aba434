/*
 * Smoothed as in RFC 6298: an eighth of each sample, a quarter of each
 * deviation. A sample of nothing counts as a microsecond, since 0 stands for
 * "none".
 */
#include "sctp/rtt.h"

enum { DOUBLINGS_MAX = 8 };

void rtt_init(struct rtt *r)
{
    *r = (struct rtt){.min_us = UINT64_MAX, .rto_us = RTO_INITIAL_US};
}

static uint64_t clamp_rto(uint64_t rto_us)
{
    if (rto_us < RTO_MIN_US)
        return RTO_MIN_US;
    return rto_us < RTO_MAX_US ? rto_us : RTO_MAX_US;
}

void rtt_sample(struct rtt *r, uint64_t sample_us)
{
    if (sample_us == 0)
        sample_us = 1;
    if (sample_us < r->min_us)
        r->min_us = sample_us;
    if (r->srtt_us == 0) {
        r->srtt_us = sample_us;
        r->var_us = sample_us / 2;
    } else {
        uint64_t off = r->srtt_us > sample_us ? r->srtt_us - sample_us : sample_us - r->srtt_us;
        r->var_us = (3 * r->var_us + off) / 4;
        r->srtt_us = (7 * r->srtt_us + sample_us) / 8;
        if (r->srtt_us == 0)
            r->srtt_us = 1;
    }
    r->rto_us = clamp_rto(r->srtt_us + 4 * r->var_us);
}

uint64_t rtt_backed_off_us(const struct rtt *r, unsigned timeouts)
{
    uint64_t rto_us = r->rto_us << (timeouts < DOUBLINGS_MAX ? timeouts : DOUBLINGS_MAX);
    return rto_us < RTO_MAX_US ? rto_us : RTO_MAX_US;
}
