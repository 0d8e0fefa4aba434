/*
 * Which of the two jobs decides nearly everything here, so each has a section.
 * What the owner does in a handler may close us: nothing is touched behind one
 * but whether that has happened.
 */
#include "signal/tracker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/list.h"
#include "signal/tracker_seat.h"

/* What a provider's offers begin with, which nobody takes for a consumer's; all
 * of one that only says that it is there. */
#define CALL "call"

/* The swarm, to a consumer. */
#define SWARM "swarm"

/* How to answer a member at one tracker: what its last offer came with. */
struct way_back {
    bool is_open;
    uint8_t peer_id[TRACKER_ID_LEN];
    uint8_t offer_id[TRACKER_ID_LEN];
};

struct member {
    struct list link;
    char mark[TRACKER_MARK_MAX + 1];
    char *said; /* its last offer, which comes by each tracker; or NULL */
    struct way_back ways[TRACKERS_MAX];
};

struct place {
    struct tracker *tracker;
    struct tracker_seat *seat;
    bool is_known; /* since the last announce: how many providers there are */
    bool has_provider;
};

struct tracker {
    struct loop *loop;
    const struct signal_client_handlers *handlers;
    void *arg;
    struct tracker_config config;
    bool is_closed;
    bool is_joined;
    bool is_slow;
    struct place places[TRACKERS_MAX];
    struct list members; /* the one that was heard last is the last */
    size_t member_count;

    /* Of a consumer. */
    bool is_met;            /* the provider was shown */
    char *offer;            /* the last, or NULL */
    uint64_t offered_at_us; /* 0: there is none, or it is answered */
    uint64_t linger_us;
    struct timer *linger;
    char *answer; /* the last, which comes by each tracker; or NULL */
};

static bool is_provider(const struct tracker *tracker)
{
    return tracker->config.job == SIGNAL_JOB_PROVIDER;
}

static void emit(struct tracker *tracker, const struct signal_message *message)
{
    tracker->handlers->on_message(message, tracker->arg);
}

/* The strings are only read. */
static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* ---- members ---- */

static struct member *member_at(struct list *link)
{
    return LIST_ENTRY(link, struct member, link);
}

static struct member *find_member(const struct tracker *tracker, const char *mark)
{
    LIST_EACH(link, next, &tracker->members) {
        if (strcmp(member_at(link)->mark, mark) == 0)
            return member_at(link);
    }
    return NULL;
}

static void drop_member(struct tracker *tracker, struct member *member)
{
    list_remove(&member->link);
    tracker->member_count--;
    free(member->said);
    free(member);
}

static struct member *hear_member(struct tracker *tracker, const char *mark)
{
    struct member *member = find_member(tracker, mark);
    if (!member && tracker->member_count == TRACKER_MEMBERS_MAX)
        drop_member(tracker, member_at(list_first(&tracker->members)));
    if (member) {
        list_remove(&member->link);
    } else {
        member = xcalloc(1, sizeof *member);
        snprintf(member->mark, sizeof member->mark, "%s", mark);
        tracker->member_count++;
    }
    list_append(&tracker->members, &member->link);
    return member;
}

/* By whichever tracker it came, it can be answered there; but what all have
 * brought is heard once. sdp: what is sealed of it. */
static void hear_offer(struct place *place, const char *mark, const struct tracker_message *offer,
                       const char *sdp)
{
    struct member *member = hear_member(place->tracker, mark);
    struct way_back *way = &member->ways[place - place->tracker->places];
    way->is_open = true;
    memcpy(way->peer_id, offer->peer_id, sizeof way->peer_id);
    memcpy(way->offer_id, offer->offer_id, sizeof way->offer_id);
    if (member->said && strcmp(member->said, sdp) == 0)
        return;
    free(member->said);
    member->said = xstrdup(sdp);
    emit(place->tracker, &(struct signal_message){.type = SIGNAL_OFFER,
                                                  .peer_id = text_of(mark),
                                                  .sdp = text_of(sdp)});
}

/* ---- what a consumer hears ---- */

/* As one who comes back: a session that stands goes on, whoever has joined the
 * swarm anew. */
static void meet(struct tracker *tracker)
{
    char *peers[] = {text_of(SWARM)};
    if (tracker->is_met)
        return;
    tracker->is_met = true;
    tracker->is_joined = true;
    emit(tracker, &(struct signal_message){.type = SIGNAL_JOINED,
                                           .peers = peers,
                                           .peer_count = 1,
                                           .is_shared = true,
                                           .is_resumed = true});
}

