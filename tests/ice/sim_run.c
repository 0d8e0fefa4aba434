/*
 * The main loop takes whatever comes first: an event of the network, a deadline
 * of an agent, or the next packet of a stream.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "sim_internal.h"

/* What comes next among the peers, before *at_us, which it then sets. */
static struct sim_peer *find_due(const struct sim *s, uint64_t *at_us, bool *is_data)
{
    struct sim_peer *due = NULL;
    for (int i = 0; i < s->peer_count; i++) {
        struct sim_peer *p = s->peers[i];
        uint64_t deadline_us = ice_agent_deadline(p->agent);
        if (deadline_us < *at_us) {
            *at_us = deadline_us;
            due = p;
            *is_data = false;
        }
        if (p->stream_us && p->stream_next_us < *at_us) {
            *at_us = p->stream_next_us;
            due = p;
            *is_data = true;
        }
    }
    return due;
}

static void meet_deadline(struct sim_peer *p, uint64_t now_us)
{
    ice_agent_on_deadline(p->agent, now_us);
    /* An agent that asks for the same moment for ever would never let
     * time pass. */
    p->calls_now = p->called_us == now_us ? p->calls_now + 1 : 0;
    p->called_us = now_us;
    assert_true(p->calls_now < 10);
}

static void take_event(struct sim *s)
{
    struct sim_event *e = s->events;
    s->events = e->next;
    if (e->kind == SIM_DATAGRAM) {
        sim_deliver_datagram(s, e);
    } else {
        sim_peer_event(s, e);
        free(e);
    }
}

/* Advances to whatever comes first; false when nothing does by until_us. */
static bool step(struct sim *s, uint64_t until_us)
{
    uint64_t at_us = s->events ? s->events->at_us : TIME_NEVER;
    bool is_data = false;
    struct sim_peer *due = find_due(s, &at_us, &is_data);
    if (at_us > until_us) {
        s->now_us = until_us > s->now_us ? until_us : s->now_us;
        return false;
    }
    if (at_us > s->now_us)
        s->now_us = at_us;
    if (due && is_data) {
        due->stream_next_us = s->now_us + due->stream_us;
        sim_send_data(due);
    } else if (due) {
        meet_deadline(due, s->now_us);
    } else {
        take_event(s);
    }
    return true;
}

void sim_run(struct sim *s, uint64_t for_us)
{
    uint64_t until_us = s->now_us + for_us;
    while (step(s, until_us))
        ;
}

static bool are_connected(const struct sim *s)
{
    for (int i = 0; i < s->peer_count; i++) {
        if (ice_agent_state(s->peers[i]->agent) != ICE_CONNECTED)
            return false;
    }
    return true;
}

bool sim_run_until_connected(struct sim *s, uint64_t limit_us)
{
    uint64_t until_us = s->now_us + limit_us;
    while (!are_connected(s)) {
        if (!step(s, until_us))
            return false;
    }
    return true;
}

bool sim_run_until_relayed(struct sim *s, bool is_relayed, uint64_t limit_us)
{
    uint64_t until_us = s->now_us + limit_us;
    for (;;) {
        bool is_done = true;
        for (int i = 0; i < s->peer_count; i++) {
            struct ice_path path;
            is_done = is_done && ice_agent_path(s->peers[i]->agent, &path) &&
                      path.is_relayed == is_relayed;
        }
        if (is_done)
            return true;
        if (!step(s, until_us))
            return false;
    }
}

uint64_t sim_now(const struct sim *s)
{
    return s->now_us;
}
