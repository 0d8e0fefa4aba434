/*
 * All checks run at the same time, and together for PATIENCE_US: what has not
 * been answered by then does not answer.
 */
#include "cli/doctor.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "cli/doctor_local.h"
#include "cli/doctor_report.h"
#include "cli/doctor_router.h"
#include "cli/doctor_signal.h"
#include "cli/doctor_upstream.h"
#include "cli/doctor_view.h"
#include "cli/output.h"
#include "rtc/nat_probe.h"
#include "rtc/turn_probe.h"
#include "signal/tracker_place.h"

#define PATIENCE_US (3 * US_PER_S)

/* One server alone does not tell of which kind a NAT is. */
#define SECOND_STUN "stun:stun.cloudflare.com:3478"

struct doctor {
    const struct config *config;
    struct loop *loop;
    struct timer *timer;
    int pending; /* checks under way */
    struct doctor_facts facts;
    char *folder;    /* of the state */
    char *last_text; /* the signal server of the last serve there, or NULL */
    struct url last; /* the same */
    struct ice_servers *servers;
    struct ice_servers_watch watch; /* for the name of the TURN server */
    struct ice_server turn_server;
    struct doctor_signal_probe *signal;
    struct nat_probe *nat;
    struct turn_probe *turn;
    struct doctor_router_probe *router;
    struct doctor_upstream_probe *upstream;
    struct nat_answer answers[NAT_ANSWERS_MAX];
};

static void on_done(void *arg)
{
    struct doctor *doctor = arg;
    if (doctor->pending > 0 && --doctor->pending == 0)
        loop_stop(doctor->loop);
}

static void on_timeout(void *arg)
{
    struct doctor *doctor = arg;
    loop_stop(doctor->loop);
}

/* ---- the signal server ---- */

/* That of the command line, of the first link, or of the last serve here. */
static const struct url *find_signal(struct doctor *doctor, const char **text)
{
    const struct config *config = doctor->config;
    const char *why;
    *text = config->signal_text;
    if (config->signal_origin != SIGNAL_DEFAULT)
        return &config->signal;
    if (config->link_count > 0) {
        *text = config->links[0].signal_text;
        return &config->links[0].signal;
    }
    *text = doctor->last_text;
    if (!doctor->last_text)
        return NULL;
    int error = tracker_place_is_meant(doctor->last_text)
                    ? tracker_place_parse(doctor->last_text, &doctor->last, &why)
                    : url_parse(doctor->last_text, &doctor->last, &why);
    return error == 0 ? &doctor->last : NULL;
}

static void start_signal(struct doctor *doctor)
{
    struct doctor_signal *facts = &doctor->facts.signal;
    const struct url *url = find_signal(doctor, &facts->place);
    facts->is_tracker = url && tracker_place_is_meant(facts->place);
    if (!url || facts->is_tracker)
        return;
    doctor->pending++;
    doctor->signal =
        doctor_signal_new(doctor->loop, url, doctor->config->egress, facts, on_done, doctor);
}

/* ---- STUN and TURN ---- */

static void add_server(struct doctor *doctor, const char *url)
{
    const char *why; /* it was checked where it was taken */
    ice_servers_add(doctor->servers, url, doctor->config->turn_user, doctor->config->turn_pass,
                    &why);
}

static void start_stun(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    for (size_t i = 0; i < config->stun_count; i++)
        add_server(doctor, config->stun[i]);
    if (config->stun_count == 1 && strcmp(config->stun[0], CONFIG_STUN_DEFAULT) == 0)
        add_server(doctor, SECOND_STUN);
    if (config->stun_count == 0 || config->relay_only)
        return;
    doctor->facts.stun.is_asked = true;
    doctor->pending++;
    doctor->nat = nat_probe_new(doctor->loop, doctor->servers, on_done, doctor);
}

