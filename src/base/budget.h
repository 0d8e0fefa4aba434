/*
 * What several share and what can run out, such as memory. A share may have no
 * more than its own maximum, and no more than is still free: so however many
 * take all that they can get, the next one finds as much as each of them has.
 * Of n greedy shares each ends with one part in n + 1 of the whole. (Switches
 * share their buffers between ports by such thresholds.)
 */
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

struct budget {
    size_t most;
    size_t used; /* by all shares */
};

struct budget_share {
    struct budget *of; /* NULL: shared with nobody */
    size_t most;
    size_t used;
};

static inline bool budget_take(struct budget_share *share, size_t amount)
{
    size_t free = share->of ? share->of->most - share->of->used : share->most;
    size_t most = share->most < free ? share->most : free;
    if (share->used > most || amount > most - share->used)
        return false;
    share->used += amount;
    if (share->of)
        share->of->used += amount;
    return true;
}

static inline void budget_give(struct budget_share *share, size_t amount)
{
    assert(amount <= share->used);
    share->used -= amount;
    if (share->of)
        share->of->used -= amount;
}

#endif
