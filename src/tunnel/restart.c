/*
 * What is wanted and what is under way are apart: another reason may come
 * while an offer is out, and then another restart follows its answer.
 */
#include "tunnel/restart.h"

#include <assert.h>

const char *restart_reason_text(enum restart_reason reason)
{
    static const char *const texts[] = {
        [RESTART_UNWANTED] = "nothing is wrong",
        [RESTART_PATH_SILENT] = "the other side does not answer",
        [RESTART_PATH_LOST] = "the path to the other side is gone",
        [RESTART_RELAYED] = "nothing but the relay of the signal server works",
        [RESTART_ADDRESSES] = "the addresses of this machine have changed",
        [RESTART_MET_AGAIN] = "the other side is met again",
    };
    return texts[reason];
}

void restart_init(struct restart *r, uint64_t seed)
{
    *r = (struct restart){.path = PEER_PATH_WORKS,
                          .works_by_us = TIME_NEVER,
                          .relayed_us = RESTART_RELAYED_FIRST_US};
    backoff_init(&r->backoff, RESTART_FIRST_US, RESTART_MOST_US, seed);
}

void restart_reset(struct restart *r)
{
    r->state = RESTART_AT_REST;
    r->wanted_for = r->begun_for = RESTART_UNWANTED;
    r->path = PEER_PATH_WORKS;
    r->works_by_us = TIME_NEVER;
    r->relayed_us = RESTART_RELAYED_FIRST_US;
}

void restart_want(struct restart *r, enum restart_reason reason)
{
    /* A path that heals by itself does not tell the other side of addresses. */
    if (r->wanted_for != RESTART_ADDRESSES)
        r->wanted_for = reason;
}

bool restart_is_wanted(const struct restart *r)
{
    return r->state == RESTART_AT_REST && r->wanted_for != RESTART_UNWANTED;
}

void restart_begin(struct restart *r, uint64_t now_us)
{
    assert(restart_is_wanted(r));
    r->state = RESTART_UNDER_WAY;
    r->begun_for = r->wanted_for;
    r->wanted_for = RESTART_UNWANTED;
    r->works_by_us = TIME_NEVER;
    if (now_us - r->begun_us > RESTART_CALM_US)
        backoff_reset(&r->backoff);
    r->begun_us = now_us;
    r->not_before_us = now_us + backoff_next_us(&r->backoff);
}

void restart_settle(struct restart *r)
{
    if (r->state == RESTART_UNDER_WAY)
        r->state = RESTART_AT_REST;
    r->begun_for = RESTART_UNWANTED;
}

/* A path that is relayed can wait, and may have to for ever. */
static void wait_for_path(struct restart *r, uint64_t now_us)
{
    if (r->path == PEER_PATH_RELAYED) {
        r->works_by_us = now_us + r->relayed_us;
        r->relayed_us = r->relayed_us < RESTART_RELAYED_MOST_US / 2 ? 2 * r->relayed_us
                                                                    : RESTART_RELAYED_MOST_US;
    } else if (r->path != PEER_PATH_WORKS) {
        r->works_by_us = now_us + RESTART_PATIENCE_US;
    }
}

void restart_on_answer(struct restart *r, uint64_t now_us)
{
    restart_settle(r);
    wait_for_path(r, now_us);
}

void restart_yield(struct restart *r, uint64_t now_us)
{
    enum restart_reason reason = r->wanted_for != RESTART_UNWANTED ? r->wanted_for : r->begun_for;
    restart_settle(r);
    r->begun_for = reason;
    r->wanted_for = RESTART_UNWANTED;
    wait_for_path(r, now_us);
}

void restart_insist(struct restart *r)
{
    r->works_by_us = TIME_NEVER;
    if (r->wanted_for == RESTART_UNWANTED)
        r->wanted_for = r->begun_for;
    if (r->wanted_for == RESTART_UNWANTED)
        r->wanted_for = restart_reason_of(r->path);
}

void restart_recall(struct restart *r)
{
    if (r->wanted_for == RESTART_UNWANTED)
        r->wanted_for = r->begun_for;
    restart_settle(r);
}

void restart_refuse(struct restart *r)
{
    r->state = RESTART_REFUSED;
}

enum restart_reason restart_reason_of(enum peer_path_state path)
{
    static const enum restart_reason reasons[] = {
        [PEER_PATH_WORKS] = RESTART_UNWANTED,
        [PEER_PATH_SILENT] = RESTART_PATH_SILENT,
        [PEER_PATH_RELAYED] = RESTART_RELAYED,
        [PEER_PATH_LOST] = RESTART_PATH_LOST,
    };
    return reasons[path];
}

bool restart_has_path(const struct restart *r)
{
    return r->path == PEER_PATH_WORKS || r->path == PEER_PATH_RELAYED;
}

bool restart_set_path(struct restart *r, enum peer_path_state path)
{
    bool was_broken = !restart_has_path(r);
    r->path = path;
    if (path != PEER_PATH_WORKS)
        return was_broken;
    r->works_by_us = TIME_NEVER;
    r->relayed_us = RESTART_RELAYED_FIRST_US;
    if (r->state == RESTART_REFUSED)
        r->state = RESTART_AT_REST;
    if (r->state == RESTART_AT_REST)
        r->begun_for = RESTART_UNWANTED; /* it has brought that about */
    if (r->wanted_for == RESTART_PATH_SILENT || r->wanted_for == RESTART_PATH_LOST ||
        r->wanted_for == RESTART_RELAYED)
        r->wanted_for = RESTART_UNWANTED;
    return was_broken;
}

uint64_t restart_deadline_us(const struct restart *r, bool may_begin)
{
    if (r->state == RESTART_UNDER_WAY)
        return r->begun_us + RESTART_PATIENCE_US;
    return may_begin && restart_is_wanted(r) ? r->not_before_us : r->works_by_us;
}
