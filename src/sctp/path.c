/*
 * A size is probed with a HEARTBEAT that is padded to it (RFC 4820): first the
 * most that the owner thinks possible, which mostly passes; else what is in
 * use already, since no path has to carry that; then the steps of the table
 * upward, then by halves between the largest that passed and the smallest that
 * did not.
 *
 * Each probe has a small HEARTBEAT beside it, and is lost by its size only
 * when that one passed: where nothing passes, no size is too large. The same
 * pair tells a path that carries no full packet of data from one that is gone.
 */
#include "sctp/path.h"

#include "sctp/rtt.h"

enum {
    PROBE_TRIES = 3,
    CLOSE_ENOUGH = 16, /* the search ends when this little is open */
    BLACK_HOLE_TIMEOUTS = 2,
};

#define SEARCH_AGAIN_US     (600 * US_PER_S) /* PMTU_RAISE_TIMER */
#define AFTER_BLACK_HOLE_US (60 * US_PER_S)

/* SCTP packets that fill what is usual: PPPoE and tunnels, Ethernet with IPv6
 * and with IPv4 below DTLS 1.2, jumbo frames, loopback. */
static const uint16_t steps[] = {1280, 1380, 1412, 1432, 2000, 4000, 8900, 16000};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t ceiling(const struct path *p)
{
    return p->mtu_max & ~(size_t)3;
}

static size_t base_mtu(const struct path *p)
{
    return least(least(p->mtu_own, BASE_MTU), ceiling(p));
}

static size_t floor_mtu(const struct path *p)
{
    return least(base_mtu(p), FLOOR_MTU);
}

void path_init(struct path *p, size_t mtu, size_t mtu_max)
{
    *p = (struct path){.mtu_own = mtu, .mtu_max = mtu_max, .due_us = TIME_NEVER};
    p->mtu = mtu < mtu_max ? mtu : ceiling(p);
}

void path_change(struct path *p, size_t mtu_max, uint64_t now_us)
{
    p->mtu_max = mtu_max;
    p->mtu = base_mtu(p);
    p->since_us = now_us;
    p->rtt_us = 0;
}

void path_asked(struct path *p, uint64_t nonce, uint64_t now_us)
{
    p->nonce = nonce;
    p->heartbeat_sent_us = now_us;
}

static void on_probe_passed(struct path *p, uint64_t now_us)
{
    p->mtu = p->probe_size;
    p->probe_size = 0;
    p->search = SEARCH_STEPS;
    p->due_us = now_us; /* the next step at once */
}

enum path_answer path_on_answer(struct path *p, uint64_t nonce, uint64_t sent_us, uint64_t now_us)
{
    if (nonce == 0 || sent_us > now_us)
        return PATH_NOT_ASKED;
    if (nonce == p->nonce) {
        p->nonce = 0;
        p->rtt_us = now_us - sent_us;
        return PATH_ALIVE;
    }
    if (nonce == p->small_nonce) {
        if (sent_us > p->small_passed_us)
            p->small_passed_us = sent_us;
        return PATH_SMALL_PASSED;
    }
    if (nonce == p->probe_nonce && p->probe_size != 0) {
        on_probe_passed(p, now_us);
        return PATH_PROBE_PASSED;
    }
    return PATH_NOT_ASKED;
}

void path_start_search(struct path *p, uint64_t small_nonce, bool takes_pad, uint64_t at_us)
{
    p->too_big = ceiling(p) + 4;
    p->probe_size = 0;
    p->small_nonce = small_nonce;
    p->small_passed_us = 0;
    p->search = takes_pad ? SEARCH_MAX : SEARCH_OFF;
    p->due_us = takes_pad ? at_us : TIME_NEVER;
}

static size_t next_step(const struct path *p)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (steps[i] > p->mtu && steps[i] < p->too_big)
            return steps[i];
    }
    if (p->too_big <= p->mtu + CLOSE_ENOUGH)
        return 0;
    return (p->mtu + p->too_big) / 2 & ~(size_t)3;
}

/* The size to probe in the present state, or the next that has one; 0: done. */
static size_t next_size(struct path *p)
{
    if (p->search == SEARCH_MAX && ceiling(p) > p->mtu)
        return ceiling(p);
    if (p->search == SEARCH_MAX)
        p->search = SEARCH_CURRENT;
    if (p->search == SEARCH_CURRENT && p->mtu > floor_mtu(p))
        return p->mtu;
    p->search = SEARCH_STEPS;
    return next_step(p);
}

static void lower_mtu(struct path *p, size_t mtu, enum path_search search, uint64_t at_us)
{
    p->too_big = p->mtu;
    p->probe_size = 0;
    p->mtu = mtu;
    if (p->search == SEARCH_OFF)
        return;
    p->search = search;
    p->due_us = at_us;
}

/* The error state of RFC 8899: not even what should pass everywhere does. */
static void fall_to_floor(struct path *p, uint64_t now_us)
{
    lower_mtu(p, floor_mtu(p), SEARCH_STEPS, now_us);
}

static void probe_is_too_big(struct path *p, uint64_t now_us)
{
    if (p->search == SEARCH_CURRENT) {
        fall_to_floor(p, now_us);
        return;
    }
    p->too_big = p->probe_size;
    p->probe_size = 0;
    if (p->search == SEARCH_MAX)
        p->search = SEARCH_CURRENT;
}

/* The wait for a probe is over. Unless a small one has passed meanwhile, that
 * was too short, or the path is gone. */
static void judge_probe(struct path *p, uint64_t now_us)
{
    unsigned tries = p->search == SEARCH_MAX ? 1 : PROBE_TRIES;
    if (p->small_passed_us < p->probe_sent_us)
        return;
    p->probe_sent_us = now_us;
    if (++p->probe_tries >= tries)
        probe_is_too_big(p, now_us);
}

bool path_on_due(struct path *p, uint64_t now_us)
{
    if (p->search == SEARCH_DONE) { /* the path may have widened */
        p->search = SEARCH_MAX;
        p->too_big = ceiling(p) + 4;
    }
    if (p->probe_size != 0)
        judge_probe(p, now_us);
    return p->probe_size == 0;
}

void path_choose_probe(struct path *p, uint64_t nonce, uint64_t now_us)
{
    p->probe_size = next_size(p);
    p->probe_tries = 0;
    p->probe_sent_us = now_us;
    p->probe_nonce = nonce;
    if (p->probe_size == 0) {
        p->search = SEARCH_DONE;
        p->due_us = now_us + SEARCH_AGAIN_US;
    }
}

void path_probed(struct path *p, uint64_t srtt_us, uint64_t now_us)
{
    p->due_us = now_us + 2 * srtt_us + RTO_MIN_US;
}

bool path_on_timeout(struct path *p, unsigned timeouts, uint64_t sent_us, uint64_t now_us)
{
    if (p->mtu <= floor_mtu(p))
        return false;
    if (timeouts < BLACK_HOLE_TIMEOUTS || p->small_passed_us < sent_us)
        return true;
    if (p->mtu > base_mtu(p))
        lower_mtu(p, base_mtu(p), SEARCH_CURRENT, now_us + AFTER_BLACK_HOLE_US);
    else
        fall_to_floor(p, now_us);
    return false;
}
