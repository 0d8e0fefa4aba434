/*
 * A turn begins with its first. What was counted is of the turn before only if
 * that is the one before.
 */
#include "net/rush.h"

unsigned rush_join(struct rush *rush, uint64_t turn, uint64_t *joined)
{
    if (rush->turn != turn) {
        rush->before = rush->turn + 1 == turn ? rush->here : 0;
        rush->here = 0;
        rush->turn = turn;
    }
    if (*joined != turn)
        rush->here++;
    *joined = turn;
    return rush->here > rush->before ? rush->here : rush->before;
}
