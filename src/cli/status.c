/*
 * A server that cannot be reached, or does not let us in, is tried for ever. As
 * long as the reason is the same, a log gets no more of it, and on a terminal
 * the last line is written anew, while nothing comes behind it.
 */
#include "cli/status.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log_limit.h"
#include "cli/amount.h"
#include "cli/caveats.h"
#include "cli/exchange_line.h"
#include "cli/news.h"
#include "cli/path_news.h"
#include "signal/room_name.h"
#include "signal/tracker_place.h"
#include "tunnel/origin.h"

/* What was told of one link, or of the only room. */
struct story {
    char *problem; /* of the tries under way, or NULL */
    unsigned tries;
    bool has_connected; /* or tried to: where is known */
};

struct status {
    const struct config *config;
    struct news news;
    char *listen; /* of a proxy: "HOST:PORT" */
    char *tools;  /* the same as a URL of clients on this machine */
    struct story stories[CONFIG_LINKS_MAX];
    struct story *story;     /* of the keeper that tells */
    const char *signal;      /* where that meets the other side */
    const struct url *place; /* the same */
    struct bucket exchanges; /* lines about them */
    uint64_t untold;         /* exchanges since the last that had a line */
    bool is_ready_told;      /* where clients connect, which is one for all links */
};

/* --- start ---------------------------------------------------------------- */

struct status *status_new(const struct config *config)
{
    struct status *status = xcalloc(1, sizeof *status);
    status->config = config;
    status->news.format = config->log_format;
    status->news.name = config->instance;
    if (config->room)
        room_name_fingerprint(config->room, status->news.room);
    return status;
}

void status_free(struct status *status)
{
    free(status->listen);
    free(status->tools);
    for (size_t i = 0; i < CONFIG_LINKS_MAX; i++)
        free(status->stories[i].problem);
    free(status);
}

static void name_addresses(struct status *status, uint16_t port)
{
    const char *host = status->config->listen_host;
    const char *loopback = listen_address_loopback(host);
    status->listen = listen_address_format(host, port);
    char *tools = listen_address_format(loopback ? loopback : host, port);
    status->tools = xasprintf("%s://%s", config_listen_scheme(status->config), tools);
    free(tools);
}

void status_print_start(struct status *status, uint16_t listen_port)
{
    const struct config *config = status->config;
    char room[sizeof "room " + LOG_REDACTED_LEN] = "room ";
    log_redact(config->room ? config->room : "", room + strlen(room));
    const char *way = config->room              ? room
                      : config->link_count == 0 ? "by invitation"
                      : config->link_count == 1 ? "by a link"
                                                : "by links";
    bool is_proxy = config->command == COMMAND_PROXY;
    if (is_proxy)
        name_addresses(status, listen_port);
    const struct log_field fields[] = {{is_proxy ? "listen" : "upstream",
                                        is_proxy ? status->listen : config->upstream_text, 0},
                                       {0}};
    if (is_proxy)
        news_print(&status->news, MARK_STEP, "start", fields, "proxy %s: listening on %s://%s, %s",
                   TUNNEL_VERSION, config_listen_scheme(config), status->listen, way);
    else
        news_print(&status->news, MARK_STEP, "start", fields, "serve %s: %s, %s", TUNNEL_VERSION,
                   config->upstream_text, way);
    caveats_print(&status->news, config, listen_port);
}

/* --- the keeper ----------------------------------------------------------- */

/* Who it is, where that is told: a provider has many, a consumer seldom more
 * than one. */
static const char *name_of(const struct status *status, const struct keeper_status *keeper)
{
    bool is_told = status->config->command == COMMAND_SERVE || keeper->partners > 1;
    return is_told && keeper->name && *keeper->name ? keeper->name : NULL;
}

static void print_parted(struct status *status, const struct keeper_status *keeper)
{
    const struct log_field fields[] = {{"partners", NULL, (double)keeper->partners},
                                       {"problem", keeper->problem, 0},
                                       {"partner", keeper->name, 0},
                                       {0}};
    news_print(&status->news, keeper->is_goodbye ? MARK_STEP : MARK_BAD, "parted", fields,
               "%s has gone: %s; still connected: %zu", keeper->name,
               keeper->problem ? keeper->problem : "its session is over", keeper->partners);
}

static void print_ready(struct status *status)
{
    status->is_ready_told = true;
    status->news.link = 0;
    if (status->listen && status->config->listen_is_tcp)
        news_print(&status->news, MARK_GOOD, "ready", NULL,
                   "what connects to %s talks to the upstream", strchr(status->tools, '/') + 2);
    else if (status->listen)
        news_print(&status->news, MARK_GOOD, "ready", NULL,
                   "point your tools at %s (OpenAI clients: base URL %s/v1)", status->tools,
                   status->tools);
    else
        news_print(&status->news, MARK_GOOD, "ready", NULL, "serving %s",
                   status->config->upstream_text);
}

