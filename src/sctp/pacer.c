/*
 * An owner whose timers come late may catch up on BURST_US; one that is early
 * waits until a quantum can leave together, so that a burst costs one wakeup
 * and one system call. What was held back for that is no lateness: it is made
 * up for beside BURST_US, or a slow path, where a quantum takes longer than
 * that, would never reach its rate.
 */
#include "sctp/pacer.h"

enum { BURST_US = 500 };

#define NS_PER_US UINT64_C(1000)
#define NS_PER_S  UINT64_C(1000000000)

bool pacer_allows(const struct pacer *p, struct pacer_rate rate, uint64_t now_us)
{
    return rate.bytes_per_s == 0 || p->next_ns <= now_us * NS_PER_US;
}

static uint64_t time_of_ns(struct pacer_rate rate, size_t bytes)
{
    return bytes * NS_PER_S / rate.bytes_per_s;
}

void pacer_spend(struct pacer *p, struct pacer_rate rate, size_t bytes, uint64_t now_us)
{
    if (rate.bytes_per_s == 0)
        return;
    uint64_t now_ns = now_us * NS_PER_US;
    uint64_t back_ns = BURST_US * NS_PER_US + time_of_ns(rate, rate.held);
    uint64_t earliest = now_ns > back_ns ? now_ns - back_ns : 0;
    if (p->next_ns < earliest)
        p->next_ns = earliest;
    p->next_ns += time_of_ns(rate, bytes);
}

uint64_t pacer_deadline_us(const struct pacer *p, struct pacer_rate rate)
{
    uint64_t at_ns = p->next_ns + time_of_ns(rate, rate.held);
    return (at_ns + NS_PER_US - 1) / NS_PER_US;
}

void pacer_reset(struct pacer *p)
{
    p->next_ns = 0;
}