/* Once its name is looked up. */
static void start_turn_probe(void *arg)
{
    struct doctor *doctor = arg;
    struct ice_server found[ICE_ADDRESSES_MAX];
    int count = ice_servers_get(doctor->servers, found, ICE_ADDRESSES_MAX);
    for (int i = 0; i < count && !doctor->turn; i++) {
        if (found[i].type != ICE_SERVER_TURN)
            continue;
        doctor->turn = turn_probe_new(doctor->loop, doctor->servers, &found[i], on_done, doctor);
    }
}

static void start_turn(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    if (!config->turn)
        return;
    doctor->facts.turn.is_asked = true;
    doctor->facts.turn.url = config->turn;
    doctor->pending++;
    add_server(doctor, config->turn);
    doctor->watch.on_change = start_turn_probe;
    doctor->watch.arg = doctor;
    ice_servers_watch(doctor->servers, &doctor->watch);
    start_turn_probe(doctor);
}

static void start_servers(struct doctor *doctor)
{
    doctor->servers = ice_servers_new(doctor->loop);
    ice_servers_set_egress(doctor->servers, doctor->config->egress);
    start_stun(doctor);
    start_turn(doctor);
}

/* ---- all ---- */

static void start(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    struct doctor_facts *facts = &doctor->facts;
    facts->is_near = config->is_near;
    facts->takes_relay = config->signal_relay && !config->relay_only;
    facts->is_relay_only = config->relay_only;
    doctor->last_text = doctor_local_state(config, facts, &doctor->folder);
    facts->lan_interfaces = config->is_near ? doctor_local_lan(doctor->loop, config) : 0;
    start_signal(doctor);
    start_servers(doctor);
    if (!config->relay_only) {
        doctor->pending++;
        doctor->router = doctor_router_new(doctor->loop, on_done, doctor);
    }
    if (config->upstream_text) {
        doctor->pending++;
        doctor->upstream =
            doctor_upstream_new(doctor->loop, config, &facts->upstream, on_done, doctor);
    }
}

static void collect(struct doctor *doctor)
{
    struct doctor_facts *facts = &doctor->facts;
    const char *text;
    if (doctor->nat) {
        size_t count = nat_probe_get(doctor->nat, doctor->answers);
        facts->stun.v4 = doctor_nat_judge(doctor->answers, count, AF_INET);
        facts->stun.v6 = doctor_nat_judge(doctor->answers, count, AF_INET6);
    }
    if (doctor->turn) {
        facts->turn.is_found = true;
        facts->turn.state = turn_probe_state(doctor->turn, &text);
        memcpy(facts->turn.text, text, sizeof facts->turn.text);
    }
    if (doctor->router)
        facts->router = doctor_router_get(doctor->router, facts->router_text);
}

static int tell(const struct doctor *doctor)
{
    struct doctor_report report;
    doctor_report(&doctor->facts, &report);
    if (doctor->config->wants_json)
        doctor_view_print_json(&report);
    else
        doctor_view_print(&report);
    return doctor_exit_status(&report);
}

static void end(struct doctor *doctor)
{
    doctor_signal_free(doctor->signal);
    nat_probe_free(doctor->nat);
    turn_probe_free(doctor->turn);
    doctor_upstream_free(doctor->upstream);
    if (doctor->facts.turn.is_asked)
        ice_servers_unwatch(&doctor->watch);
    ice_servers_free(doctor->servers);
    timer_free(doctor->timer);
    url_deinit(&doctor->last);
    free(doctor->last_text);
    free(doctor->folder);
    doctor_router_free(doctor->router);
}

int doctor_run(const struct config *config)
{
    struct doctor doctor = {.config = config, .loop = loop_new()};
    doctor.timer = timer_new(doctor.loop, on_timeout, &doctor);
    timer_start_in(doctor.timer, PATIENCE_US);
    start(&doctor);
    if (doctor.pending > 0)
        loop_run(doctor.loop);
    bool is_late = doctor.pending > 0;
    doctor.pending = 0; /* what comes now comes too late */
    collect(&doctor);
    int status = tell(&doctor);
    end(&doctor);
    if (is_late) /* threads may wait for a name server or a router, for long */
        _exit(output_end("tunnel") ? status : EXIT_FAILURE);
    loop_free(doctor.loop);
    return status;
}
