/*
 * That a consumer changes its place the keeper does not hear, but by one more
 * SIGNAL_JOINED.
 */
#include "tunnel/venue.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/uuid.h"
#include "signal/lan.h"
#include "signal/tracker_place.h"
#include "tunnel/neighbours.h"
#include "tunnel/seal_key.h"
#include "tunnel/server_talk.h"
#include "tunnel/swarm.h"

struct venue {
    struct loop *loop;
    struct venue_config config;
    const struct signal_client_handlers *handlers;
    void *arg;
    char key[UUID_TEXT_LEN + 1];  /* by which the signal server knows us again */
    struct signal_client *client; /* NULL outside, and with trackers */
    struct swarm *swarm;          /* where it is trackers, else NULL */
    struct seal_near near;
    struct neighbours *neighbours; /* of a provider, or NULL */
    struct server_talk talk;

    /* Of a consumer that looks in its network: */
    struct lan_search *search;   /* NULL: it does not look, or not any more */
    struct url near_url;         /* where it was answered from */
    struct signal_client *trial; /* on the way there; NULL */
    bool is_near;                /* and is there: it is the client */
    bool is_proven;              /* the provider was heard there */
    uint64_t shun_until_us;
    uint64_t entered_us;
    char *lost;                 /* why there is nothing elsewhere, while it waits; or NULL */
    bool is_refused;            /* a server there has said it, */
    enum signal_code lost_code; /* with that */
    struct timer *wait;
};

static const struct signal_client_handlers far_handlers;

/* ---- a signal server ---- */

static struct signal_client *new_client(struct venue *venue, const struct signal_way *way,
                                        const char *room,
                                        const struct signal_client_handlers *handlers)
{
    struct signal_client *client = signal_client_new(venue->loop, way, room, handlers, venue);
    signal_client_set_key(client, venue->key);
    signal_client_set_job(client, venue->config.job);
    return client;
}

static void enter_server(struct venue *venue)
{
    const struct signal_way way = {.url = venue->config.signal,
                                   .tls = venue->config.tls,
                                   .egress = venue->config.egress};
    venue->client = new_client(venue, &way, venue->config.room, &far_handlers);
    signal_client_set_relay(venue->client, venue->config.takes_relay);
}

/* The one who speaks to that member, or NULL. */
static struct signal_client *client_for(const char *peer, void *arg)
{
    const struct venue *venue = arg;
    struct signal_client *near = neighbours_client(venue->neighbours, peer);
    return near ? near : venue->client;
}

/* ---- elsewhere ---- */

static void enter_far(struct venue *venue)
{
    if (venue->swarm)
        swarm_enter(venue->swarm);
    else
        enter_server(venue);
}

static void close_place(struct venue *venue)
{
    if (venue->client)
        signal_client_close(venue->client);
    if (venue->swarm)
        swarm_leave(venue->swarm);
    venue->client = NULL;
    venue->is_near = false;
    server_talk_end(&venue->talk);
}

/* ---- in this network ---- */

static void forget_loss(struct venue *venue)
{
    free(venue->lost);
    venue->lost = NULL;
}

static void stop_near(struct venue *venue)
{
    lan_search_free(venue->search);
    if (venue->trial)
        signal_client_close(venue->trial);
    timer_stop(venue->wait);
    venue->search = NULL;
    venue->trial = NULL;
}

static void shun(struct venue *venue)
{
    venue->shun_until_us = clock_now_us() + VENUE_NEAR_SHUN_US;
}

/* There is nothing here, and perhaps nothing elsewhere. */
static void give_up_near(struct venue *venue)
{
    char *lost = venue->lost;
    const struct signal_message refusal = {.type = SIGNAL_ERROR,
                                           .code = venue->lost_code,
                                           .text = lost};
    venue->lost = NULL;
    stop_near(venue);
    if (lost && venue->is_refused)
        venue->handlers->on_message(&refusal, venue->arg);
    else if (lost)
        venue->handlers->on_close(lost, venue->arg);
    free(lost);
}

/* Whoever has answered is not the provider, or lets nobody in. */
static void fail_trial(struct venue *venue, const char *why)
{
    log_info("tunnel: it is not reached there: %s", why);
    shun(venue);
    give_up_near(venue);
}

/* The other place is left when this one is known to be good. */
static void move_in(struct venue *venue)
{
    struct signal_client *trial = venue->trial;
    venue->trial = NULL;
    stop_near(venue);
    forget_loss(venue);
    close_place(venue);
    venue->client = trial;
    venue->is_near = true;
}

static void on_near_message(const struct signal_message *message, void *arg)
{
    struct venue *venue = arg;
    bool is_joined = message->type == SIGNAL_JOINED && message->peer_count > 0;
    if (!venue->is_near && !is_joined) {
        fail_trial(venue, message->type == SIGNAL_ERROR ? message->text : "nobody is there");
        return;
    }
    if (!venue->is_near)
        move_in(venue);
    venue->handlers->on_message(message, venue->arg);
}

static void on_near_close(const char *text, void *arg)
{
    struct venue *venue = arg;
    if (venue->is_near)
        venue->handlers->on_close(text, venue->arg);
    else
        fail_trial(venue, text);
}