static void print_up(struct status *status, const struct keeper_status *keeper)
{
    const struct peer_path *path = &keeper->path;
    const char *name = name_of(status, keeper);
    struct log_field fields[6] = {{"path", path_word(path), 0},
                                  {"local", path->local, 0},
                                  {"remote", path->remote, 0}};
    struct log_field *more = fields + 3;
    if (!keeper->is_path_news)
        *more++ = (struct log_field){"rtt_ms", NULL, (double)keeper->rtt_us / (double)US_PER_MS};
    if (name)
        *more++ = (struct log_field){"partner", name, 0};
    path_news_print(&status->news, keeper, name, fields);
    bool is_told = status->config->link_count > 1 ? status->is_ready_told : keeper->partners > 1;
    if (!is_told && !keeper->is_path_news) /* it is the same for all */
        print_ready(status);
}

static void print_problem(struct status *status, const struct keeper_status *keeper)
{
    const struct log_field fields[] = {{"problem", keeper->problem, 0}, {0}};
    if (keeper->problem)
        news_print(&status->news, keeper->is_goodbye ? MARK_STEP : MARK_BAD, "problem", fields,
                   "%s", keeper->problem);
}

static void print_first_try(struct status *status, const struct keeper_status *keeper)
{
    double seconds = (double)keeper->retry_in_us / (double)US_PER_S;
    const struct log_field fields[] = {{"retry_in_s", NULL, seconds},
                                       {keeper->problem ? "problem" : NULL, keeper->problem, 0},
                                       {0}};
    if (keeper->problem && !news_is_for_person(&status->news)) {
        news_print(&status->news, keeper->is_goodbye ? MARK_STEP : MARK_BAD, "retrying", fields,
                   "%s; trying again in %.1f s", keeper->problem, seconds);
        return;
    }
    print_problem(status, keeper);
    news_print(&status->news, MARK_LIVE, "retrying", fields, "trying again in %.1f s", seconds);
}

/* It goes on trying, and the same failure once more is no news: a person sees
 * that time goes on, a log holds what changes. */
static void print_retry(struct status *status, const struct keeper_status *keeper)
{
    bool is_known = keeper->problem && status->story->problem &&
                    strcmp(keeper->problem, status->story->problem) == 0;
    if (!is_known) {
        free(status->story->problem);
        status->story->problem = keeper->problem ? xstrdup(keeper->problem) : NULL;
        status->story->tries = 1;
        print_first_try(status, keeper);
        return;
    }
    status->story->tries++;
    if (news_is_for_person(&status->news))
        news_print(&status->news, MARK_LIVE, "retrying", NULL,
                   "still so after %u tries; again in %.1f s", status->story->tries,
                   (double)keeper->retry_in_us / (double)US_PER_S);
}

static void print_connecting(struct status *status)
{
    const struct config *config = status->config;
    const struct log_field fields[] = {{"signal", status->signal, 0}, {0}};
    static const struct {
        const char *before, *after;
    } origins[] = {
        [SIGNAL_DEFAULT] = {", which is only the default: ", " names yours"},
        [SIGNAL_COMPLETED] = {" (what ", " means without ws:// or wss://)"},
    };
    if (status->story->problem)
        return;
    char *place = tracker_place_is(status->place)
                      ? tracker_place_describe(status->place)
                      : xasprintf("the signal server %s", status->signal);
    bool is_plain = status->story->has_connected || config->signal_origin == SIGNAL_GIVEN;
    news_print(&status->news, MARK_STEP, "connecting", fields, "connecting to %s%s%s%s", place,
               is_plain ? "" : origins[config->signal_origin].before,
               is_plain ? "" : wording_given(&config->wording, "--signal"),
               is_plain ? "" : origins[config->signal_origin].after);
    free(place);
    status->story->has_connected = true;
}

/* Both ends print these, to be compared. */
static void print_alone(struct status *status)
{
    const char *server = status->signal;
    const struct log_field fields[] = {{"signal", server, 0}, {0}};
    if (!status->config->room) {
        news_print(&status->news, MARK_STEP, "alone", fields,
                   "still waiting at %s: does the other side run?", server);
        return;
    }
    news_print(
        &status->news, MARK_STEP, "alone", fields,
        "still waiting; this room's fingerprint is %s, the signal server %s: does the other side "
        "say the same?",
        status->news.room, server);
}

