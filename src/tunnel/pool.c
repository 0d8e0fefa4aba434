/*
 * A choice is a walk over all of them, which keeps the better one of two. With
 * sixteen there is nothing to index.
 */
#include "tunnel/pool.h"

#include <assert.h>

void pool_init(struct pool *pool, enum pool_pick pick)
{
    *pool = (struct pool){.pick = pick};
}

int pool_join(struct pool *pool, unsigned rank)
{
    for (int i = 0; i < POOL_PROVIDERS_MAX; i++) {
        struct pool_provider *provider = &pool->providers[i];
        if (provider->state == POOL_FREE && provider->under_way == 0) {
            *provider = (struct pool_provider){
                .state = POOL_STANDING_BY,
                .rank = rank,
                .round_trip_us = TIME_NEVER,
            };
            return i;
        }
    }
    return POOL_NOBODY;
}

static struct pool_provider *find(struct pool *pool, int provider)
{
    assert(provider >= 0 && provider < POOL_PROVIDERS_MAX);
    return &pool->providers[provider];
}

static struct pool_provider *find_member(struct pool *pool, int provider)
{
    struct pool_provider *found = find(pool, provider);
    assert(found->state != POOL_FREE);
    return found;
}

void pool_leave(struct pool *pool, int provider)
{
    find_member(pool, provider)->state = POOL_FREE;
}

size_t pool_count(const struct pool *pool)
{
    size_t count = 0;
    for (size_t i = 0; i < POOL_PROVIDERS_MAX; i++)
        count += pool->providers[i].state != POOL_FREE;
    return count;
}

void pool_open(struct pool *pool, int provider)
{
    find_member(pool, provider)->state = POOL_OPEN;
}

void pool_close(struct pool *pool, int provider)
{
    find_member(pool, provider)->state = POOL_STANDING_BY;
}

void pool_set_round_trip(struct pool *pool, int provider, uint64_t round_trip_us)
{
    find_member(pool, provider)->round_trip_us = round_trip_us > 0 ? round_trip_us : TIME_NEVER;
}

void pool_shun(struct pool *pool, int provider, uint64_t for_us, uint64_t now_us)
{
    struct pool_provider *shunned = find(pool, provider);
    uint64_t until_us = now_us + (for_us < POOL_SHUN_MAX_US ? for_us : POOL_SHUN_MAX_US);
    if (shunned->shunned_until_us < until_us)
        shunned->shunned_until_us = until_us;
}

void pool_begin(struct pool *pool, int provider)
{
    find_member(pool, provider)->under_way++;
}

void pool_end(struct pool *pool, int provider)
{
    struct pool_provider *ended = find(pool, provider);
    assert(ended->under_way > 0);
    ended->under_way--;
}

static uint64_t shunned_for_us(const struct pool_provider *provider, uint64_t now_us)
{
    return provider->shunned_until_us > now_us ? provider->shunned_until_us - now_us : 0;
}

static bool may_ask(const struct pool *pool, int provider, unsigned tried)
{
    return pool->providers[provider].state == POOL_OPEN && !(tried & 1U << provider);
}

bool pool_has_ready(const struct pool *pool, unsigned tried, uint64_t now_us)
{
    bool has_one = false;
    for (int i = 0; i < POOL_PROVIDERS_MAX && !has_one; i++)
        has_one = may_ask(pool, i, tried) && shunned_for_us(&pool->providers[i], now_us) == 0;
    return has_one;
}

/* Whether a, of which both may be asked, is to be preferred to b. */
static bool is_better(const struct pool *pool, int a, int b, int last, uint64_t now_us)
{
    const struct pool_provider *one = &pool->providers[a];
    const struct pool_provider *other = &pool->providers[b];
    uint64_t one_in_us = shunned_for_us(one, now_us);
    uint64_t other_in_us = shunned_for_us(other, now_us);
    if (one_in_us != other_in_us)
        return one_in_us < other_in_us;
    if (pool->pick == POOL_FIRST)
        return one->rank < other->rank;
    if (one->under_way != other->under_way)
        return one->under_way < other->under_way;
    if (a == last || b == last)
        return a == last;
    return one->round_trip_us < other->round_trip_us;
}

int pool_choose(const struct pool *pool, int last, unsigned tried, uint64_t now_us)
{
    int best = POOL_NOBODY;
    for (int i = 0; i < POOL_PROVIDERS_MAX; i++) {
        if (may_ask(pool, i, tried) &&
            (best == POOL_NOBODY || is_better(pool, i, best, last, now_us)))
            best = i;
    }
    return best;
}
