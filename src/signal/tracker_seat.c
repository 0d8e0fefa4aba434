/*
 * One timer: with a line it is for the next announce, without one for the next
 * try.
 */
#include "signal/tracker_seat.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/backoff.h"
#include "base/bucket.h"
#include "base/log.h"
#include "base/random.h"
#include "signal/tracker.h"

enum {
    /* Bytes of one message of a tracker: others' offers may be larger. */
    MESSAGE_MAX = 128 << 10,
    /* Messages a second, and at once; one that sends more is given up. */
    MESSAGES_PER_S = 40,
    MESSAGES_BURST = 400
};

struct tracker_seat {
    struct loop *loop;
    const struct tracker_seat_handlers *handlers;
    void *arg;
    struct tracker_seat_config config;
    struct signal_line *line; /* NULL while closed */
    bool is_in_swarm;         /* it was announced */
    bool is_taken;            /* and there was a response */
    uint8_t peer_id[TRACKER_ID_LEN];
    uint64_t interval_us;
    struct timer *timer;
    struct backoff backoff;
    struct bucket bucket;
};

static void send(struct tracker_seat *seat, char *text)
{
    signal_line_send(seat->line, span_from_string(text));
    free(text);
}

static void announce(struct tracker_seat *seat, enum tracker_event event, const char *sdp)
{
    send(seat, tracker_announce_encode(&(struct tracker_announce){
                   .info_hash = seat->config.info_hash,
                   .peer_id = seat->peer_id,
                   .event = event,
                   .is_provider = seat->config.is_provider,
                   .sdp = sdp,
               }));
}

/* ---- the line ---- */

static void on_open(void *arg)
{
    struct tracker_seat *seat = arg;
    seat->is_in_swarm = false;
    seat->is_taken = false;
    random_bytes(seat->peer_id, sizeof seat->peer_id);
    seat->handlers->on_open(seat->arg);
}

static uint64_t interval_of(const struct tracker_message *response)
{
    uint64_t us = response->interval_s * US_PER_S;
    if (us == 0)
        return TRACKER_INTERVAL_US;
    if (us < TRACKER_INTERVAL_LEAST_US)
        return TRACKER_INTERVAL_LEAST_US;
    return us > TRACKER_INTERVAL_MOST_US ? TRACKER_INTERVAL_MOST_US : us;
}

static void take_response(struct tracker_seat *seat, const struct tracker_message *message)
{
    seat->is_taken = true;
    backoff_reset(&seat->backoff);
    seat->interval_us = interval_of(message);
    timer_start_in(seat->timer, seat->interval_us);
}

static void on_text(struct span text, void *arg)
{
    struct tracker_seat *seat = arg;
    struct tracker_message message;
    if (!bucket_take(&seat->bucket, MESSAGES_PER_S, MESSAGES_BURST, clock_now_us())) {
        signal_line_lose(seat->line, "sends too many messages; given up");
        return;
    }
    if (tracker_message_decode(text, seat->config.info_hash, &message) < 0) {
        log_debug("tracker: a message of %zu bytes is of no use; dropped", text.len);
        return;
    }
    if (message.type == TRACKER_FAILURE && !seat->is_taken) {
        signal_line_lose(seat->line, "refuses: %s", message.text);
    } else if (message.type == TRACKER_FAILURE) {
        log_debug("tracker: %s says: %s", seat->config.way.url->authority, message.text);
    } else {
        if (message.type == TRACKER_RESPONSE)
            take_response(seat, &message);
        seat->handlers->on_message(&message, seat->arg);
    }
    tracker_message_deinit(&message);
}

static void on_slow(const char *text, void *arg)
{
    struct tracker_seat *seat = arg;
    seat->handlers->on_slow(text, seat->arg);
}

static void close_line(struct tracker_seat *seat)
{
    if (seat->line)
        signal_line_close(seat->line);
    seat->line = NULL;
}

static void on_close(const char *text, void *arg)
{
    struct tracker_seat *seat = arg;
    close_line(seat);
    timer_start_in(seat->timer, backoff_next_us(&seat->backoff));
    seat->handlers->on_lost(text, seat->arg);
}

static void on_timer(void *arg)
{
    struct tracker_seat *seat = arg;
    if (!seat->line)
        tracker_seat_open(seat);
    else
        tracker_seat_announce(seat, NULL);
}

/* ---- the seat ---- */

struct tracker_seat *tracker_seat_new(struct loop *loop, const struct tracker_seat_config *config,
                                      const struct tracker_seat_handlers *handlers, void *arg)
{
    uint64_t seed;
    struct tracker_seat *seat = xcalloc(1, sizeof *seat);
    random_bytes(&seed, sizeof seed);
    seat->loop = loop;
    seat->handlers = handlers;
    seat->arg = arg;
    seat->config = *config;
    /* aquatic has a swarm of IPv4 and one of IPv6, each blind to the other. */
    seat->config.way.prefers_ipv4 = true;
    seat->timer = timer_new(loop, on_timer, seat);
    seat->interval_us = TRACKER_INTERVAL_US;
    backoff_init(&seat->backoff, TRACKER_BACKOFF_FIRST_US, TRACKER_BACKOFF_MOST_US, seed);
    return seat;
}

static void seat_destroy(void *arg)
{
    free(arg);
}

void tracker_seat_free(struct tracker_seat *seat)
{
    tracker_seat_leave(seat);
    timer_free(seat->timer);
    loop_defer(seat->loop, seat_destroy, seat);
}

void tracker_seat_open(struct tracker_seat *seat)
{
    static const struct signal_line_handlers handlers = {
        .on_open = on_open,
        .on_text = on_text,
        .on_slow = on_slow,
        .on_close = on_close,
    };
    if (seat->line)
        return;
    timer_stop(seat->timer);
    seat->line =
        signal_line_new(seat->loop, &seat->config.way, "tracker", MESSAGE_MAX, &handlers, seat);
}

void tracker_seat_leave(struct tracker_seat *seat)
{
    if (tracker_seat_is_open(seat) && seat->is_in_swarm)
        announce(seat, TRACKER_STOPPED, NULL);
    timer_stop(seat->timer);
    close_line(seat);
}

bool tracker_seat_is_hopeful(const struct tracker_seat *seat)
{
    return seat->line != NULL;
}

bool tracker_seat_is_open(const struct tracker_seat *seat)
{
    return seat->line && signal_line_is_open(seat->line);
}

void tracker_seat_announce(struct tracker_seat *seat, const char *sdp)
{
    if (!tracker_seat_is_open(seat))
        return;
    announce(seat, seat->is_in_swarm ? TRACKER_UPDATE : TRACKER_STARTED, sdp);
    seat->is_in_swarm = true;
    timer_start_in(seat->timer, seat->interval_us);
}

void tracker_seat_answer(struct tracker_seat *seat, const uint8_t peer_id[TRACKER_ID_LEN],
                         const uint8_t offer_id[TRACKER_ID_LEN], const char *sdp)
{
    if (!tracker_seat_is_open(seat))
        return;
    send(seat, tracker_answer_encode(&(struct tracker_answer){
                   .info_hash = seat->config.info_hash,
                   .peer_id = seat->peer_id,
                   .to_peer_id = peer_id,
                   .offer_id = offer_id,
                   .is_provider = seat->config.is_provider,
                   .sdp = sdp,
               }));
}

void tracker_seat_probe(struct tracker_seat *seat)
{
    if (seat->line)
        signal_line_probe(seat->line);
}

bool tracker_seat_has_address(const struct tracker_seat *seat)
{
    return !seat->line || signal_line_has_address(seat->line);
}
