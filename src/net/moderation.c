/*
 * Decided once a window. A socket that was quiet has a long one, and few calls
 * for it.
 */
#include "net/moderation.h"

void moderation_note(struct moderation *m, size_t received)
{
    m->calls++;
    m->received += received;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t decide(const struct moderation *m, uint64_t rtt_us, uint64_t elapsed_us)
{
    if (m->calls * (uint64_t)MODERATION_WINDOW_US < MODERATION_CALLS * elapsed_us)
        return 0;
    uint64_t rest_us = least(rtt_us / MODERATION_SHARE, MODERATION_MOST_US);
    if (m->received > 0)
        rest_us = least(rest_us, MODERATION_BYTES * elapsed_us / m->received);
    return rest_us < MODERATION_LEAST_US ? 0 : rest_us;
}

uint64_t moderation_rest_us(struct moderation *m, uint64_t rtt_us, uint64_t now_us)
{
    uint64_t elapsed_us = now_us - m->since_us;
    if (elapsed_us < MODERATION_WINDOW_US)
        return m->rest_us;
    m->rest_us = decide(m, rtt_us, elapsed_us);
    m->since_us = now_us;
    m->received = 0;
    m->calls = 0;
    return m->rest_us;
}
