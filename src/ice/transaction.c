/*
 * start() counts as the first transmission; poll() doubles the wait for each
 * further one, and after the last of Rc waits Rm times the RTO.
 */
#include "ice/transaction.h"

void stun_transaction_start(struct stun_transaction *t, struct ice_random *random, uint64_t rto_us,
                            bool reliable, uint64_t now_us)
{
    *t = (struct stun_transaction){.is_active = true, .sent = 1, .first_us = now_us};
    t->rto_us = rto_us < ICE_RTO_US ? ICE_RTO_US : rto_us;
    t->next_us = now_us + t->rto_us;
    if (reliable) {
        t->sent = STUN_RC;
        t->next_us = now_us + STUN_TI_US;
    }
    ice_random_bytes(random, t->id, sizeof t->id);
}

enum stun_timer stun_transaction_poll(struct stun_transaction *t, uint64_t now_us)
{
    if (!t->is_active || now_us < t->next_us)
        return STUN_TIMER_WAIT;
    if (t->sent >= STUN_RC) {
        t->is_active = false;
        return STUN_TIMER_GIVE_UP;
    }
    uint64_t wait = t->sent + 1 == STUN_RC ? t->rto_us * STUN_RM : t->rto_us << t->sent;
    t->sent++;
    t->next_us = now_us + wait;
    return STUN_TIMER_SEND;
}

void stun_transaction_stop(struct stun_transaction *t)
{
    t->is_active = false;
}

uint64_t stun_transaction_deadline(const struct stun_transaction *t)
{
    return t->is_active ? t->next_us : TIME_NEVER;
}
