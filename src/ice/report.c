/*
 * What was tried and how it went, for a person who wonders why there is no
 * path: servers first, then pairs, the best first, as many as fit, and how
 * many did not.
 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "ice/agent_internal.h"

struct text {
    char *out;
    size_t len;
    int left_out;
};

enum {
    LEFT_OUT_LEN = 32, /* "; and 99 more" */
    REASON_MAX = 96
};

static void __attribute__((format(printf, 2, 3))) say(struct text *t, const char *format, ...)
{
    char piece[256];
    va_list args;
    va_start(args, format);
    vsnprintf(piece, sizeof piece, format, args);
    va_end(args);
    size_t len = strlen(piece);
    size_t join = t->len > 0 ? 2 : 0;
    if (t->left_out > 0 || t->len + join + len + LEFT_OUT_LEN > ICE_REPORT_MAX) {
        t->left_out++;
        return;
    }
    memcpy(t->out + t->len, "; ", join);
    memcpy(t->out + t->len + join, piece, len + 1);
    t->len += join + len;
}

static const char *describe_silence(const struct ice_pair *pair, const char *what,
                                    char out[REASON_MAX])
{
    if (pair->checks_refused > 0)
        snprintf(out, REASON_MAX, "%s to %d checks, %d of them not sent: %s", what,
                 pair->checks_sent, pair->checks_refused, strerror(-pair->refusal));
    else
        snprintf(out, REASON_MAX, "%s to %d checks", what, pair->checks_sent);
    return out;
}

static const char *describe_code(const struct ice_pair *pair, char out[REASON_MAX])
{
    switch (pair->code) {
    case PAIR_NO_ANSWER:
        return describe_silence(pair, "no answer", out);
    case PAIR_CONSENT_LOST:
        snprintf(out, REASON_MAX, "worked, then no answer for 30 s");
        break;
    case PAIR_ASYMMETRIC:
        snprintf(out, REASON_MAX, "answered from another address");
        break;
    case PAIR_RELAY_LOST:
        snprintf(out, REASON_MAX, "the relay is gone");
        break;
    case PAIR_NO_CHANNEL:
        snprintf(out, REASON_MAX, "the relay gives no channel");
        break;
    default:
        if (pair->code > 0)
            snprintf(out, REASON_MAX, "refused: %d %s", pair->code, stun_code_name(pair->code));
        else
            snprintf(out, REASON_MAX, "%s", strerror(-pair->code));
    }
    return out;
}

static const char *describe_state(const struct ice_pair *pair, char out[REASON_MAX])
{
    switch (pair->state) {
    case PAIR_FAILED:
        return describe_code(pair, out);
    case PAIR_SUCCEEDED:
        return pair_is_suspect(pair) ? "worked, does not answer now" : "works";
    case PAIR_IN_PROGRESS:
        return describe_silence(pair, "no answer yet", out);
    case PAIR_FROZEN:
    case PAIR_WAITING:
        break;
    }
    return pair->is_binding ? "waits for its relay" : "not tried yet";
}

static void say_probe(const struct ice_agent *a, const struct ice_probe *p, struct text *t)
{
    char server[ICE_ADDRESS_TEXT_LEN];
    char base[ICE_ADDRESS_TEXT_LEN];
    char outcome[REASON_MAX] = "no answer yet";
    if (p->is_silent)
        snprintf(outcome, sizeof outcome, "no answer");
    else if (p->refusal)
        snprintf(outcome, sizeof outcome, "refused: %d %s", p->refusal, stun_code_name(p->refusal));
    else if (p->is_answered)
        return; /* as it should be */
    say(t, "stun server %s from %s: %s", ice_address_format(&a->servers[p->server].address, server),
        ice_address_format_ip(&a->bases[p->base]->address, base), outcome);
}

static void say_servers(const struct ice_agent *a, struct text *t)
{
    char server[ICE_ADDRESS_TEXT_LEN];
    for (int i = 0; i < a->probe_count; i++)
        say_probe(a, &a->probes[i], t);
    for (int i = 0; i < a->relay_count; i++) {
        const struct ice_relay *r = &a->relays[i];
        if (r->client && (r->why[0] || !r->is_done))
            say(t, "turn server %s over %s: %s",
                ice_address_format(turn_client_server(r->client), server),
                turn_transport_name(turn_client_transport(r->client)),
                r->why[0] ? r->why : "no answer yet");
    }
}

static void say_pair(const struct ice_agent *a, const struct ice_pair *pair, struct text *t)
{
    const struct ice_candidate *l = &a->locals[pair->local]->candidate;
    const struct ice_candidate *r = &a->now->remotes[pair->remote]->candidate;
    char local[ICE_CANDIDATE_TEXT_LEN];
    char remote[ICE_CANDIDATE_TEXT_LEN];
    char state[REASON_MAX];
    say(t, "%s -> %s: %s", ice_candidate_describe(l->type, &l->address, local),
        ice_candidate_describe(r->type, &r->address, remote), describe_state(pair, state));
}

static void say_remotes(const struct ice_agent *a, struct text *t)
{
    const struct ice_generation *g = a->now;
    for (int i = 0; i < g->remote_count; i++) {
        if (g->remotes[i]->name == NAME_UNKNOWN)
            say(t, "%s: no such name on this network", g->remotes[i]->candidate.hostname);
    }
    if (g->skipped_tcp > 0)
        say(t, "%d tcp candidates not used", g->skipped_tcp);
    if (g->has_remote && g->remote_count == 0)
        say(t, "the other side has sent no candidates");
}

const char *report_write(const struct ice_agent *a, char out[ICE_REPORT_MAX])
{
    const struct ice_generation *g = a->now;
    bool is_said[ICE_PAIRS_MAX] = {false};
    struct text t = {.out = out};
    out[0] = '\0';
    say_servers(a, &t);
    say_remotes(a, &t);
    for (int n = 0; n < g->pair_count; n++) {
        int best = -1;
        for (int i = 0; i < g->pair_count; i++) {
            if (!is_said[i] && (best < 0 || g->pairs[i]->priority > g->pairs[best]->priority))
                best = i;
        }
        assert(best >= 0); /* each round says one of them */
        is_said[best] = true;
        say_pair(a, g->pairs[best], &t);
    }
    if (t.len == 0)
        say(&t, a->local_count == 0 ? "this machine has no address to try from"
                                    : "nothing to try: no pair of candidates");
    if (t.left_out > 0)
        snprintf(out + t.len, LEFT_OUT_LEN, "; and %d more", t.left_out);
    return out;
}