/* Behind a response: who is there, as far as all that are open say. */
static void look_around(struct tracker *tracker)
{
    bool is_there = false;
    bool is_certain = true;
    for (size_t i = 0; i < tracker->config.count; i++) {
        const struct place *place = &tracker->places[i];
        bool is_open = tracker_seat_is_open(place->seat);
        is_there = is_there || (is_open && place->has_provider);
        is_certain = is_certain && (!is_open || place->is_known);
    }
    if (is_there) {
        meet(tracker);
    } else if (!tracker->is_joined) {
        tracker->is_joined = true;
        emit(tracker, &(struct signal_message){.type = SIGNAL_JOINED, .is_shared = true});
    } else if (tracker->is_met && is_certain) {
        tracker->is_met = false;
        emit(tracker,
             &(struct signal_message){.type = SIGNAL_PEER_LEFT, .peer_id = text_of(SWARM)});
    }
}

static bool has_fresh_offer(const struct tracker *tracker)
{
    return tracker->offered_at_us > 0 && clock_now_us() < tracker->offered_at_us + TRACKER_OFFER_US;
}

static void announce(struct place *place, const char *sdp)
{
    place->is_known = false;
    tracker_seat_announce(place->seat, sdp);
}

/* A provider says that it is there, perhaps since a moment ago: an offer of
 * before has not reached it. */
static void take_call(struct place *place, const struct tracker_message *message)
{
    struct tracker *tracker = place->tracker;
    place->has_provider = true;
    place->is_known = true;
    if (tracker->is_met && message->sdp[sizeof CALL - 1] == '\0') {
        if (has_fresh_offer(tracker))
            announce(place, tracker->offer);
        return;
    }
    meet(tracker);
    if (!tracker->is_closed && message->sdp[sizeof CALL - 1] == ' ')
        hear_offer(place, SWARM, message, message->sdp + sizeof CALL);
}

/* ---- what a provider hears ---- */

static bool mark_of(const struct tracker *tracker, const char *sdp, char out[TRACKER_MARK_MAX + 1])
{
    size_t len = tracker->config.mark_len;
    if (strnlen(sdp, len) < len)
        return false;
    memcpy(out, sdp, len);
    out[len] = '\0';
    return true;
}

static void take_offer(struct place *place, const struct tracker_message *message)
{
    struct tracker *tracker = place->tracker;
    char mark[TRACKER_MARK_MAX + 1];
    if (mark_of(tracker, message->sdp, mark))
        hear_offer(place, mark, message, message->sdp);
}

/* ---- what either hears ---- */

static void take_answer(struct tracker *tracker, const struct tracker_message *message)
{
    char mark[TRACKER_MARK_MAX + 1] = SWARM;
    if (is_provider(tracker) && !mark_of(tracker, message->sdp, mark))
        return;
    if (!is_provider(tracker)) {
        timer_start_in(tracker->linger, tracker->linger_us);
        tracker->offered_at_us = 0;
    }
    if (tracker->answer && strcmp(tracker->answer, message->sdp) == 0)
        return; /* by another tracker */
    free(tracker->answer);
    tracker->answer = xstrdup(message->sdp);
    emit(tracker,
         &(struct signal_message){.type = SIGNAL_ANSWER, .peer_id = mark, .sdp = message->sdp});
}

static void take_response(struct place *place, const struct tracker_message *message)
{
    struct tracker *tracker = place->tracker;
    place->is_known = true;
    place->has_provider = message->providers > 0;
    if (!is_provider(tracker)) {
        look_around(tracker);
    } else if (!tracker->is_joined) {
        tracker->is_joined = true;
        emit(tracker, &(struct signal_message){.type = SIGNAL_JOINED, .is_shared = true});
    }
}

static void on_message(const struct tracker_message *message, void *arg)
{
    struct place *place = arg;
    struct tracker *tracker = place->tracker;
    if (tracker->is_closed)
        return;
    bool is_call = message->sdp && strncmp(message->sdp, CALL, sizeof CALL - 1) == 0;
    if (message->type == TRACKER_RESPONSE)
        take_response(place, message);
    else if (message->type == TRACKER_ANSWER)
        take_answer(tracker, message);
    else if (is_call && !is_provider(tracker))
        take_call(place, message);
    else if (!is_call && is_provider(tracker))
        take_offer(place, message);
}

static void on_open(void *arg)
{
    struct place *place = arg;
    struct tracker *tracker = place->tracker;
    place->has_provider = false;
    announce(place, is_provider(tracker) ? CALL : has_fresh_offer(tracker) ? tracker->offer : NULL);
}

