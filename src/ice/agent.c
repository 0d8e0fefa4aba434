/*
 * The agent as its owner sees it. Every entry that changes what is known notes
 * the time, has the part that it is about do its work, and ends in
 * agent_finish(): there, and nowhere else,
 * the path is selected from what has become of the pairs; then, if the pacing
 * allows, one transaction that waits is begun, so that a triggered check leaves
 * in the same turn as what triggered it.
 */
#include "ice/agent.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "ice/agent_internal.h"

static const char *const state_names[] = {
    [ICE_NEW] = "new",
    [ICE_CHECKING] = "checking",
    [ICE_CONNECTED] = "connected",
    [ICE_DISCONNECTED] = "disconnected",
    [ICE_FAILED] = "failed",
};

const char *ice_state_name(enum ice_state state)
{
    return state_names[state];
}

/* ---- life ---- */

struct ice_agent *ice_agent_new(const struct ice_agent_config *config,
                                const struct ice_agent_handlers *handlers, void *arg)
{
    struct ice_agent *a = xcalloc(1, sizeof *a);
    a->config = *config;
    a->handlers = *handlers;
    a->arg = arg;
    memcpy(a->random.seed, config->seed, sizeof a->random.seed);
    if (a->config.pacing_us < ICE_TA_US)
        a->config.pacing_us = ICE_TA_US;
    a->pacing_us = a->config.pacing_us;
    a->budget = config->budget ? config->budget : &a->own_budget;
    a->is_controlling = config->is_controlling;
    a->tie_breaker = ice_random_u64(&a->random);
    a->retry_us = TIME_NEVER;
    a->now = generation_new(a);
    a->is_dirty = true;
    return a;
}

void ice_agent_free(struct ice_agent *a, uint64_t now_us)
{
    if (!a)
        return;
    a->clock_us = now_us;
    generation_end(a, a->now);
    relay_free_all(a);
    for (int i = 0; i < a->server_count; i++) {
        free((char *)(uintptr_t)a->servers[i].host);
        free((char *)(uintptr_t)a->servers[i].user);
        free_secret_string((char *)(uintptr_t)a->servers[i].pass);
    }
    generation_free(a->now);
    generation_free(a->old);
    for (int i = 0; i < a->local_count; i++)
        free(a->locals[i]);
    for (int i = 0; i < ICE_BASES_MAX; i++)
        free(a->bases[i]);
    free(a->servers);
    free(a->probes);
    free(a->relays);
    free_secret(a, sizeof *a);
}

/* ---- the end of every entry ---- */

/* One transaction, if something waits. Checks and gathering take turns, lest
 * many servers hold up a path that is there, or many pairs the servers. */
static bool start_one(struct ice_agent *a, uint64_t now_us)
{
    a->is_check_turn = !a->is_check_turn;
    if (a->is_check_turn && check_start_one(a, now_us))
        return true;
    if (gather_start_one(a, now_us) || relay_start_one(a, now_us))
        return true;
    return check_start_one(a, now_us);
}

void agent_finish(struct ice_agent *a, uint64_t now_us)
{
    relay_plan(a, now_us);
    gather_end(a, relay_is_pending(a), now_us);
    select_update(a, now_us);
    if (now_us >= a->pace_us && start_one(a, now_us))
        a->pace_us = now_us + a->pacing_us;
    a->is_dirty = true;
}

/* ---- our side ---- */

bool agent_has_base(const struct ice_agent *a, int base, bool is_stream)
{
    return base_is_used(a, base) && a->bases[base]->is_stream == is_stream;
}

int ice_agent_add_interface(struct ice_agent *a, const struct ice_address *address,
                            const char *name, bool is_default, uint64_t now_us)
{
    a->clock_us = now_us;
    int base = gather_add_interface(a, address, name, is_default);
    if (base >= 0)
        a->is_dirty = true; /* nothing is sent yet: the owner has to know the number first */
    return base;
}

void ice_agent_set_mapped(struct ice_agent *a, int base, const struct ice_address *mapped,
                          uint64_t now_us)
{
    if (!agent_has_base(a, base, false))
        return;
    a->clock_us = now_us;
    local_add_mapped(a, base, NULL, mapped);
    agent_finish(a, now_us);
}

