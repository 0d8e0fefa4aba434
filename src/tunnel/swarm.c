/*
 * A swarm outlives its trackers: it makes them when it enters, and closes them
 * when it leaves.
 */
#include "tunnel/swarm.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "net/deadline.h"
#include "signal/tracker.h"
#include "tunnel/parcel.h"
#include "tunnel/seal_key.h"

struct swarm {
    struct loop *loop;
    struct venue_config config;
    const struct signal_client_handlers *handlers;
    void *arg;
    struct url urls[TRACKERS_MAX];
    size_t url_count;
    struct tracker *tracker; /* NULL outside */
    struct parcels parcels;
    struct deadline *deadline;
};

/* The swarm of a consumer is whoever is the provider now: what is known of the
 * one before must not stand in an offer. */
static void send_parcel(struct swarm *swarm, const struct parcel *parcel)
{
    struct sealed_talk *talk = swarm->config.talk;
    bool is_offer = parcel->type == SEAL_OFFER;
    if (is_offer && swarm->config.job == SIGNAL_JOB_CONSUMER)
        sealed_talk_meet(talk, parcel->peer);
    char *wire = sealed_talk_wrap(talk, parcel->peer, parcel->type, (const char *)parcel->sdp.data);
    if (wire && is_offer)
        tracker_send_offer(swarm->tracker, wire);
    else if (wire)
        tracker_send_answer(swarm->tracker, parcel->peer, wire);
    free(wire);
}

static uint64_t next_us(void *arg)
{
    const struct swarm *swarm = arg;
    return parcels_due_us(&swarm->parcels);
}

static void on_due(void *arg)
{
    struct swarm *swarm = arg;
    for (struct parcel *parcel; (parcel = parcels_take(&swarm->parcels, clock_now_us())) != NULL;) {
        if (swarm->tracker)
            send_parcel(swarm, parcel);
        parcel_free(parcel);
    }
}

struct swarm *swarm_new(struct loop *loop, const struct venue_config *config,
                        const struct signal_client_handlers *handlers, void *arg)
{
    assert(config->talk->seal); /* all the world may ask a tracker */
    struct swarm *swarm = xcalloc(1, sizeof *swarm);
    swarm->loop = loop;
    swarm->config = *config;
    swarm->handlers = handlers;
    swarm->arg = arg;
    swarm->url_count = tracker_place_urls(config->signal, swarm->urls);
    parcels_init(&swarm->parcels);
    swarm->deadline = deadline_new(loop, next_us, on_due, swarm);
    return swarm;
}

void swarm_free(struct swarm *swarm)
{
    if (!swarm)
        return;
    swarm_leave(swarm);
    deadline_free(swarm->deadline);
    for (size_t i = 0; i < swarm->url_count; i++)
        url_deinit(&swarm->urls[i]);
    free(swarm);
}

void swarm_enter(struct swarm *swarm)
{
    static_assert((int)SEAL_SWARM_LEN == (int)TRACKER_ID_LEN, "a swarm is an info_hash");
    struct tracker_config config = {
        .urls = swarm->urls,
        .count = swarm->url_count,
        .tls = swarm->config.tls,
        .egress = swarm->config.egress,
        .job = swarm->config.job,
        .mark_len = SEAL_SENDER_LEN,
    };
    assert(!swarm->tracker);
    seal_swarm(swarm->config.room, config.info_hash);
    swarm->tracker = tracker_new(swarm->loop, &config, swarm->handlers, swarm->arg);
}

void swarm_leave(struct swarm *swarm)
{
    if (swarm->tracker)
        tracker_close(swarm->tracker);
    swarm->tracker = NULL;
    parcels_deinit(&swarm->parcels);
}

void swarm_say(struct swarm *swarm, const char *peer, enum seal_type type, const char *text)
{
    if (!swarm->tracker || type == SEAL_REPORT) /* nobody can ask there */
        return;
    if (type == SEAL_CANDIDATE)
        parcels_add(&swarm->parcels, peer, text);
    else
        parcels_begin(&swarm->parcels, peer, type, text, clock_now_us());
}

void swarm_probe(struct swarm *swarm)
{
    if (swarm->tracker)
        tracker_probe(swarm->tracker);
}

bool swarm_has_address(const struct swarm *swarm)
{
    return !swarm->tracker || tracker_has_address(swarm->tracker);
}
