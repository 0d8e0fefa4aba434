/*
 * The signalling line between two peers: credentials, candidates and their end
 * arrive in the order in which they were sent, but for candidates of another
 * generation, which are dropped.
 */
#include <stdio.h>

#include "sim_internal.h"

void sim_signal_line(struct sim_peer *p, enum sim_signal signal, const char *text)
{
    struct sim_event *e = sim_event_new(p->sim, SIM_SIGNAL, span_of(text, strlen(text) + 1));
    e->peer = p->other;
    e->signal = signal;
    snprintf(e->ufrag, sizeof e->ufrag, "%s", ice_agent_local_ufrag(p->agent));
    sim_schedule(p->sim, e, p->sim->signal_us);
}

static void signal_credentials(struct sim_peer *p, enum sim_signal signal)
{
    char text[128];
    snprintf(text, sizeof text, "%s %s", ice_agent_local_ufrag(p->agent),
             ice_agent_local_pwd(p->agent));
    sim_signal_line(p, signal, text);
}

/* Credentials first: the line keeps their order, and candidates follow. */
void sim_connect(struct sim *s, struct sim_peer *offerer, struct sim_peer *answerer)
{
    (void)answerer;
    signal_credentials(offerer, SIM_CREDENTIALS);
    ice_agent_gather(offerer->agent, false, s->now_us);
}

void sim_restart_ice(struct sim_peer *offerer)
{
    offerer->has_ended = false;
    offerer->remote_ufrag[0] = '\0'; /* what comes now is of before */
    /* The credentials must go before the candidates, which restart() tells:
     * swap the line's order by a delay of nothing. */
    uint64_t signal_us = offerer->sim->signal_us;
    offerer->sim->signal_us = signal_us + 1;
    ice_agent_restart(offerer->agent, offerer->sim->now_us);
    offerer->sim->signal_us = signal_us;
    signal_credentials(offerer, SIM_CREDENTIALS);
}

void sim_inject_candidate(struct sim_peer *p, const char *line)
{
    struct sim_event *e = sim_event_new(p->sim, SIM_SIGNAL, span_of(line, strlen(line) + 1));
    e->peer = p;
    e->signal = SIM_CANDIDATE;
    sim_schedule(p->sim, e, p->sim->signal_us);
}

static void on_credentials(struct sim_peer *p, const struct sim_event *e)
{
    char ufrag[64];
    char pwd[64];
    assert_int_equal(sscanf((const char *)e->bytes, "%63s %63s", ufrag, pwd), 2);
    snprintf(p->remote_ufrag, sizeof p->remote_ufrag, "%s", ufrag);
    uint64_t signal_us = p->sim->signal_us;
    p->sim->signal_us = signal_us + 1; /* the answer goes before its candidates */
    p->has_ended = false;
    int restarted = ice_agent_set_remote(p->agent, ufrag, pwd, p->sim->now_us);
    assert_true(restarted >= 0);
    assert_true(e->signal == SIM_CREDENTIALS || restarted == 0);
    if (e->signal == SIM_CREDENTIALS) {
        ice_agent_gather(p->agent, false, p->sim->now_us);
        p->sim->signal_us = signal_us;
        signal_credentials(p, SIM_ANSWER);
    }
    p->sim->signal_us = signal_us;
}

void sim_signal_event(struct sim_peer *p, const struct sim_event *e)
{
    struct sim *s = p->sim;
    switch (e->signal) {
    case SIM_CREDENTIALS:
    case SIM_ANSWER:
        on_credentials(p, e);
        break;
    case SIM_CANDIDATE: {
        /* As usernameFragment does in signalling: not of this generation. */
        if (e->ufrag[0] && strcmp(e->ufrag, p->remote_ufrag) != 0)
            break;
        int error = ice_agent_add_remote(p->agent, span_of(e->bytes, e->len - 1), s->now_us);
        assert_int_equal(error, 0);
        break;
    }
    case SIM_END:
        if (strcmp(e->ufrag, p->remote_ufrag) == 0)
            ice_agent_end_remote(p->agent, s->now_us);
        break;
    }
}
