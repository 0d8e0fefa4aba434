/*
 * The ends of sessions: what their rendezvous want of them, and what becomes of
 * it.
 */
#include "crowd_internal.h"

#include <stdio.h>

#define GIVE_UP_US (30 * US_PER_S)
#define SILENCE_US (30 * US_PER_S)
#define PROBE_US   (5 * US_PER_S)

struct half *crowd_find_half(struct crowd *c, unsigned id)
{
    for (size_t i = 0; id > 0 && i < CROWD_HALVES_MAX; i++) {
        if (c->halves[i].id == id)
            return &c->halves[i];
    }
    return NULL;
}

static struct half *half_of(struct crowd *c, int member, unsigned number)
{
    for (size_t i = 0; i < CROWD_HALVES_MAX; i++) {
        struct half *h = &c->halves[i];
        if (h->id > 0 && h->member == member && h->number == number)
            return h;
    }
    return NULL;
}

/* The one at the other end, if each means the other. */
struct half *crowd_other_half(struct crowd *c, const struct half *h)
{
    struct half *other = crowd_find_half(c, h->remote);
    return other && other->remote == h->id ? other : NULL;
}

static struct crowd_ticket *schedule_half(struct crowd *c, enum crowd_ticket_type type,
                                          const struct half *h, uint64_t in_us)
{
    struct crowd_ticket *t = crowd_schedule(c, type, h->member, in_us);
    t->half = h->id;
    return t;
}

void crowd_start_half(struct crowd *c, int member, const struct action *a)
{
    struct half *h = c->halves;
    while (h->id > 0)
        assert_true(++h < c->halves + CROWD_HALVES_MAX);
    *h = (struct half){.id = ++c->numbers, .member = member, .number = a->session};
    h->process = c->members[member].process;
    h->is_offering = a->sdp_type == SDP_OFFER;
    if (h->is_offering)
        schedule_half(c, DESCRIBES, h, crowd_roll(c, 5 * US_PER_MS));
    schedule_half(c, GIVES_UP, h, GIVE_UP_US);
}

/* Its end; the other one hears of it, or nothing any more. */
void crowd_vanish_half(struct crowd *c, struct half *h, bool says_bye)
{
    struct half *other = crowd_other_half(c, h);
    if (other && other->is_ready) {
        bool is_heard = says_bye && !crowd_chance(c, 20);
        struct crowd_ticket *t =
            schedule_half(c, ENDS, other, is_heard ? crowd_roll(c, 200 * US_PER_MS) : SILENCE_US);
        t->words = is_heard ? "bye" : "silence";
    }
    h->id = 0;
}

void crowd_end_half(struct crowd *c, const struct half *h, const char *words)
{
    crowd_feed(c, h->member,
               &(struct event){.type = EVENT_CLOSED,
                               .session = h->number,
                               .text = words,
                               .is_goodbye = strcmp(words, "bye") == 0});
}

void crowd_describe_half(struct crowd *c, const struct half *h)
{
    char sdp[CROWD_TEXT_MAX];
    snprintf(sdp, sizeof sdp, "%u %u", h->process, h->id);
    crowd_feed(c, h->member,
               &(struct event){.type = EVENT_DESCRIBED,
                               .session = h->number,
                               .sdp_type = h->is_offering ? SDP_OFFER : SDP_ANSWER,
                               .text = sdp});
}

/* Both know each other: there is a path, most of the time. */
static void match(struct crowd *c, struct half *h)
{
    struct half *other = crowd_other_half(c, h);
    if (!other || h->is_ready || other->is_ready || crowd_chance(c, 10))
        return;
    uint64_t in_us = crowd_roll(c, 800 * US_PER_MS);
    schedule_half(c, GETS_READY, h, in_us);
    schedule_half(c, GETS_READY, other, in_us + crowd_roll(c, 100 * US_PER_MS));
}

static const char *take(struct crowd *c, struct half *h, const struct action *a)
{
    unsigned process, id;
    assert_int_equal(sscanf(a->text, "%u %u", &process, &id), 2);
    if (h->remote && h->remote != id)
        return "it is of another session";
    if (a->sdp_type == SDP_ANSWER && !h->is_offering)
        return "there was no offer of ours";
    bool is_first = h->remote == 0;
    h->remote = id;
    h->is_offering = false;
    if (a->sdp_type == SDP_OFFER)
        schedule_half(c, DESCRIBES, h, crowd_roll(c, 5 * US_PER_MS));
    if (is_first)
        match(c, h);
    return NULL;
}

static void take_and_tell(struct crowd *c, struct half *h, const struct action *a)
{
    const char *why = take(c, h, a);
    crowd_feed(c, h->member,
               &(struct event){.type = EVENT_FED,
                               .session = h->number,
                               .sdp_type = a->sdp_type,
                               .text = why,
                               .is_offering = h->is_offering});
}

static void probe(struct crowd *c, struct half *h)
{
    if (crowd_other_half(c, h))
        schedule_half(c, LIVES, h, crowd_roll(c, 300 * US_PER_MS));
    else
        schedule_half(c, ENDS, h, PROBE_US)->words = "silence";
}

static void restart(struct crowd *c, struct half *h)
{
    c->restarts++;
    h->is_offering = true;
    schedule_half(c, DESCRIBES, h, 0);
}

void crowd_act_on_half(struct crowd *c, int member, const struct action *a)
{
    struct half *h = half_of(c, member, a->session);
    if (!h)
        return;
    if (a->type == ACTION_FEED)
        take_and_tell(c, h, a);
    else if (a->type == ACTION_RESTART)
        restart(c, h);
    else if (a->type == ACTION_ABANDON_RESTART)
        h->is_offering = false;
    else if (a->type == ACTION_PROBE)
        probe(c, h);
    else if (a->type == ACTION_DRAIN)
        schedule_half(c, RESTS, h, crowd_roll(c, 10 * US_PER_S));
    else if (a->type == ACTION_CLOSE || a->type == ACTION_REFUSE)
        crowd_vanish_half(c, h, true);
}
