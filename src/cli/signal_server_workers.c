#include "cli/signal_server_workers.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "cli/certificate.h"
#include "cli/metrics_server.h"
#include "cli/signal_server_metrics.h"
#include "cli/stop.h"
#include "cli/worker_parent.h"

/* The first worker answers for all: each sees the board. */
static struct metrics_server *take_metrics(struct signal_server_workers *all, struct loop *loop,
                                           struct signal_server *server)
{
    const struct metrics_source source = {signal_server_metrics_write,
                                          signal_server_metrics_unready, server};
    struct metrics_server *metrics =
        metrics_server_adopt(loop, all->options->metrics_host, &all->metrics, &source);
    metrics_server_tell(metrics);
    return metrics;
}

static void on_hangup(void *tls)
{
    if (tls)
        certificate_reload(tls);
}

static void on_orphaned(int events, void *loop)
{
    (void)events;
    loop_stop(loop);
}

static void on_stopped(void *loop)
{
    loop_stop(loop);
}

/* A worker's whole life. */
static int live(int index, int lifeline, void *arg)
{
    struct signal_server_workers *all = arg;
    const struct worker worker = {all->workers, index};
    struct signal_server_config config = all->options->server;
    struct signal_server *server = NULL;
    struct metrics_server *metrics = NULL;
    struct loop *loop = loop_new();
    workers_keep_own(all->workers, index);
    config.worker = &worker;
    int error = signal_server_new(loop, &config, &server);
    assert(error == 0); /* it listens already */
    (void)error;
    if (index == 0 && all->metrics.count > 0)
        metrics = take_metrics(all, loop, server);
    listening_close(&all->metrics);
    struct stop *stop = stop_new(loop);
    stop_watch(stop);
    if (all->stays_at_hangup)
        stop_on_hangup(stop, on_hangup, all->tls);
    worker_take_signals();
    struct fd_watch *watch = fd_watch_new(loop, lifeline, FD_READABLE, on_orphaned, loop);
    loop_run(loop);
    const char *why = stop_signal(stop);
    log_info("worker %d: %s: closing", index, why ? why : "its parent is gone");
    fd_watch_free(watch);
    stop_free(stop);
    signal_server_stop(server, on_stopped, loop);
    loop_run(loop);
    metrics_server_free(metrics);
    signal_server_close(server);
    loop_free(loop);
    return EXIT_SUCCESS;
}

static void on_death(int index, void *arg)
{
    struct signal_server_workers *all = arg;
    workers_bury(all->workers, index);
}

/* In silence: the workers tell, and have the same. */
static void on_parent_hangup(void *arg)
{
    struct signal_server_workers *all = arg;
    char *why;
    if (all->tls && tls_server_reload(all->tls, &why) < 0)
        free(why);
}

static void on_start(void *arg)
{
    struct signal_server_workers *all = arg;
    all->tell(all);
    service_ready(all->service);
}

int signal_server_workers_run(struct signal_server_workers *all)
{
    all->service = service_new(NULL);
    all->stays_at_hangup = all->tls || service_has_manager(all->service);
    const struct worker_parent parent = {
        .count = all->workers->count,
        .run = live,
        .on_death = on_death,
        .on_start = on_start,
        .on_hangup = on_parent_hangup,
        .arg = all,
        .reads_again = all->stays_at_hangup,
        .service = all->service,
    };
    int status = worker_parent_run(&parent);
    service_free(all->service);
    return status;
}
