/*
 * The program tunnel: options become the config of a tunnel, what that tells
 * becomes lines, and a signal ends it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/descriptors.h"
#include "cli/completion.h"
#include "cli/doctor.h"
#include "cli/fleet.h"
#include "cli/inspect.h"
#include "cli/instance.h"
#include "cli/invitation.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/service.h"
#include "cli/stop.h"
#include "tunnel/tunnel.h"

enum {
    EXIT_MISUSE = 2,
    /* Free memory at the heap's end that stays ours until loop_trim() gives it
     * back. Queues come and go by the megabyte; were each given back at once, a
     * page fault every 4 KiB would be a fifth of the CPU of the end that
     * queues. */
    HEAP_KEPT = 64 << 20,
    /* A client's connection, or one to the upstream, for each stream; those
     * that are idle or being closed, and our own. */
    DESCRIPTORS = MUX_STREAMS_MAX + 512,
    /* Of each consumer: a socket for each of our addresses, mostly. */
    CONSUMER_DESCRIPTORS = 4,
    FLEET_DESCRIPTORS = 64 << 10
};

/* ---- one tunnel ---- */

/* Whoever started us waits until there is a point in it: until the other side
 * can find us at the signal server. That it does may take days. */
static void tell_service(struct service *service, const struct keeper_status *keeper)
{
    static const char *const words[] = {
        [KEEPER_CONNECTING] = "connecting to the signal server",
        [KEEPER_WAITING] = "waiting for the other side",
        [KEEPER_NEGOTIATING] = "connecting to the other side",
        [KEEPER_UP] = "connected directly",
        [KEEPER_RETRYING] = "trying again",
    };
    bool is_last = keeper->state == KEEPER_UP && keeper->path.is_last_resort;
    bool is_relayed = keeper->state == KEEPER_UP && keeper->path.is_relayed;
    if (keeper->state != KEEPER_CONNECTING && keeper->state != KEEPER_RETRYING)
        service_ready(service);
    service_tell(service, keeper->state == KEEPER_RETRYING && keeper->problem ? keeper->problem
                          : is_last    ? "connected by way of the signal server"
                          : is_relayed ? "connected through a relay"
                                       : words[keeper->state]);
}

static void on_status(struct instance *instance, const struct keeper_status *keeper, void *arg)
{
    (void)instance;
    tell_service(arg, keeper);
}

static void on_hangup(void *arg)
{
    struct instance *instance = arg;
    if (!instance_has_files(instance))
        log_info("tunnel: SIGHUP: there is no file to open or read again");
    instance_reopen(instance);
}

/* Threads that wait for a name server would hold up exit(3), for long. */
static void end_loop(struct loop *loop, int status)
{
    if (loop_free(loop))
        return;
    log_close();
    _exit(output_end("tunnel") ? status : EXIT_FAILURE);
}

/* Until a signal; a second one ends the process at once. */
static int run(const struct config *config)
{
    struct loop *loop = loop_new();
    struct stop *stop = stop_new(loop);
    struct service *service = service_new(loop);
    struct instance *instance = instance_new(loop, config, on_status, service);
    if (instance) {
        if (instance_has_files(instance) || service_has_manager(service))
            stop_on_hangup(stop, on_hangup, instance);
        stop_watch(stop);
        instance_tell(instance);
        loop_run(loop);
        instance_tell_end(instance);
    }
    service_stop(service);
    stop_free(stop);
    instance_free(instance);
    service_free(service);
    int status = instance ? EXIT_SUCCESS : EXIT_FAILURE;
    end_loop(loop, status);
    return status;
}

/* ---- those of a file ---- */

static int run_fleet(const struct config *config)
{
    struct loop *loop = loop_new();
    struct stop *stop = stop_new(loop);
    struct service *service = service_new(loop);
    struct fleet *fleet = fleet_new(loop, config->config_file, service);
    if (fleet) {
        stop_on_hangup(stop, fleet_reload, fleet);
        stop_watch(stop);
        loop_run(loop);
    }
    service_stop(service);
    stop_free(stop);
    fleet_free(fleet);
    service_free(service);
    int status = fleet ? EXIT_SUCCESS : EXIT_FAILURE;
    end_loop(loop, status);
    return status;
}

/* ---- the process ---- */

/* What ends by itself: its success is what it prints. */
static int run_errand(const struct config *config)
{
    int status = EXIT_SUCCESS;
    if (config->command == COMMAND_COMPLETION)
        completion_print(config->name);
    else if (config->command & (COMMAND_STATUS | COMMAND_REQUESTS))
        status = inspect_run(config);
    else if (config->command == COMMAND_DOCTOR)
        status = doctor_run(config);
    else
        status = invitation_run(config);
    return output_end("tunnel") ? status : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    descriptors_open_standard();
    log_open("tunnel");
    struct config config;
    switch (options_parse(argc, argv, &config)) {
    case OPTIONS_DONE:
        return output_end("tunnel") ? EXIT_SUCCESS : EXIT_FAILURE;
    case OPTIONS_WRONG:
        return EXIT_MISUSE;
    case OPTIONS_RUN:
        break;
    }
    log_configure(config.log_level, config.log_format);
    alloc_keep(HEAP_KEPT);
    bool is_fleet = config.command == COMMAND_RUN; /* how many is not known yet */
    descriptors_allow(is_fleet ? FLEET_DESCRIPTORS
                               : DESCRIPTORS + CONSUMER_DESCRIPTORS * config.consumers_max);
    signal(SIGPIPE, SIG_IGN); /* a client that went away is an error at write(2) */
    signal(SIGXFSZ, SIG_IGN); /* so is a log that has reached its limit (ulimit -f) */
    bool is_tunnel = config.command == COMMAND_SERVE || config.command == COMMAND_PROXY;
    int status = is_tunnel ? run(&config) : is_fleet ? run_fleet(&config) : run_errand(&config);
    config_deinit(&config);
    log_close();
    return status;
}