static void on_found(const struct address *server, void *arg)
{
    static const struct signal_client_handlers handlers = {
        .on_message = on_near_message,
        .on_close = on_near_close,
    };
    struct venue *venue = arg;
    char place[ADDRESS_TEXT_LEN];
    const char *why;
    lan_search_free(venue->search);
    venue->search = NULL;
    log_info("tunnel: the other side is in this network, at %s", address_format(server, place));
    char *text = xasprintf("ws://%s", place);
    url_deinit(&venue->near_url);
    int error = url_parse(text, &venue->near_url, &why);
    assert(error == 0);
    (void)error;
    free(text);
    const struct signal_way way = {.url = &venue->near_url};
    venue->trial = new_client(venue, &way, venue->near.room, &handlers);
    timer_start_in(venue->wait, VENUE_NEAR_TRIAL_US);
}

static void on_wait_over(void *arg)
{
    struct venue *venue = arg;
    if (venue->trial)
        fail_trial(venue, "there is no answer");
    else
        give_up_near(venue);
}

/* ---- what comes from elsewhere ---- */

/* True when what was asked in this network may be answered yet. */
static bool put_off(struct venue *venue, const char *text, bool is_refused, enum signal_code code)
{
    bool is_fresh = venue->search && clock_now_us() < venue->entered_us + VENUE_NEAR_WAIT_US;
    if (!venue->trial && !is_fresh)
        return false;
    forget_loss(venue);
    venue->lost = xstrdup(text);
    venue->is_refused = is_refused;
    venue->lost_code = code;
    if (!venue->trial)
        timer_start_at(venue->wait, venue->entered_us + VENUE_NEAR_WAIT_US);
    return true;
}

static void on_message(const struct signal_message *message, void *arg)
{
    struct venue *venue = arg;
    if (message->type == SIGNAL_ERROR && put_off(venue, message->text, true, message->code))
        return;
    bool is_met = message->type == SIGNAL_PEER_JOINED ||
                  (message->type == SIGNAL_JOINED && message->peer_count > 0);
    if (is_met)
        stop_near(venue);
    venue->handlers->on_message(message, venue->arg);
}

static void on_datagram(const struct relay_frame *frame, void *arg)
{
    struct venue *venue = arg;
    venue->handlers->on_datagram(frame, venue->arg);
}

static void on_slow(const char *text, void *arg)
{
    struct venue *venue = arg;
    venue->handlers->on_slow(text, venue->arg);
}

static void on_close(const char *text, void *arg)
{
    struct venue *venue = arg;
    if (!put_off(venue, text, false, SIGNAL_CODE_NONE))
        venue->handlers->on_close(text, venue->arg);
}

static const struct signal_client_handlers far_handlers = {
    .on_message = on_message,
    .on_slow = on_slow,
    .on_datagram = on_datagram,
    .on_close = on_close,
};

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
    if (tracker_place_is(config->signal))
        venue->swarm = swarm_new(loop, config, &far_handlers, venue);
    venue->wait = timer_new(loop, on_wait_over, venue);
    server_talk_init(&venue->talk, loop, config->talk, client_for, venue);
    seal_near(config->room, &venue->near);
    if (config->near.port > 0)
        venue->neighbours =
            neighbours_new(loop, config->near.port, venue->near.room, handlers, arg);
    return venue;
}

void venue_free(struct venue *venue)
{
    venue_leave(venue);
    neighbours_free(venue->neighbours);
    timer_free(venue->wait);
    server_talk_deinit(&venue->talk);
    swarm_free(venue->swarm);
    url_deinit(&venue->near_url);
    free(venue);
}

void venue_enter(struct venue *venue)
{
    assert(!venue->client);
    venue->entered_us = clock_now_us();
    venue->is_proven = false;
    if (venue->config.near.is_sought && venue->entered_us >= venue->shun_until_us)
        venue->search = lan_search_new(venue->loop, venue->near.hash, venue->config.near.interface,
                                       on_found, venue);
    enter_far(venue);
}

void venue_leave(struct venue *venue)
{
    if (venue->is_near && !venue->is_proven)
        shun(venue);
    stop_near(venue);
    forget_loss(venue);
    close_place(venue);
}

void venue_say(struct venue *venue, const char *peer, enum seal_type type, const char *text)
{
    if (!server_talk_say(&venue->talk, peer, type, text) && venue->swarm)
        swarm_say(venue->swarm, peer, type, text);
}

void venue_say_misfit(struct venue *venue, const char *peer)
{
    struct signal_client *client = client_for(peer, venue);
    if (client)
        signal_client_send_misfit(client, peer);
}

void venue_confirm(struct venue *venue, const char *peer)
{
    venue->is_proven = true;
    server_talk_on_heard(&venue->talk, peer);
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

char *venue_describe(const struct venue *venue)
{
    const struct url *url = venue->is_near ? &venue->near_url : venue->config.signal;
    return venue->swarm && !venue->is_near ? tracker_place_describe(url)
                                           : xasprintf("the signal server %s", url->authority);
}

void venue_probe(struct venue *venue)
{
    if (venue->client)
        signal_client_probe(venue->client);
    if (venue->swarm)
        swarm_probe(venue->swarm);
}

bool venue_has_address(const struct venue *venue)
{
    if (venue->client)
        return signal_client_has_address(venue->client);
    return !venue->swarm || swarm_has_address(venue->swarm);
}
