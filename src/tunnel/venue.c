/*
 * To trackers goes only what is whole: a description waits for its candidates
 * in a parcel (tunnel/parcel.h).
 */
#include "tunnel/venue.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/uuid.h"
#include "net/deadline.h"
#include "signal/tracker.h"
#include "tunnel/parcel.h"

struct venue {
    struct loop *loop;
    struct venue_config config;
    const struct signal_client_handlers *handlers;
    void *arg;
    char key[UUID_TEXT_LEN + 1];  /* by which the signal server knows us again */
    struct signal_client *client; /* NULL outside */

    /* Where it is trackers: */
    struct url urls[TRACKERS_MAX];
    size_t url_count;
    struct tracker *tracker; /* NULL outside */
    struct parcels parcels;
    struct deadline *deadline;
};

static bool has_trackers(const struct venue *venue)
{
    return venue->url_count > 0;
}

/* ---- trackers ---- */

static void enter_trackers(struct venue *venue)
{
    static_assert((int)SEAL_SWARM_LEN == (int)TRACKER_ID_LEN, "a swarm is an info_hash");
    struct tracker_config config = {
        .urls = venue->urls,
        .count = venue->url_count,
        .tls = venue->config.tls,
        .egress = venue->config.egress,
        .job = venue->config.job,
        .mark_len = SEAL_SENDER_LEN,
    };
    seal_swarm(venue->config.room, config.info_hash);
    venue->tracker = tracker_new(venue->loop, &config, venue->handlers, venue->arg);
}

/* The swarm of a consumer is whoever is the provider now: what is known of the
 * one before must not stand in an offer. */
static void send_parcel(struct venue *venue, const struct parcel *parcel)
{
    struct sealed_talk *talk = venue->config.talk;
    bool is_offer = parcel->type == SEAL_OFFER;
    if (is_offer && venue->config.job == SIGNAL_JOB_CONSUMER)
        sealed_talk_meet(talk, parcel->peer);
    char *wire = sealed_talk_wrap(talk, parcel->peer, parcel->type, (const char *)parcel->sdp.data);
    if (wire && is_offer)
        tracker_send_offer(venue->tracker, wire);
    else if (wire)
        tracker_send_answer(venue->tracker, parcel->peer, wire);
    free(wire);
}

static uint64_t next_us(void *arg)
{
    const struct venue *venue = arg;
    return parcels_due_us(&venue->parcels);
}

static void on_due(void *arg)
{
    struct venue *venue = arg;
    for (struct parcel *parcel; (parcel = parcels_take(&venue->parcels, clock_now_us())) != NULL;) {
        if (venue->tracker)
            send_parcel(venue, parcel);
        parcel_free(parcel);
    }
}

/* ---- a signal server ---- */

static void enter_server(struct venue *venue)
{
    const struct signal_way way = {.url = venue->config.signal,
                                   .tls = venue->config.tls,
                                   .egress = venue->config.egress};
    venue->client =
        signal_client_new(venue->loop, &way, venue->config.room, venue->handlers, venue->arg);
    signal_client_set_key(venue->client, venue->key);
    signal_client_set_job(venue->client, venue->config.job);
    signal_client_set_relay(venue->client, venue->config.takes_relay);
}

static void say_to_server(struct venue *venue, const char *peer, enum seal_type type,
                          const char *text)
{
    static void (*const send[])(struct signal_client *, const char *, const char *) = {
        [SEAL_OFFER] = signal_client_send_offer,
        [SEAL_ANSWER] = signal_client_send_answer,
        [SEAL_CANDIDATE] = signal_client_send_candidate,
    };
    char *wire = sealed_talk_wrap(venue->config.talk, peer, type, text);
    if (wire)
        send[type](venue->client, peer, wire);
    else
        log_debug("keeper: one %s is for nobody who is here", seal_type_name(type));
    free(wire);
}

/* ---- the venue ---- */

struct venue *venue_new(struct loop *loop, const struct venue_config *config,
                        const struct signal_client_handlers *handlers, void *arg)
{
    struct venue *venue = xcalloc(1, sizeof *venue);
    venue->loop = loop;
    venue->config = *config;
    venue->handlers = handlers;
    venue->arg = arg;
    uuid_make(venue->key);
    parcels_init(&venue->parcels);
    if (tracker_place_is(config->signal)) {
        assert(config->talk->seal); /* all the world may ask a tracker */
        venue->url_count = tracker_place_urls(config->signal, venue->urls);
        venue->deadline = deadline_new(loop, next_us, on_due, venue);
    }
    return venue;
}

void venue_free(struct venue *venue)
{
    venue_leave(venue);
    deadline_free(venue->deadline);
    parcels_deinit(&venue->parcels);
    for (size_t i = 0; i < venue->url_count; i++)
        url_deinit(&venue->urls[i]);
    free(venue);
}

void venue_enter(struct venue *venue)
{
    assert(!venue->client && !venue->tracker);
    if (has_trackers(venue))
        enter_trackers(venue);
    else
        enter_server(venue);
}

void venue_leave(struct venue *venue)
{
    if (venue->client)
        signal_client_close(venue->client);
    if (venue->tracker)
        tracker_close(venue->tracker);
    parcels_deinit(&venue->parcels);
    venue->client = NULL;
    venue->tracker = NULL;
}

void venue_say(struct venue *venue, const char *peer, enum seal_type type, const char *text)
{
    if (venue->client)
        say_to_server(venue, peer, type, text);
    else if (venue->tracker && type == SEAL_CANDIDATE)
        parcels_add(&venue->parcels, peer, text);
    else if (venue->tracker)
        parcels_begin(&venue->parcels, peer, type, text, clock_now_us());
}

void venue_say_misfit(struct venue *venue, const char *peer)
{
    if (venue->client)
        signal_client_send_misfit(venue->client, peer);
}

bool venue_can_relay(const struct venue *venue)
{
    return venue->client && signal_client_relay_rate(venue->client) > 0;
}

void venue_relay(struct venue *venue, const struct relay_frame *frame)
{
    if (venue->client)
        signal_client_send_datagram(venue->client, frame);
}

void venue_probe(struct venue *venue)
{
    if (venue->client)
        signal_client_probe(venue->client);
    if (venue->tracker)
        tracker_probe(venue->tracker);
}

bool venue_has_address(const struct venue *venue)
{
    if (venue->client)
        return signal_client_has_address(venue->client);
    return !venue->tracker || tracker_has_address(venue->tracker);
}
