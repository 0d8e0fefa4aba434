/*
 * A taker checks one value and puts it where it belongs.
 */
#include "cli/signal_server_option_table.h"

#include <stdlib.h>
#include <string.h>

#include "cli/ice_url.h"
#include "cli/secret_file.h"
#include "http/url.h"
#include "signal/room.h"
#include "signal/workers/worker_message.h"

/* A decimal number of at most max; digits only. */
static bool parse_number(const char *text, size_t max, size_t *out)
{
    size_t number = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        number = number * 10 + (size_t)(*text - '0');
        if (number > max)
            return false;
    }
    *out = number;
    return true;
}

static const char *take_port(struct signal_server_options *options, const char *text)
{
    size_t port;
    if (!parse_number(text, UINT16_MAX, &port))
        return "must be 0 to 65535";
    options->port = (uint16_t)port;
    return NULL;
}

static const char *take_listen(struct signal_server_options *options, const char *text)
{
    char *host;
    uint16_t port;
    const char *why;
    if (listen_address_parse(text, "0.0.0.0", 0, &host, &port, &why) < 0)
        return why;
    free(host);
    options->listen = text;
    return NULL;
}

static const char *take_count(const char *text, size_t least, size_t *out)
{
    size_t number;
    if (!parse_number(text, 1000000, &number) || number < least)
        return least > 0 ? "must be 1 to 1000000" : "must be 0 to 1000000";
    *out = number;
    return NULL;
}

static const char *take_workers(struct signal_server_options *options, const char *text)
{
    bool is_good = parse_number(text, WORKERS_MAX, &options->workers) && options->workers > 0;
    return is_good ? NULL : "must be 1 to 64";
}

static const char *take_max_connections(struct signal_server_options *options, const char *text)
{
    return take_count(text, 1, &options->server.connections_max);
}

static const char *take_max_per_address(struct signal_server_options *options, const char *text)
{
    return take_count(text, 0, &options->server.per_address_max);
}

static const char *take_max_per_room(struct signal_server_options *options, const char *text)
{
    size_t *out = &options->server.per_room_max;
    bool is_good = parse_number(text, ROOM_MEMBERS_MAX, out) && *out >= ROOM_PLAIN_MAX;
    return is_good ? NULL : "must be 2 to 1024";
}

static const char *take_max_rate(struct signal_server_options *options, const char *text)
{
    const char *why = take_count(text, 1, &options->server.messages_per_s);
    options->server.messages_burst = 10 * options->server.messages_per_s;
    return why;
}

enum { MBIT_MAX = 100000 };

static const char *take_relay_rate(struct signal_server_options *options, const char *text)
{
    bool is_good = parse_number(text, MBIT_MAX, &options->server.relay_mbit_per_s);
    return is_good ? NULL : "must be 0 to 100000, in Mbit/s";
}

static const char *take_relay_total(struct signal_server_options *options, const char *text)
{
    size_t *out = &options->server.relay_total_mbit_per_s;
    return parse_number(text, MBIT_MAX, out) && *out > 0 ? NULL : "must be 1 to 100000, in Mbit/s";
}

static const char *take_no_web(struct signal_server_options *options, const char *text)
{
    (void)text;
    options->has_web = false;
    return NULL;
}

static const char *take_web(struct signal_server_options *options, const char *text)
{
    if (!*text)
        return "must be a folder";
    options->web = text;
    return NULL;
}

static const char *take_tls_cert(struct signal_server_options *options, const char *text)
{
    options->tls_cert = text;
    return *text ? NULL : "must be a file";
}

static const char *take_tls_key(struct signal_server_options *options, const char *text)
{
    options->tls_key = text;
    return *text ? NULL : "must be a file";
}

static const char *add_ice_url(struct signal_server_options *options, enum ice_server_type type,
                               const char *text)
{
    struct ice_credentials *ice = &options->server.ice;
    const char *why = ice_url_check(type, text);
    if (why)
        return why;
    if (ice->url_count == SIGNAL_ICE_SERVERS_MAX)
        return "is one server too many; 4 are the most";
    ice->urls[ice->url_count++] = text;
    return NULL;
}

static const char *take_stun(struct signal_server_options *options, const char *text)
{
    return add_ice_url(options, ICE_SERVER_STUN, text);
}

static const char *take_turn(struct signal_server_options *options, const char *text)
{
    options->has_turn = true;
    return add_ice_url(options, ICE_SERVER_TURN, text);
}

static const char *take_turn_secret_file(struct signal_server_options *options, const char *text)
{
    return secret_file_read(text, &options->server.ice.secret);
}

static const char *take_cluster(struct signal_server_options *options, const char *text)
{
    return cluster_options_take_url(&options->cluster, text);
}

