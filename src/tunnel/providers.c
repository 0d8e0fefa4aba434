/*
 * There are few, so that finding one is a walk over all of them.
 */
#include "tunnel/providers.h"

#include "base/log.h"

enum { RANK_BITS = 20 }; /* for who came when in a meeting */

void providers_init(struct providers *all, struct proxy *proxy, size_t links)
{
    *all = (struct providers){.proxy = proxy, .links = links};
    if (links > 1)
        proxy_tell_apart(proxy, PROVIDER_OF_LINK);
}

static size_t count(const struct providers *all)
{
    size_t known = 0;
    for (size_t i = 0; i < POOL_PROVIDERS_MAX; i++)
        known += all->at[i].is_known;
    return known;
}

static int find(const struct providers *all, unsigned meeting, uint32_t partner)
{
    for (int i = 0; i < POOL_PROVIDERS_MAX; i++) {
        if (all->at[i].is_known && all->at[i].meeting == meeting && all->at[i].partner == partner)
            return i;
    }
    return POOL_NOBODY;
}

static int add(struct providers *all, unsigned meeting, uint32_t partner)
{
    unsigned rank = meeting << RANK_BITS | (partner & ((1U << RANK_BITS) - 1));
    uint32_t name = all->links > 0 ? meeting + 1 : partner;
    int provider = proxy_add_provider(all->proxy, rank, name);
    if (provider == POOL_NOBODY) {
        log_warn("proxy: one more provider is there, and not used: %d are the most",
                 POOL_PROVIDERS_MAX);
        return POOL_NOBODY;
    }
    all->at[provider].is_known = true;
    all->at[provider].meeting = meeting;
    all->at[provider].partner = partner;
    if (all->links == 0 && count(all) > 1)
        proxy_tell_apart(all->proxy, PROVIDER_IN_ROOM);
    return provider;
}

void providers_up(struct providers *all, unsigned meeting, uint32_t partner, struct mux *mux)
{
    int provider = find(all, meeting, partner);
    if (provider == POOL_NOBODY)
        provider = add(all, meeting, partner);
    if (provider != POOL_NOBODY)
        proxy_set_mux(all->proxy, provider, mux);
}

void providers_down(struct providers *all, unsigned meeting, uint32_t partner)
{
    int provider = find(all, meeting, partner);
    if (provider != POOL_NOBODY)
        proxy_set_mux(all->proxy, provider, NULL);
}

static void forget(struct providers *all, int provider)
{
    all->at[provider].is_known = false;
    proxy_remove_provider(all->proxy, provider);
}

void providers_gone(struct providers *all, unsigned meeting, uint32_t partner)
{
    int provider = find(all, meeting, partner);
    if (provider != POOL_NOBODY)
        forget(all, provider);
}

void providers_measured(struct providers *all, unsigned meeting, uint32_t partner,
                        uint64_t round_trip_us)
{
    int provider = find(all, meeting, partner);
    if (provider != POOL_NOBODY)
        proxy_set_round_trip(all->proxy, provider, round_trip_us);
}

void providers_deinit(struct providers *all)
{
    for (int i = 0; i < POOL_PROVIDERS_MAX; i++) {
        if (all->at[i].is_known)
            forget(all, i);
    }
}
