#include "cli/tunnel_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/path_news.h"

enum { UNDER_WAY_MAX = 100 /* exchanges that are told one by one: the oldest */ };

static double seconds(uint64_t us)
{
    return (double)us / (double)US_PER_S;
}

static void set_int(json_t *object, const char *name, uint64_t value)
{
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

/* What a peer wrote may be no UTF-8. */
static void set_text(json_t *object, const char *name, const char *text)
{
    json_t *value = json_string(text);
    json_object_set_new(object, name, value ? value : json_string("?"));
}

static void set_time(json_t *object, const char *name, uint64_t us)
{
    if (us != TIME_NEVER)
        json_object_set_new(object, name, json_real((double)us / (double)US_PER_MS));
}

/* The line, with its end; frees the object. */
static char *line_of(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6));
    char *line = xasprintf("%s\n", text);
    free(text);
    json_decref(object);
    return line;
}

/* ---- exchanges ---- */

/* RFC 3339, of what was so long ago. */
static void set_moment(json_t *object, const char *name, uint64_t ago_us)
{
    char text[sizeof "2026-11-30T17:00:00.000Z"];
    struct timespec now;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - (int64_t)(ago_us / US_PER_MS);
    time_t whole = (time_t)(ms / 1000);
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", gmtime_r(&whole, &tm));
    snprintf(text + len, sizeof text - len, ".%03dZ", (int)(ms % 1000));
    set_text(object, name, text);
}

/* A stream's tokens come between its first byte and its end, those of one piece
 * between its request and its end. */
static void set_tokens(json_t *object, const struct exchange_record *r, uint64_t until_us)
{
    const struct token_meter *meter = &r->tokens;
    uint64_t count = token_meter_count(meter);
    uint64_t since_us = meter->source == TOKENS_JSON ? 0 : r->first_byte_us;
    if (count == 0)
        return;
    if (meter->events > 0)
        set_int(object, "events", meter->events);
    if (meter->prompt > 0)
        set_int(object, "prompt_tokens", meter->prompt);
    if (meter->completion > 0)
        set_int(object, "completion_tokens", meter->completion);
    if (since_us < until_us)
        json_object_set_new(object, "tokens_per_s",
                            json_real((double)count / seconds(until_us - since_us)));
}

/* As the log and the status page call it. */
static void set_provider(json_t *object, const struct exchange_record *r)
{
    char name[16];
    const char *before = r->provider_kind == PROVIDER_OF_LINK ? "link " : "#";
    if (r->provider == 0)
        return;
    set_int(object, "provider", r->provider);
    snprintf(name, sizeof name, "%s%u", before, r->provider);
    if (r->provider_kind != PROVIDER_ALONE)
        set_text(object, "provider_name", name);
}

/* What is known at any time; us: for how long it has lasted. */
static json_t *exchange_of(const struct exchange_record *r, uint64_t us)
{
    json_t *object = json_object();
    set_moment(object, "begun", clock_now_us() - r->begun_us);
    if (r->device[0])
        set_text(object, "device", r->device);
    if (r->consumer > 0)
        set_int(object, "consumer", r->consumer);
    set_provider(object, r);
    set_text(object, "method", r->method);
    set_text(object, "target", r->target);
    if (r->status > 0)
        set_int(object, "status", (uint64_t)r->status);
    set_int(object, "request_bytes", r->request_bytes);
    set_int(object, "response_bytes", r->response_bytes);
    set_time(object, "head_ms", r->head_us);
    set_time(object, "first_byte_ms", r->first_byte_us);
    set_time(object, "duration_ms", us);
    set_tokens(object, r, us);
    return object;
}

char *tunnel_json_exchange(const struct history_entry *entry)
{
    const struct exchange_record *r = &entry->record;
    json_t *object = exchange_of(r, r->end_us);
    set_int(object, "number", entry->number);
    set_text(object, "end", exchange_end_name(r->end));
    if (entry->reason[0])
        set_text(object, "reason", entry->reason);
    if (r->tries > 1)
        set_int(object, "tries", r->tries);
    return line_of(object);
}

static json_t *under_way(const struct history *history)
{
    json_t *array = json_array();
    uint64_t now_us = clock_now_us();
    int left = UNDER_WAY_MAX;
    LIST_EACH(link, next, &history->under_way) {
        const struct exchange_record *r = LIST_ENTRY(link, struct exchange_record, link);
        if (left-- > 0)
            json_array_append_new(array, exchange_of(r, now_us - r->begun_us));
    }
    return array;
}

static json_t *totals_of(const struct history *history)
{
    const struct exchange_totals *totals = &history->totals;
    json_t *object = json_object();
    json_t *ends = json_object();
    for (int i = 0; i < EXCHANGE_ENDS; i++)
        set_int(ends, exchange_end_name((enum exchange_end)i), totals->ends[i]);
    set_int(object, "exchanges", exchange_totals_count(totals));
    json_object_set_new(object, "ends", ends);
    set_int(object, "request_bytes", totals->request_bytes);
    set_int(object, "response_bytes", totals->response_bytes);
    set_int(object, "prompt_tokens", totals->prompt_tokens);
    set_int(object, "completion_tokens", totals->completion_tokens);
    return object;
}

