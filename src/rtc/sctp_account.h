/*
 * How much of what was sent is not acknowledged yet, read off the packets
 * that pass by: usrsctp does not say.
 *
 *   DATA  (0): type, flags, length | TSN | stream, sequence | PPID | payload
 *   SACK  (3): type, flags, length | cumulative TSN | …        (RFC 9260 3.3)
 *
 * Embedded in its owner.
 */
#ifndef RTC_SCTP_ACCOUNT_H
#define RTC_SCTP_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* What a message costs beside its bytes, so that many small ones fill a queue
 * too. */
enum { SCTP_MESSAGE_COST = 128 };

struct sctp_account {
    size_t queued;    /* bytes and costs of messages not yet acknowledged */
    uint32_t *chunks; /* a ring: what each DATA chunk in flight counts */
    size_t room;
    size_t head;
    size_t count;
    uint32_t head_tsn; /* of the oldest in flight */
    bool has_tsn;
};

/* For a queue that is kept below so many bytes. */
void sctp_account_init(struct sctp_account *account, size_t queued_max);
void sctp_account_deinit(struct sctp_account *account);

void sctp_account_on_message(struct sctp_account *account, size_t len);
void sctp_account_on_packet_sent(struct sctp_account *account, struct span packet);
void sctp_account_on_packet_received(struct sctp_account *account, struct span packet);

#endif
