/*
 * Each TURN URL has a struct ice_servers of its own, so each is looked up, and
 * tried, whatever becomes of the others. Beside what is named the other
 * transports of the same host are tried: they say what would help where that
 * one is blocked.
 */
#include "cli/doctor_servers.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "rtc/hairpin_probe.h"
#include "rtc/mtu_probe.h"
#include "rtc/nat_probe.h"
#include "rtc/turn_probe.h"

struct turn_check {
    struct doctor_wait *wait;
    enum doctor_turn_origin origin;
    char *url;
    struct ice_servers *servers; /* it alone */
    struct ice_servers_watch watch;
    struct ice_server server;
    struct turn_probe *probe; /* NULL until its name is looked up */
};

struct doctor_servers {
    const struct config *config;
    struct doctor_wait *wait;
    struct ice_servers *stun;
    struct nat_probe *nat;
    struct hairpin_probe *hairpin;
    struct mtu_probe *mtu;
    struct nat_answer answers[NAT_ANSWERS_MAX];
    size_t turn_count;
    struct turn_check turns[DOCTOR_TURNS_MAX];
};

/* ---- TURN ---- */

static void start_probe(void *arg)
{
    struct turn_check *check = arg;
    if (check->probe || ice_servers_get(check->servers, &check->server, 1) == 0)
        return;
    check->probe = turn_probe_new(check->wait->loop, check->servers, &check->server,
                                  doctor_wait_end, check->wait);
}

static struct turn_check *find_tried(struct doctor_servers *servers, const char *url)
{
    for (size_t i = 0; i < servers->turn_count; i++) {
        if (strcmp(servers->turns[i].url, url) == 0)
            return &servers->turns[i];
    }
    return NULL;
}

static void try_turn(struct doctor_servers *servers, const char *url, const char *user,
                     const char *pass, enum doctor_turn_origin origin)
{
    const char *why;
    struct turn_check *check = find_tried(servers, url);
    if (check && check->origin == DOCTOR_TURN_BESIDE)
        check->origin = origin; /* named behind the one that it was tried beside */
    if (check || servers->turn_count == DOCTOR_TURNS_MAX)
        return;
    check = &servers->turns[servers->turn_count];
    check->servers = ice_servers_new(servers->wait->loop);
    ice_servers_set_egress(check->servers, servers->config->egress);
    if (ice_servers_add(check->servers, url, user, pass, &why) < 0) {
        ice_servers_free(check->servers); /* of no use to a tunnel, either */
        return;
    }
    servers->turn_count++;
    check->wait = servers->wait;
    check->origin = origin;
    check->url = xstrdup(url);
    check->watch = (struct ice_servers_watch){.on_change = start_probe, .arg = check};
    ice_servers_watch(check->servers, &check->watch);
    doctor_wait_begin(check->wait);
    start_probe(check);
}

/* What gets through where the named transport is blocked. A port belongs to the
 * transport that is named; TLS has its own. */
static void try_beside(struct doctor_servers *servers, const char *url, const char *user,
                       const char *pass)
{
    struct ice_server_url parsed;
    if (ice_server_url_parse(url, &parsed) || parsed.transport == ICE_SERVER_TLS)
        return;
    bool is_v6 = memchr(parsed.host.data, ':', parsed.host.len) != NULL;
    char *by_tcp = xasprintf("%.*s?transport=tcp", (int)strcspn(url, "?"), url);
    char *by_tls = xasprintf("turns:%s%.*s%s", is_v6 ? "[" : "", (int)parsed.host.len,
                             (const char *)parsed.host.data, is_v6 ? "]" : "");
    if (parsed.transport == ICE_SERVER_UDP)
        try_turn(servers, by_tcp, user, pass, DOCTOR_TURN_BESIDE);
    try_turn(servers, by_tls, user, pass, DOCTOR_TURN_BESIDE);
    free(by_tcp);
    free(by_tls);
}

static void start_turn(struct doctor_servers *servers)
{
    const struct config *config = servers->config;
    for (size_t i = 0; i < config->turn_count; i++)
        try_turn(servers, config->turn[i], config->turn_user, config->turn_pass, DOCTOR_TURN_GIVEN);
    for (size_t i = 0; i < config->turn_count; i++)
        try_beside(servers, config->turn[i], config->turn_user, config->turn_pass);
}

