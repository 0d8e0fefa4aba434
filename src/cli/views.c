#include "cli/views.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cli/access_log.h"
#include "cli/control.h"
#include "cli/control_path.h"
#include "cli/listen_name.h"
#include "cli/metrics_server.h"
#include "cli/tunnel_metrics.h"

struct views {
    const struct config *config;
    const struct tunnel *tunnel;
    struct control *control;        /* NULL: none */
    struct metrics_server *metrics; /* NULL: none */
    struct access_log *access_log;  /* NULL: none */
};

static const char *explain(int error)
{
    switch (error) {
    case -EADDRINUSE:
        return "something else listens there, or stands there";
    case -ENAMETOOLONG:
        return "the path is longer than 107 bytes";
    default:
        return strerror(-error);
    }
}

/* path: of a socket that cannot be; NULL: there is none. */
static void tell_unasked(const struct config *config, const char *path, const char *why)
{
    char *other = wording_lacking(&config->wording, "--control");
    log_info("control: `tunnel status` cannot ask this one: there is no socket%s%s: %s; %s names "
             "a place for one",
             path ? " " : "", path ? path : "", why, other);
    free(other);
}

/* Without --control a tunnel does without where it must, as in a container that
 * has no home. */
static bool open_control(struct views *views, struct loop *loop)
{
    const struct config *config = views->config;
    char *why = NULL;
    char *path = config->has_no_control ? NULL : control_path_own(config, &why);
    int error = path ? control_new(loop, path, config, views->tunnel, &views->control) : 0;
    bool is_asked_for = config->control != NULL;
    if (error < 0 && is_asked_for)
        fprintf(stderr, "tunnel: %s '%s' cannot be: %s\n",
                wording_given(&config->wording, "--control"), path, explain(error));
    else if (error < 0 || why)
        tell_unasked(config, path, why ? why : explain(error));
    free(why);
    free(path);
    return error == 0 || !is_asked_for;
}

static void write_metrics(struct metrics *metrics, void *arg)
{
    const struct views *views = arg;
    tunnel_metrics_write(metrics, views->tunnel, views->config);
}

static const char *unready(void *arg)
{
    const struct views *views = arg;
    return tunnel_metrics_unready(views->tunnel, views->config);
}

static bool open_metrics(struct views *views, struct loop *loop)
{
    const struct config *config = views->config;
    const struct metrics_source source = {write_metrics, unready, views};
    if (config->metrics_host) {
        const struct metrics_place place = {"tunnel", wording_given(&config->wording, "--metrics"),
                                            config->metrics_host, config->metrics_port};
        listen_name_tell(config, "--metrics", config->metrics_host);
        views->metrics = metrics_server_new(loop, &place, &source);
    }
    return views->metrics || !config->metrics_host;
}

static bool open_access_log(struct views *views)
{
    const struct config *config = views->config;
    enum access_log_form form = config->is_access_log_json ? ACCESS_LOG_JSON : ACCESS_LOG_COMBINED;
    int error =
        config->access_log ? access_log_new(config->access_log, form, &views->access_log) : 0;
    if (error < 0)
        fprintf(stderr, "tunnel: %s '%s' cannot be opened: %s\n",
                wording_given(&config->wording, "--access-log"), config->access_log,
                strerror(-error));
    return error == 0;
}

struct views *views_new(struct loop *loop, const struct config *config, const struct tunnel *tunnel)
{
    struct views *views = xcalloc(1, sizeof *views);
    views->config = config;
    views->tunnel = tunnel;
    if (open_access_log(views) && open_control(views, loop) && open_metrics(views, loop))
        return views;
    views_free(views);
    return NULL;
}

void views_tell(const struct views *views)
{
    metrics_server_tell(views->metrics);
}

void views_on_exchange(struct views *views)
{
    const struct history *history = tunnel_history(views->tunnel);
    if (views->control)
        control_on_exchange(views->control);
    if (views->access_log)
        access_log_write(views->access_log, history_find(history, history->count));
}

void views_reopen(struct views *views)
{
    if (views->access_log)
        access_log_reopen(views->access_log);
}

void views_free(struct views *views)
{
    if (!views)
        return;
    control_free(views->control);
    metrics_server_free(views->metrics);
    access_log_free(views->access_log);
    free(views);
}
