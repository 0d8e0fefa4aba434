/*
 * What both algorithms share.
 */
#include "sctp/cc.h"

enum {
    /* Of a slower path: a burst that a queue of few packets takes. */
    QUANTUM_SHORT = 24000,
    /* Above 2 GB/s a burst is less than an eighth of a millisecond. */
    QUANTUM_MAX = 256 << 10
};

void cc_init(struct cc *cc, const struct cc_ops *ops, size_t mss, uint32_t random, uint64_t now_us)
{
    *cc = (struct cc){
        .mss = mss,
        .random = random | 1,
        .ops = ops,
    };
    cc->cwnd = cc_initial_window(cc);
    cc->send_quantum = 2 * mss;
    cc->ops->init(cc, now_us);
}

size_t cc_initial_window(const struct cc *cc)
{
    size_t window = 10 * cc->mss;
    size_t most = 14600 > 2 * cc->mss ? 14600 : 2 * cc->mss;
    return window < most ? window : most;
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

size_t cc_quantum(const struct cc *cc, uint64_t rate)
{
    uint64_t quantum = at_most(rate / 1000, QUANTUM_SHORT);
    if (quantum < rate / 8000)
        quantum = at_most(rate / 8000, QUANTUM_MAX);
    if (quantum < 2 * cc->mss)
        quantum = 2 * cc->mss;
    return (size_t)quantum;
}

void cc_window_max_reset(struct cc_window_max *m, uint64_t at, uint64_t value)
{
    for (int i = 0; i < 3; i++) {
        m->best[i].value = value;
        m->best[i].at = at;
    }
}

void cc_window_max_add(struct cc_window_max *m, uint64_t window, uint64_t at, uint64_t value)
{
    if (value >= m->best[0].value || at - m->best[2].at > window) {
        cc_window_max_reset(m, at, value);
        return;
    }
    for (int i = 1; i < 3; i++) {
        if (value < m->best[i].value)
            continue;
        for (int j = i; j < 3; j++) {
            m->best[j].value = value;
            m->best[j].at = at;
        }
        break;
    }
    /* The best has left the window: the runners-up move up. */
    while (at - m->best[0].at > window) {
        m->best[0] = m->best[1];
        m->best[1] = m->best[2];
        m->best[2].value = value;
        m->best[2].at = at;
    }
    /* A runner-up that is as old as the best would leave with it. */
    if (m->best[1].at == m->best[0].at && at - m->best[1].at > window / 4) {
        for (int j = 1; j < 3; j++) {
            m->best[j].value = value;
            m->best[j].at = at;
        }
    } else if (m->best[2].at == m->best[1].at && at - m->best[2].at > window / 2) {
        m->best[2].value = value;
        m->best[2].at = at;
    }
}