static void on_slow(const char *text, void *arg)
{
    struct tracker *tracker = ((struct place *)arg)->tracker;
    for (size_t i = 0; i < tracker->config.count; i++) {
        if (tracker_seat_is_open(tracker->places[i].seat))
            return;
    }
    if (!tracker->is_slow && !tracker->is_joined)
        tracker->handlers->on_slow(text, tracker->arg);
    tracker->is_slow = true;
}

static void on_lost(const char *text, void *arg)
{
    struct place *place = arg;
    struct tracker *tracker = place->tracker;
    place->is_known = false;
    place->has_provider = false;
    for (size_t i = 0; i < tracker->config.count; i++) {
        if (tracker_seat_is_hopeful(tracker->places[i].seat))
            return;
    }
    char *all = tracker->config.count > 1
                    ? xasprintf("none of %zu trackers can be reached; of the last: %s",
                                tracker->config.count, text)
                    : xstrdup(text);
    tracker->handlers->on_close(all, tracker->arg);
    free(all);
}

/* ---- what is said ---- */

static void on_linger(void *arg)
{
    struct tracker *tracker = arg;
    for (size_t i = 0; i < tracker->config.count; i++)
        tracker_seat_leave(tracker->places[i].seat);
}

static void offer_to_all(struct tracker *tracker, const char *sdp)
{
    for (size_t i = 0; i < tracker->config.count; i++) {
        tracker_seat_open(tracker->places[i].seat);
        announce(&tracker->places[i], sdp);
    }
}

void tracker_send_offer(struct tracker *tracker, const char *sdp)
{
    if (is_provider(tracker)) {
        char *call = xasprintf(CALL " %s", sdp);
        offer_to_all(tracker, call);
        free(call);
        return;
    }
    timer_stop(tracker->linger);
    free(tracker->offer);
    tracker->offer = xstrdup(sdp);
    tracker->offered_at_us = clock_now_us();
    offer_to_all(tracker, sdp);
}

void tracker_send_answer(struct tracker *tracker, const char *to, const char *sdp)
{
    struct member *member = find_member(tracker, to);
    for (size_t i = 0; i < tracker->config.count && member; i++) {
        struct way_back *way = &member->ways[i];
        if (way->is_open)
            tracker_seat_answer(tracker->places[i].seat, way->peer_id, way->offer_id, sdp);
        way->is_open = false; /* there is one answer to an offer */
    }
}

/* ---- the visit ---- */

struct tracker *tracker_new(struct loop *loop, const struct tracker_config *config,
                            const struct signal_client_handlers *handlers, void *arg)
{
    static const struct tracker_seat_handlers seat_handlers = {
        .on_open = on_open,
        .on_message = on_message,
        .on_slow = on_slow,
        .on_lost = on_lost,
    };
    assert(config->count > 0 && config->count <= TRACKERS_MAX);
    assert(config->mark_len <= TRACKER_MARK_MAX);
    struct tracker *tracker = xcalloc(1, sizeof *tracker);
    tracker->loop = loop;
    tracker->handlers = handlers;
    tracker->arg = arg;
    tracker->config = *config;
    list_init(&tracker->members);
    tracker->linger_us = TRACKER_LINGER_US;
    tracker->linger = timer_new(loop, on_linger, tracker);
    for (size_t i = 0; i < config->count; i++) {
        struct place *place = &tracker->places[i];
        const struct tracker_seat_config seat = {
            .way = {.url = &config->urls[i], .tls = config->tls, .egress = config->egress},
            .info_hash = tracker->config.info_hash,
            .is_provider = is_provider(tracker),
        };
        place->tracker = tracker;
        place->seat = tracker_seat_new(loop, &seat, &seat_handlers, place);
        tracker_seat_open(place->seat);
    }
    return tracker;
}

void tracker_set_linger(struct tracker *tracker, uint64_t linger_us)
{
    tracker->linger_us = linger_us;
}

void tracker_probe(struct tracker *tracker)
{
    for (size_t i = 0; i < tracker->config.count; i++)
        tracker_seat_probe(tracker->places[i].seat);
}

bool tracker_has_address(const struct tracker *tracker)
{
    for (size_t i = 0; i < tracker->config.count; i++) {
        if (tracker_seat_has_address(tracker->places[i].seat))
            return true;
    }
    return false;
}

static void tracker_destroy(void *arg)
{
    free(arg);
}

void tracker_close(struct tracker *tracker)
{
    tracker->is_closed = true;
    for (size_t i = 0; i < tracker->config.count; i++)
        tracker_seat_free(tracker->places[i].seat);
    LIST_EACH(link, next, &tracker->members)
        drop_member(tracker, member_at(link));
    timer_free(tracker->linger);
    free(tracker->offer);
    free(tracker->answer);
    loop_defer(tracker->loop, tracker_destroy, tracker);
}