void ice_agent_set_default(struct ice_agent *a, int base, bool is_default)
{
    if (agent_has_base(a, base, false))
        base_set_default(a, base, is_default);
}

void ice_agent_remove_base(struct ice_agent *a, int base, uint64_t now_us)
{
    if (!agent_has_base(a, base, false))
        return;
    a->clock_us = now_us;
    relay_base_removed(a, base);
    a->bases[base]->is_open = false;
    gather_remove_interface(a, base);
    agent_finish(a, now_us);
}

void ice_agent_base_opened(struct ice_agent *a, int base, uint64_t now_us)
{
    if (!agent_has_base(a, base, true))
        return;
    a->clock_us = now_us;
    relay_on_open(a, base, now_us);
    agent_finish(a, now_us);
}

void ice_agent_base_closed(struct ice_agent *a, int base, const char *text, uint64_t now_us)
{
    if (!agent_has_base(a, base, true))
        return;
    a->clock_us = now_us;
    relay_on_close(a, base, text);
    agent_finish(a, now_us);
}

int ice_agent_add_server(struct ice_agent *a, const struct ice_agent_server *server,
                         uint64_t now_us)
{
    if (a->server_count == ICE_AGENT_SERVERS_MAX)
        return -ENOSPC;
    a->servers = xreallocarray(a->servers, (size_t)a->server_count + 1, sizeof *a->servers);
    struct ice_agent_server *s = &a->servers[a->server_count++];
    *s = *server;
    s->host = xstrdup(server->host ? server->host : "");
    s->user = xstrdup(server->user ? server->user : "");
    s->pass = xstrdup(server->pass ? server->pass : "");
    a->clock_us = now_us;
    gather_add_probes(a);
    agent_finish(a, now_us);
    return 0;
}

static bool is_same_server(const struct ice_agent_server *s, const struct ice_agent_server *t)
{
    return s->is_turn == t->is_turn && s->transport == t->transport &&
           ice_address_is_equal(&s->address, &t->address) &&
           strcmp(s->host, t->host ? t->host : "") == 0;
}

void ice_agent_renew_server(struct ice_agent *a, const struct ice_agent_server *server)
{
    for (int i = 0; i < a->server_count; i++) {
        struct ice_agent_server *s = &a->servers[i];
        if (!is_same_server(s, server))
            continue;
        free((char *)(uintptr_t)s->user);
        free_secret_string((char *)(uintptr_t)s->pass);
        s->user = xstrdup(server->user);
        s->pass = xstrdup(server->pass);
    }
}

void ice_agent_gather(struct ice_agent *a, bool more_servers, uint64_t now_us)
{
    a->clock_us = now_us;
    a->more_servers = more_servers;
    if (!a->is_gathering)
        gather_begin(a, now_us);
    agent_finish(a, now_us);
}

void ice_agent_end_servers(struct ice_agent *a, uint64_t now_us)
{
    a->clock_us = now_us;
    a->more_servers = false;
    agent_finish(a, now_us);
}

static void restart(struct ice_agent *a, uint64_t now_us)
{
    struct ice_generation *fresh = generation_new(a);
    generation_end(a, a->now);
    select_keep_old(a);
    a->now = fresh;
    if (a->is_gathering)
        gather_begin(a, now_us);
    relay_again(a, now_us);
}

void ice_agent_restart(struct ice_agent *a, uint64_t now_us)
{
    a->clock_us = now_us;
    restart(a, now_us);
    if (a->state == ICE_FAILED)
        select_set_state(a, ICE_CHECKING, "");
    agent_finish(a, now_us);
}

/* ---- the other side ---- */

int ice_agent_set_remote(struct ice_agent *a, const char *ufrag, const char *pwd, uint64_t now_us)
{
    size_t ufrag_len = strlen(ufrag);
    size_t pwd_len = strlen(pwd);
    int restarted = 0;
    if (ufrag_len == 0 || ufrag_len > ICE_UFRAG_MAX || pwd_len == 0 || pwd_len > ICE_PWD_MAX)
        return -EINVAL;
    a->clock_us = now_us;
    if (a->now->has_remote) {
        if (strcmp(a->now->remote_ufrag, ufrag) == 0 && strcmp(a->now->remote_pwd, pwd) == 0)
            return 0;
        restart(a, now_us);
        restarted = 1;
    }
    struct ice_generation *g = a->now;
    memcpy(g->remote_ufrag, ufrag, ufrag_len + 1);
    memcpy(g->remote_pwd, pwd, pwd_len + 1);
    g->has_remote = true;
    g->begun_us = now_us;
    if (!a->has_route)
        select_set_state(a, ICE_CHECKING, "");
    request_replay_early(a, now_us);
    agent_finish(a, now_us);
    return restarted;
}

