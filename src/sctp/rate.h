/*
 * Delivery rate: how fast data arrived between the sending of a chunk and its
 * acknowledgement (draft-cheng-iccrg-delivery-rate-estimation). Bytes are
 * chunk bytes.
 */
#ifndef SCTP_RATE_H
#define SCTP_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "sctp/flight.h"

struct rate {
    uint64_t delivered;
    uint64_t delivered_us;
    uint64_t first_sent_us;
    uint64_t lost;
    uint64_t app_limited; /* until this much is delivered; 0: not limited */
};

struct rate_sample {
    uint64_t bytes_per_s; /* 0: no sample */
    uint64_t prior_delivered;
    uint64_t delivered; /* bytes, over the interval of the sample */
    uint64_t lost;      /* since the newest acked chunk was sent */
    uint32_t tx_in_flight;
    bool is_app_limited;
};

/* While the chunks of one SACK are gathered. */
struct rate_gather {
    bool any;
    struct rate_mark mark; /* of the most recently sent chunk */
    uint64_t sent_us;
};

void rate_on_sent(struct rate *r, struct sent_chunk *c, uint64_t now_us, uint32_t in_flight_before);
void rate_on_acked(struct rate *r, struct rate_gather *g, const struct sent_chunk *c,
                   uint64_t now_us);
struct rate_sample rate_finish(struct rate *r, const struct rate_gather *g, uint64_t min_rtt_us);

/* Nothing more to send though there is room: samples until the delivery of
 * what is in flight say less than the path could. */
void rate_set_app_limited(struct rate *r, uint32_t in_flight);
void rate_clear_app_limited(struct rate *r);

#endif