static const char *take_cluster_password(struct signal_server_options *options, const char *text)
{
    return secret_file_read(text, &options->cluster.password);
}

static const char *take_cluster_ca(struct signal_server_options *options, const char *text)
{
    options->cluster.ca = text;
    return *text ? NULL : "must be a file";
}

static const char *take_metrics(struct signal_server_options *options, const char *text)
{
    const char *why;
    free(options->metrics_host);
    options->metrics_host = NULL;
    if (listen_address_parse(text, "127.0.0.1", 0, &options->metrics_host, &options->metrics_port,
                             &why) < 0)
        return why;
    return NULL;
}

static const char *take_log_level(struct signal_server_options *options, const char *text)
{
    return log_level_parse(text, &options->log_level) ? NULL : "must be error, warn, info or debug";
}

static const char *take_log_format(struct signal_server_options *options, const char *text)
{
    return log_format_parse(text, &options->log_format) ? NULL : "must be text or json";
}

const struct signal_server_option signal_server_option_table[] = {
    {"--port", "PORT", NULL, "port to listen on; 0 picks one (default 8787)", take_port},
    {"--listen", "HOST[:PORT]", NULL,
     "address to listen on, as in 127.0.0.1, [::]:8787 (default 0.0.0.0); a port here beats --port",
     take_listen},
    {"--workers", "N", NULL,
     "processes that share the work, each on a core of its own (default 1); all limits are those "
     "of all together",
     take_workers},
    {"--max-connections", "N", NULL, "WebSockets at a time (default 10000)", take_max_connections},
    {"--max-per-address", "N", NULL,
     "of them from one IPv4 address or IPv6 /64, four times as many from one /48 (default 256); 0 "
     "for no limit, nor for joins, as behind a reverse proxy",
     take_max_per_address},
    {"--max-per-room", "N", NULL, "members of one room (default 64)", take_max_per_room},
    {"--max-rate", "N", NULL,
     "messages a second of one WebSocket for each other that it is shown, ten times as many at "
     "once (default 20)",
     take_max_rate},
    {"--relay-rate", "MBIT", NULL,
     "Mbit/s that one end may have passed on to the other while they have no direct path (default "
     "20); 0: none",
     take_relay_rate},
    {"--relay-total", "MBIT", NULL,
     "the same of all together, which rooms share fairly (default 1000)", take_relay_total},
    {"--no-web", NULL, NULL, "serve no page and no library for browsers", take_no_web},
    {"--web", "DIR", NULL, "serve the files of this folder instead of those that are compiled in",
     take_web},
    {"--tls-cert", "FILE", NULL,
     "speak TLS, with this certificate and those behind it in PEM; read again on SIGHUP",
     take_tls_cert},
    {"--tls-key", "FILE", NULL, "its key, in PEM", take_tls_key},
    {"--stun", "URL", NULL,
     "STUN server to name to both ends, as in stun:turn.example.org; repeatable", take_stun},
    {"--turn", "URL", NULL,
     "TURN server to name to both ends, with a user and password of a day; repeatable", take_turn},
    {"--turn-secret-file", "FILE", NULL,
     "its first line is the secret shared with the TURN servers (coturn's static-auth-secret)",
     take_turn_secret_file},
    {"--cluster", "URL", NULL,
     "shares its rooms with all other servers of that Redis, as in redis://redis.example.org, "
     "rediss://USER@HOST:PORT/DB, redis+sentinel://HOST,HOST,HOST/NAME",
     take_cluster},
    {"--cluster-password-file", "FILE", NULL, "its first line is the password for that Redis",
     take_cluster_password},
    {"--cluster-ca", "FILE", NULL, "certificates in PEM to trust for rediss, beside the system's",
     take_cluster_ca},
    {"--metrics", "ADDR:PORT", NULL,
     "figures for Prometheus at /metrics, and /healthz and /readyz, as at 127.0.0.1:9465 (default "
     "none)",
     take_metrics},
    {"--log-level", "LEVEL", "TUNNEL_LOG", "error, warn, info or debug (default info)",
     take_log_level},
    {"--log-format", "FORMAT", NULL, "text or json (default text)", take_log_format},
};

const size_t signal_server_option_count =
    sizeof signal_server_option_table / sizeof *signal_server_option_table;

const struct signal_server_option *signal_server_option_find(const char *flag, size_t len)
{
    for (size_t i = 0; i < signal_server_option_count; i++) {
        const struct signal_server_option *option = &signal_server_option_table[i];
        if (strlen(option->flag) == len && strncmp(option->flag, flag, len) == 0)
            return option;
    }
    return NULL;
}