void ice_agent_set_remote_pacing(struct ice_agent *a, uint64_t pacing_us)
{
    if (pacing_us == 0)
        pacing_us = ICE_TA_DEFAULT_US;
    if (pacing_us > ICE_TA_MOST_US)
        pacing_us = ICE_TA_MOST_US;
    a->pacing_us = pacing_us > a->config.pacing_us ? pacing_us : a->config.pacing_us;
}

int ice_agent_add_remote(struct ice_agent *a, struct span line, uint64_t now_us)
{
    a->clock_us = now_us;
    int error = remote_add(a, line);
    if (!error)
        agent_finish(a, now_us);
    return error;
}

void ice_agent_set_nat64(struct ice_agent *a, const struct ice_nat64 *prefix, uint64_t now_us)
{
    if (memcmp(&a->nat64, prefix, sizeof a->nat64) == 0)
        return;
    a->clock_us = now_us;
    a->nat64 = *prefix;
    remote_on_nat64(a);
    agent_finish(a, now_us);
}

void ice_agent_end_remote(struct ice_agent *a, uint64_t now_us)
{
    a->clock_us = now_us;
    a->now->is_remote_ended = true;
    agent_finish(a, now_us);
}

void ice_agent_resolved(struct ice_agent *a, int id, const struct ice_address *address,
                        uint64_t now_us)
{
    a->clock_us = now_us;
    remote_on_resolved(a, id, address);
    agent_finish(a, now_us);
}

/* ---- time ---- */

void ice_agent_ask(struct ice_agent *a, uint64_t now_us)
{
    a->clock_us = now_us;
    pair_consent_ask_now(a, now_us);
    agent_finish(a, now_us);
}

void ice_agent_on_deadline(struct ice_agent *a, uint64_t now_us)
{
    a->clock_us = now_us;
    gather_on_deadline(a, now_us);
    relay_on_deadline(a, now_us);
    check_on_deadline(a, now_us);
    pair_consent_on_deadline(a, now_us);
    agent_finish(a, now_us);
}

uint64_t ice_agent_deadline(struct ice_agent *a)
{
    if (!a->is_dirty)
        return a->deadline_us;
    uint64_t deadline = earlier(gather_deadline(a), relay_deadline(a));
    deadline = earlier(deadline, relay_plan_deadline(a));
    deadline = earlier(deadline, check_deadline(a));
    deadline = earlier(deadline, pair_consent_deadline(a));
    deadline = earlier(deadline, select_deadline(a));
    deadline = earlier(deadline, check_start_deadline(a));
    if (gather_is_waiting(a))
        deadline = earlier(deadline, a->pace_us);
    a->deadline_us = deadline;
    a->is_dirty = false;
    return deadline;
}

/* ---- to be asked ---- */

const char *ice_agent_local_ufrag(const struct ice_agent *a)
{
    return a->now->local_ufrag;
}

const char *ice_agent_local_pwd(const struct ice_agent *a)
{
    return a->now->local_pwd;
}

bool ice_agent_is_controlling(const struct ice_agent *a)
{
    return a->is_controlling;
}

enum ice_state ice_agent_state(const struct ice_agent *a)
{
    return a->state;
}

const struct ice_route *ice_agent_route(const struct ice_agent *a)
{
    return a->has_route ? &a->route : NULL;
}

bool ice_agent_path(const struct ice_agent *a, struct ice_path *out)
{
    return select_describe(a, out);
}

uint64_t ice_agent_rtt_us(const struct ice_agent *a, int base)
{
    return a->selected && a->has_route && a->route.base == base ? a->selected->rtt_us : 0;
}

const char *ice_agent_report(struct ice_agent *a, char out[ICE_REPORT_MAX])
{
    return report_write(a, out);
}
