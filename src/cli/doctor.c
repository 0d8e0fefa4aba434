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
#include "cli/doctor_servers.h"
#include "cli/doctor_signal.h"
#include "cli/doctor_upstream.h"
#include "cli/doctor_view.h"
#include "cli/doctor_wait.h"
#include "cli/output.h"
#include "net/tls.h"
#include "signal/tracker_place.h"
#include "tunnel/inquiry.h"

#define PATIENCE_US      (3 * US_PER_S)
#define PATIENCE_MORE_US (5 * US_PER_S) /* for the other side, or a measure that takes its time */

struct doctor {
    const struct config *config;
    struct doctor_wait wait;
    struct timer *timer;
    bool is_asking;   /* the other side of a link */
    bool is_extended; /* its time is over once already */
    struct doctor_facts facts;
    char *folder;    /* of the state */
    char *last_text; /* the signal server of the last serve there, or NULL */
    struct url last; /* the same */
    struct doctor_servers *servers;
    struct doctor_signal_probe *signal;
    struct inquiry *inquiry;
    struct tls_client *tls; /* of the inquiry; NULL without TLS */
    struct doctor_router_probe *router;
    struct doctor_upstream_probe *upstream;
};

/* Of a signal server that is not reached nobody is asked. */
static void on_timeout(void *arg)
{
    struct doctor *doctor = arg;
    bool is_asking = doctor->is_asking && doctor->facts.signal.answer == DOCTOR_FINE;
    bool has_reason = is_asking || doctor_servers_are_measured(doctor->servers);
    if (has_reason && !doctor->is_extended)
        timer_start_in(doctor->timer, PATIENCE_MORE_US);
    else
        loop_stop(doctor->wait.loop);
    doctor->is_extended = true;
}

/* ---- what the signal server names ---- */

static void on_server(const struct signal_ice_server *server, void *arg)
{
    struct doctor *doctor = arg;
    doctor_servers_take(doctor->servers, server);
}

static void on_relay(uint64_t rate, void *arg)
{
    struct doctor *doctor = arg;
    doctor->facts.takes_relay &= rate > 0;
}

static void on_other(void *arg)
{
    struct doctor *doctor = arg;
    doctor->facts.other.answer = DOCTOR_SILENT;
}

static void on_report(const struct report *report, void *arg)
{
    struct doctor *doctor = arg;
    doctor->facts.other.answer = DOCTOR_FINE;
    doctor->facts.other.report = *report;
}

static void on_inquired(void *arg)
{
    struct doctor *doctor = arg;
    doctor->is_asking = false;
    doctor_wait_end(&doctor->wait);
}

static void start_inquiry(struct doctor *doctor, const struct url *url)
{
    static const struct inquiry_handlers handlers = {.on_server = on_server,
                                                     .on_relay = on_relay,
                                                     .on_other = on_other,
                                                     .on_report = on_report,
                                                     .on_done = on_inquired};
    const struct config *config = doctor->config;
    const struct link *link = config->link_count > 0 ? &config->links[0] : NULL;
    if (url->is_tls)
        tls_client_new(NULL, false, &doctor->tls); /* the system's store is always there */
    const struct signal_way way = {.url = url,
                                   .tls = doctor->tls,
                                   .egress = doctor->config->egress};
    doctor_wait_begin(&doctor->wait);
    doctor->is_asking = link != NULL;
    doctor->inquiry = inquiry_new(doctor->wait.loop, &way, link, &handlers, doctor);
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
    doctor_wait_begin(&doctor->wait);
    doctor->signal = doctor_signal_new(doctor->wait.loop, url, doctor->config->egress, facts,
                                       doctor_wait_end, &doctor->wait);
    start_inquiry(doctor, url);
}

/* ---- all ---- */

static void start(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    struct doctor_facts *facts = &doctor->facts;
    facts->is_near = config->is_near;
    facts->other.is_asked = config->link_count > 0;
    facts->takes_relay = config->signal_relay && !config->relay_only;
    facts->is_relay_only = config->relay_only;
    doctor->last_text = doctor_local_state(config, facts, &doctor->folder);
    facts->lan_interfaces = config->is_near ? doctor_local_lan(doctor->wait.loop, config) : 0;
    doctor->servers = doctor_servers_new(config, &doctor->wait);
    start_signal(doctor);
    if (!config->relay_only) {
        doctor_wait_begin(&doctor->wait);
        doctor->router = doctor_router_new(doctor->wait.loop, doctor_wait_end, &doctor->wait);
    }
    if (config->upstream_text) {
        doctor_wait_begin(&doctor->wait);
        doctor->upstream = doctor_upstream_new(doctor->wait.loop, config, &facts->upstream,
                                               doctor_wait_end, &doctor->wait);
    }
}

static void collect(struct doctor *doctor)
{
    struct doctor_facts *facts = &doctor->facts;
    doctor_servers_get(doctor->servers, facts);
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
    inquiry_free(doctor->inquiry);
    doctor_servers_free(doctor->servers);
    doctor_upstream_free(doctor->upstream);
    tls_client_free(doctor->tls);
    timer_free(doctor->timer);
    url_deinit(&doctor->last);
    free(doctor->last_text);
    free(doctor->folder);
    doctor_router_free(doctor->router);
}

int doctor_run(const struct config *config)
{
    struct doctor doctor = {.config = config, .wait = {.loop = loop_new()}};
    doctor.timer = timer_new(doctor.wait.loop, on_timeout, &doctor);
    timer_start_in(doctor.timer, PATIENCE_US);
    start(&doctor);
    if (doctor.wait.pending > 0)
        loop_run(doctor.wait.loop);
    bool is_late = doctor.wait.pending > 0;
    doctor.wait.pending = 0; /* what comes now comes too late */
    collect(&doctor);
    int status = tell(&doctor);
    end(&doctor);
    /* Threads may wait for a name server or a router, for long. */
    if (is_late || !loop_free(doctor.wait.loop))
        _exit(output_end("tunnel") ? status : EXIT_FAILURE);
    return status;
}
