/*
 * Whom a proxy's numbers mean: the partners of its meetings, which the keepers
 * there name by numbers of their own. Embedded in a tunnel.
 */
#ifndef TUNNEL_PROVIDERS_H
#define TUNNEL_PROVIDERS_H

#include "tunnel/proxy.h"

struct providers {
    struct proxy *proxy;
    size_t links; /* each meeting is with one, and names it; 0: in a room */
    struct {
        bool is_known;
        unsigned meeting;
        uint32_t partner;
    } at[POOL_PROVIDERS_MAX];
};

void providers_init(struct providers *all, struct proxy *proxy, size_t links);

/* None of them gets a request any more, also none that another one loses. */
void providers_deinit(struct providers *all);

/* As on_up, on_down, on_gone and on_round_trip of a keeper. Meetings are told
 * apart by their numbers, and those of the first are the first in rank. */
void providers_up(struct providers *all, unsigned meeting, uint32_t partner, struct mux *mux);
void providers_down(struct providers *all, unsigned meeting, uint32_t partner);
void providers_gone(struct providers *all, unsigned meeting, uint32_t partner);
void providers_measured(struct providers *all, unsigned meeting, uint32_t partner,
                        uint64_t round_trip_us);

#endif