static void print_keeper(struct status *status, const struct keeper_status *keeper)
{
    const char *other = status->config->command == COMMAND_SERVE ? "tunnel proxy" : "tunnel serve";
    if (keeper->state == KEEPER_RETRYING) {
        print_retry(status, keeper);
        return;
    }
    if (keeper->is_slow && status->story->problem)
        return; /* it has failed before, and goes on so */
    if (keeper->has_parted) {
        print_parted(status, keeper);
        return;
    }
    print_problem(status, keeper);
    if (keeper->state == KEEPER_CONNECTING) {
        if (!keeper->is_slow)
            print_connecting(status);
        return;
    }
    /* Whatever fails from now on is news. */
    free(status->story->problem);
    status->story->problem = NULL;
    if (keeper->is_alone)
        print_alone(status);
    else if (keeper->state == KEEPER_WAITING)
        news_print(&status->news, MARK_STEP, "waiting", NULL,
                   "waiting for the other side: run `%s`%s", other,
                   status->config->room ? " with the same --room and --signal" : " there");
    else if (keeper->state == KEEPER_NEGOTIATING)
        news_print(&status->news, MARK_STEP, "negotiating", NULL,
                   "the other side is here, connecting to it");
    else
        print_up(status, keeper);
}

void status_print_keeper(struct status *status, size_t link, const struct keeper_status *keeper)
{
    const struct config *config = status->config;
    status->story = &status->stories[link];
    status->signal = config->link_count > 0 ? config->links[link].signal_text : config->signal_text;
    status->place = config->link_count > 0 ? &config->links[link].signal : &config->signal;
    status->news.link = config->link_count > 1 ? (unsigned)link + 1 : 0;
    print_keeper(status, keeper);
    status->news.link = 0;
}

/* --- others --------------------------------------------------------------- */

void status_print_upstream(struct status *status, const char *why)
{
    const struct log_field fields[] = {{"upstream", status->config->upstream_text, 0}, {0}};
    news_print(&status->news, MARK_BAD, "upstream", fields, "the upstream %s: %s",
               status->config->upstream_text, why);
}

/* Who asks a thousand times a second must not make us write as often, nor as
 * much as think of what we would. */
void status_print_exchange(struct status *status, const struct exchange_record *record)
{
    struct log_field fields[NEWS_FIELDS_MAX];
    char line[EXCHANGE_LINE_MAX];
    char more[48] = "";
    char who[16] = "";
    bool is_provider = status->config->command == COMMAND_SERVE;
    bool is_bad = is_provider && record->end == EXCHANGE_FAILED;
    if (!log_is_enabled(is_bad ? LOG_WARN : LOG_INFO))
        return;
    uint64_t now_us = record->begun_us + record->end_us;
    if (!bucket_take(&status->exchanges, LOG_KIND_PER_S, LOG_KIND_BURST, now_us)) {
        status->untold++;
        return;
    }
    if (status->untold > 0)
        snprintf(more, sizeof more, " (and %llu more)", (unsigned long long)status->untold);
    status->untold = 0;
    if (record->provider_kind == PROVIDER_IN_ROOM)
        snprintf(who, sizeof who, "#%u: ", record->provider);
    exchange_line_fields(record, fields);
    status->news.link = record->provider_kind == PROVIDER_OF_LINK ? record->provider : 0;
    news_print(&status->news, is_bad ? MARK_BAD : MARK_STEP, "exchange", fields, "%s%s%s", who,
               exchange_line_format(record, line), more);
    status->news.link = 0;
}

/* As ping(8) does: what there was of it. */
void status_print_stop(struct status *status, const struct tunnel *tunnel)
{
    const struct exchange_totals *totals = &tunnel_history(tunnel)->totals;
    struct tunnel_status now;
    tunnel_status(tunnel, &now);
    const struct peer_stats *peer = &now.keeper.session.peer;
    unsigned long long count = exchange_totals_count(totals);
    char up[AMOUNT_MAX], down[AMOUNT_MAX];
    const struct log_field fields[] = {
        {"exchanges", NULL, (double)count},
        {"request_bytes", NULL, (double)totals->request_bytes},
        {"response_bytes", NULL, (double)totals->response_bytes},
        {now.keeper.partners > 0 ? "rtt_ms" : NULL, NULL, (double)peer->rtt_us / US_PER_MS},
        {"sent_packets", NULL, (double)peer->sent_packets},
        {"lost_chunks", NULL, (double)peer->lost_chunks},
        {0},
    };
    if (count > 0)
        news_print(&status->news, MARK_STEP, "stop", fields,
                   "closing; %llu exchange%s, %s up, %s down", count, count == 1 ? "" : "s",
                   amount_format_size(totals->request_bytes, up),
                   amount_format_size(totals->response_bytes, down));
    else
        news_print(&status->news, MARK_STEP, "stop", fields, "closing");
}