/* ---- sessions ---- */

static void add_partner(size_t link, const struct partner_view *partner, void *arg)
{
    const struct session_stats *session = &partner->session;
    const struct peer_stats *peer = &session->peer;
    json_t *object = json_object();
    set_text(object, "name", partner->name);
    set_int(object, "link", link + 1);
    set_text(object, "path", path_word(&peer->path));
    set_text(object, "local", peer->path.local);
    set_text(object, "remote", peer->path.remote);
    set_time(object, "round_trip_ms", session->rtt_us > 0 ? session->rtt_us : peer->rtt_us);
    set_time(object, "transport_round_trip_ms", peer->rtt_us);
    json_object_set_new(object, "up_s", json_real(seconds(session->ready_us)));
    set_int(object, "streams", session->streams);
    set_int(object, "sent_bytes", peer->sent_bytes);
    set_int(object, "received_bytes", peer->received_bytes);
    set_int(object, "sent_packets", peer->sent_packets);
    set_int(object, "received_packets", peer->received_packets);
    set_int(object, "lost_chunks", peer->lost_chunks);
    set_int(object, "retransmitted_chunks", peer->retransmitted_chunks);
    set_int(object, "timeouts", peer->timeouts);
    set_int(object, "queued_bytes", peer->queued_bytes);
    json_array_append_new(arg, object);
}

static json_t *partners_of(const struct tunnel *tunnel)
{
    json_t *array = json_array();
    tunnel_each_partner(tunnel, add_partner, array);
    return array;
}

static json_t *sessions_of(const struct keeper_counts *counts)
{
    json_t *object = json_object();
    set_int(object, "direct", counts->direct);
    set_int(object, "relayed", counts->relayed);
    set_int(object, "without_path", counts->pathless);
    set_int(object, "failed", counts->failed);
    set_int(object, "broken", counts->ended);
    set_int(object, "signal_losses", counts->signal_losses);
    set_int(object, "sent_bytes", counts->traffic.sent_bytes);
    set_int(object, "received_bytes", counts->traffic.received_bytes);
    return object;
}

static json_t *errors_of(const struct tunnel_status *status)
{
    json_t *array = json_array();
    for (int i = 0; i < TUNNEL_ERRORS_MAX && status->errors[i].at_us > 0; i++) {
        const struct tunnel_error *error = &status->errors[i];
        json_t *object = json_object();
        set_moment(object, "last", clock_now_us() - error->at_us);
        json_object_set_new(object, "age_s", json_real(seconds(clock_now_us() - error->at_us)));
        set_int(object, "count", error->count);
        set_text(object, "text", error->text);
        json_array_append_new(array, object);
    }
    return array;
}

/* Where each link leads. */
static json_t *rooms_of(const struct tunnel *tunnel, const struct config *config)
{
    json_t *array = json_array();
    size_t count = config->link_count > 0 ? config->link_count : 1;
    for (size_t i = 0; i < count; i++) {
        char fingerprint[ROOM_FINGERPRINT_LEN];
        json_t *object = json_object();
        set_text(object, "signal",
                 config->link_count > 0 ? config->links[i].signal_text : config->signal_text);
        set_text(object, "fingerprint", tunnel_room(tunnel, i, fingerprint));
        json_array_append_new(array, object);
    }
    return array;
}

/* ---- the whole ---- */

static void set_end(json_t *object, const struct tunnel *tunnel, const struct config *config)
{
    bool is_proxy = config->command == COMMAND_PROXY;
    set_text(object, "role", is_proxy ? "proxy" : "serve");
    set_text(object, "version", TUNNEL_VERSION);
    if (config->instance)
        set_text(object, "name", config->instance);
    set_int(object, "pid", (uint64_t)getpid());
    if (is_proxy) {
        char *listen = listen_address_format(config->listen_host, tunnel_port(tunnel));
        set_text(object, "listen", listen);
        json_object_set_new(object, "has_tls", json_boolean(config_has_tls(config)));
        if (config->listen_is_tcp)
            json_object_set_new(object, "is_tcp", json_true());
        free(listen);
    } else {
        set_text(object, "upstream", config->upstream_text);
    }
}

char *tunnel_json(const struct tunnel *tunnel, const struct config *config)
{
    json_t *object = json_object();
    struct tunnel_status status;
    const struct history *history = tunnel_history(tunnel);
    tunnel_status(tunnel, &status);
    set_end(object, tunnel, config);
    json_object_set_new(object, "up_s", json_real(seconds(status.up_us)));
    set_text(object, "state", keeper_state_name(status.state));
    if (status.problem)
        set_text(object, "problem", status.problem);
    json_object_set_new(object, "rooms", rooms_of(tunnel, config));
    json_object_set_new(object, "partners", partners_of(tunnel));
    set_int(object, "waiting", status.waiting);
    json_object_set_new(object, "waiting_s", json_real(seconds(status.waiting_us)));
    set_int(object, "under_way_count", history->under_way_count);
    json_object_set_new(object, "under_way", under_way(history));
    json_object_set_new(object, "totals", totals_of(history));
    json_object_set_new(object, "sessions", sessions_of(&status.keeper.counts));
    json_object_set_new(object, "errors", errors_of(&status));
    return line_of(object);
}
