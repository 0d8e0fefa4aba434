/*
 * The clock of one STUN request (RFC 8489 section 6.2.1): when it is to be
 * sent again and when it is given up. The owner writes the message anew for
 * each transmission; the id stays.
 *
 *   sent at  0   0.5   1.5   3.5   7.5   15.5 s     given up at 23.5 s
 *            |----|-----|-----|-----|------|-----------|
 */
#ifndef ICE_TRANSACTION_H
#define ICE_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "ice/stun.h"
#include "ice/stun_auth.h"

struct stun_transaction {
    uint8_t id[STUN_ID_LEN];
    bool is_active;
    int sent; /* transmissions so far */
    uint64_t rto_us;
    uint64_t first_us; /* when it was first sent */
    uint64_t next_us;  /* when something is to be done */
};

enum stun_timer { STUN_TIMER_WAIT, STUN_TIMER_SEND, STUN_TIMER_GIVE_UP };

/* A new id; to be sent now. reliable: over TCP, never sent again. rto_us is
 * raised to ICE_RTO_US. */
void stun_transaction_start(struct stun_transaction *t, struct ice_random *random, uint64_t rto_us,
                            bool reliable, uint64_t now_us);

/* What is due. SEND: send it now; the next time is set. GIVE_UP ends it. */
enum stun_timer stun_transaction_poll(struct stun_transaction *t, uint64_t now_us);

void stun_transaction_stop(struct stun_transaction *t);

/* When to poll, TIME_NEVER while not active. */
uint64_t stun_transaction_deadline(const struct stun_transaction *t);

#endif