/* ---- STUN ---- */

static void on_first(const struct nat_answer *answer, void *arg)
{
    struct doctor_servers *servers = arg;
    bool is_v4 = answer->server.storage.ss_family == AF_INET;
    if (is_v4 && !answer->is_ours) {
        doctor_wait_begin(servers->wait);
        servers->hairpin =
            hairpin_probe_new(servers->wait->loop, &answer->server, doctor_wait_end, servers->wait);
    }
    doctor_wait_begin(servers->wait);
    servers->mtu = mtu_probe_new(servers->wait->loop, &answer->server, answer->us, doctor_wait_end,
                                 servers->wait);
}

static void on_nat_done(void *arg)
{
    struct doctor_servers *servers = arg;
    doctor_wait_end(servers->wait);
}

static void start_stun(struct doctor_servers *servers)
{
    static const struct nat_probe_handlers handlers = {.on_first = on_first,
                                                       .on_done = on_nat_done};
    const struct config *config = servers->config;
    const char *why; /* it was checked where it was taken */
    for (size_t i = 0; i < config->stun_count; i++)
        ice_servers_add(servers->stun, config->stun[i], NULL, NULL, &why);
    if (config_second_stun(config))
        ice_servers_add(servers->stun, config_second_stun(config), NULL, NULL, &why);
    if (config->stun_count == 0 || config->relay_only)
        return;
    doctor_wait_begin(servers->wait);
    servers->nat = nat_probe_new(servers->wait->loop, servers->stun, &handlers, servers);
}

/* ---- both ---- */

struct doctor_servers *doctor_servers_new(const struct config *config, struct doctor_wait *wait)
{
    struct doctor_servers *servers = xcalloc(1, sizeof *servers);
    servers->config = config;
    servers->wait = wait;
    servers->stun = ice_servers_new(wait->loop);
    start_stun(servers);
    start_turn(servers);
    return servers;
}

void doctor_servers_free(struct doctor_servers *servers)
{
    if (!servers)
        return;
    nat_probe_free(servers->nat);
    hairpin_probe_free(servers->hairpin);
    mtu_probe_free(servers->mtu);
    ice_servers_free(servers->stun);
    for (size_t i = 0; i < servers->turn_count; i++) {
        struct turn_check *check = &servers->turns[i];
        turn_probe_free(check->probe);
        ice_servers_unwatch(&check->watch);
        ice_servers_free(check->servers);
        free(check->url);
    }
    free(servers);
}

/* Who wants to be seen by one TURN server alone has named it. */
void doctor_servers_take(struct doctor_servers *servers, const struct signal_ice_server *server)
{
    if (servers->config->relay_only)
        return;
    if (strncmp(server->url, "stun:", 5) == 0) {
        ice_servers_take(servers->stun, server->url, NULL, NULL);
        return;
    }
    try_turn(servers, server->url, server->user, server->password, DOCTOR_TURN_NAMED);
    try_beside(servers, server->url, server->user, server->password);
}

static void get_turn(const struct turn_check *check, struct doctor_turn *out)
{
    const char *text;
    *out = (struct doctor_turn){.origin = check->origin, .url = check->url};
    if (!check->probe)
        return;
    out->is_found = true;
    out->state = turn_probe_state(check->probe, &text);
    memcpy(out->text, text, sizeof out->text);
}

bool doctor_servers_are_measured(const struct doctor_servers *servers)
{
    return servers->mtu && !mtu_probe_is_done(servers->mtu);
}

void doctor_servers_get(struct doctor_servers *servers, struct doctor_facts *out)
{
    if (servers->nat) {
        size_t count = nat_probe_get(servers->nat, servers->answers);
        out->stun.is_asked = true;
        out->stun.v4 = nat_judge(servers->answers, count, AF_INET);
        out->stun.v6 = nat_judge(servers->answers, count, AF_INET6);
    }
    if (servers->hairpin)
        out->hairpin = hairpin_probe_get(servers->hairpin);
    if (servers->mtu)
        out->mtu = mtu_probe_get(servers->mtu);
    for (size_t i = 0; i < servers->turn_count; i++)
        get_turn(&servers->turns[i], &out->turns[out->turn_count++]);
}
