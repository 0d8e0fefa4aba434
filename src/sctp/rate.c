/*
 * A sample is the lower of two slopes: as fast as the chunks of the interval
 * were sent, and as fast as their acknowledgements came. That one cannot be
 * fooled by acknowledgements that were held back and came all at once.
 */
#include "sctp/rate.h"

#include "base/clock.h"

void rate_on_sent(struct rate *r, struct sent_chunk *c, uint64_t now_us, uint32_t in_flight_before)
{
    if (in_flight_before == 0) {
        r->first_sent_us = now_us;
        r->delivered_us = now_us;
    }
    c->mark = (struct rate_mark){
        .delivered = r->delivered,
        .delivered_us = r->delivered_us,
        .first_sent_us = r->first_sent_us,
        .lost = r->lost,
        .in_flight = in_flight_before + c->wire,
        .is_app_limited = r->app_limited != 0,
    };
}

void rate_on_acked(struct rate *r, struct rate_gather *g, const struct sent_chunk *c,
                   uint64_t now_us)
{
    r->delivered += c->wire;
    r->delivered_us = now_us;
    if (g->any && (c->mark.delivered < g->mark.delivered ||
                   (c->mark.delivered == g->mark.delivered && c->sent_us <= g->sent_us)))
        return;
    g->any = true;
    g->mark = c->mark;
    g->sent_us = c->sent_us;
    r->first_sent_us = c->sent_us;
}

struct rate_sample rate_finish(struct rate *r, const struct rate_gather *g, uint64_t min_rtt_us)
{
    if (r->app_limited != 0 && r->delivered > r->app_limited)
        r->app_limited = 0;
    if (!g->any)
        return (struct rate_sample){0};
    struct rate_sample s = {
        .prior_delivered = g->mark.delivered,
        .delivered = r->delivered - g->mark.delivered,
        .lost = r->lost - g->mark.lost,
        .tx_in_flight = g->mark.in_flight,
        .is_app_limited = g->mark.is_app_limited,
    };
    uint64_t send_us = g->sent_us - g->mark.first_sent_us;
    uint64_t ack_us = r->delivered_us - g->mark.delivered_us;
    uint64_t interval = send_us > ack_us ? send_us : ack_us;
    /* Shorter than a round trip can only be an acknowledgement of an earlier
     * transmission of the same chunk. */
    if (interval > 0 && interval >= min_rtt_us)
        s.bytes_per_s = s.delivered * US_PER_S / interval;
    return s;
}

void rate_set_app_limited(struct rate *r, uint32_t in_flight)
{
    uint64_t until = r->delivered + in_flight;
    r->app_limited = until ? until : 1;
}

void rate_clear_app_limited(struct rate *r)
{
    r->app_limited = 0;
}
