/*
 * How many checks may be sent to addresses that have never answered. Whoever
 * writes signalling names them: a hostile signal server could aim our checks at
 * anybody, by one negotiation after the other. A burst is free, which is all
 * that an ordinary negotiation needs; beyond it one check leaves each
 * ICE_UNHEARD_US, and ever fewer while negotiations end without any answer.
 *
 * There is one for all agents of a process, since each negotiation has an agent
 * of its own. Plain data; all zeros is full.
 */
#ifndef ICE_BUDGET_H
#define ICE_BUDGET_H

#include <stdint.h>

struct ice_budget {
    uint64_t full_us;    /* when all that was spent will have come back */
    unsigned unanswered; /* negotiations in a row */
};

/* The time that one check costs. */
uint64_t ice_budget_interval_us(const struct ice_budget *b);

/* From when on a check may begin. */
uint64_t ice_budget_ready_us(const struct ice_budget *b);

/* A check leaves, for the first time or again. What is sent again is not held
 * up, but those that have yet to begin wait for it. */
void ice_budget_spend(struct ice_budget *b, uint64_t now_us);

/* Somebody has answered a check; a negotiation has ended in which checks were
 * sent and nobody did. */
void ice_budget_on_answer(struct ice_budget *b);
void ice_budget_on_silence(struct ice_budget *b, uint64_t now_us);

#endif
