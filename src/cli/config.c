/*
 * A taker checks one value and puts it where it belongs; what it replaces is
 * freed, as secrets are. Values that are lists grow by one each time.
 */
#include "cli/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "cli/short_url.h"
#include "cli/text_file.h"
#include "http/field.h"
#include "net/tls.h"
#include "rtc/ice_servers.h"
#include "signal/message.h"
#include "signal/tracker_place.h"
#include "tunnel/feature.h"
#include "tunnel/origin.h"
#include "tunnel/tunnel.h"

static void replace(char **to, const char *text)
{
    free_secret_string(*to);
    *to = xstrdup(text);
}

/* schemes: those that are known, and NULL. */
static const char *take_url(struct url *to, char **to_text, const char *text,
                            const char *const *schemes, const char *usage)
{
    struct url url;
    const char *why;
    size_t len = strcspn(text, ":");
    while (*schemes && (strlen(*schemes) != len || strncasecmp(text, *schemes, len) != 0))
        schemes++;
    if (!*schemes)
        return usage;
    if (url_parse(text, &url, &why) < 0)
        return why;
    url_deinit(to);
    *to = url;
    replace(to_text, text);
    return NULL;
}

static const char *take_trackers(struct config *config, const char *text)
{
    struct url url;
    const char *why;
    if (tracker_place_parse(text, &url, &why) < 0)
        return why;
    url_deinit(&config->signal);
    config->signal = url;
    config->signal_origin = SIGNAL_GIVEN;
    replace(&config->signal_text, text);
    return NULL;
}

const char *config_take_signal(struct config *config, const char *text)
{
    /* Many know the server's name from a browser. */
    static const char *const schemes[] = {"ws", "wss", "http", "https", NULL};
    if (tracker_place_is_meant(text))
        return take_trackers(config, text);
    char *url = short_url_signal(text);
    config->signal_origin = strcmp(url, text) == 0 ? SIGNAL_GIVEN : SIGNAL_COMPLETED;
    const char *wrong = take_url(&config->signal, &config->signal_text, url, schemes,
                                 "must be HOST:PORT, or a ws:// or wss:// URL, as in "
                                 "wss://signal.example.org; or tracker:");
    free(url);
    return wrong;
}

const char *config_take_upstream(struct config *config, const char *text)
{
    static const char *const schemes[] = {"http", "https", "unix", NULL};
    if (strchr(text, '?'))
        return "must have no '?': requests bring their own queries";
    char *url = short_url_upstream(text);
    const char *wrong = take_url(&config->upstream, &config->upstream_text, url, schemes,
                                 "must be a port, as in 11434, HOST:PORT, an http:// or https:// "
                                 "URL, or unix:/PATH");
    free(url);
    return wrong;
}

const char *config_take_room(struct config *config, const char *text)
{
    size_t len = strlen(text);
    if (len < 1 || len > SIGNAL_ROOM_MAX)
        return "must be 1 to 128 bytes long";
    if (!utf8_is_valid(span_from_string(text)))
        return "must be valid UTF-8";
    replace(&config->room, text);
    return NULL;
}

void config_clear_links(struct config *config)
{
    while (config->link_count > 0)
        link_deinit(&config->links[--config->link_count]);
}

void config_clear_room(struct config *config)
{
    free_secret_string(config->room);
    config->room = NULL;
}

const char *config_take_insecure(struct config *config, const char *text)
{
    (void)text;
    config->upstream_insecure = true;
    return NULL;
}

const char *config_take_upstream_ca(struct config *config, const char *text)
{
    struct tls_client *tls;
    int error = tls_client_new(text, false, &tls);
    const char *why = error < 0 ? text_file_wrong(text) : NULL;
    if (error < 0)
        return why ? why : "holds no certificate in PEM form";
    tls_client_free(tls);
    replace(&config->upstream_ca, text);
    return NULL;
}

const char *config_take_preserve_host(struct config *config, const char *text)
{
    (void)text;
    config->preserves_host = true;
    return NULL;
}

const char *config_take_forwarded(struct config *config, const char *text)
{
    (void)text;
    config->is_forwarded = true;
    return NULL;
}

static const char *add_header(struct config *config, const char *text)
{
    struct http_field rule;
    if (config->header_count == REWRITE_RULES_MAX)
        return "is one header too many; 32 are the most";
    char *copy = xstrdup(text);
    const char *wrong = rewrite_rule_parse(copy, &rule);
    if (wrong) {
        free_secret_string(copy);
        return wrong;
    }
    config->header_texts[config->header_count] = copy;
    config->headers[config->header_count++] = rule;
    return NULL;
}

/* One rule, or several lines of them. */
const char *config_take_header(struct config *config, const char *text)
{
    char *copy = xstrdup(text);
    char *rest = copy;
    const char *wrong = NULL;
    for (char *line; !wrong && (line = strsep(&rest, "\n")) != NULL;)
        wrong = *line ? add_header(config, line) : NULL;
    free_secret(copy, strlen(text));
    return wrong;
}

const char *config_take_allow_connect(struct config *config, const char *text)
{
    (void)text;
    config->allows_connect = true;
    return NULL;
}

const char *config_take_allow_tcp(struct config *config, const char *text)
{
    (void)text;
    config->allows_tcp = true;
    return NULL;
}

const char *config_take_allow_host(struct config *config, const char *text)
{
    const char *wrong = origin_check_host(text);
    if (!wrong && config->allowed_host_count == CONFIG_NAMES_MAX)
        wrong = "is one host too many; 32 are the most";
    if (!wrong)
        config->allowed_hosts[config->allowed_host_count++] = xstrdup(text);
    return wrong;
}

const char *config_take_allow_origin(struct config *config, const char *text)
{
    const char *wrong = origin_check(text);
    if (!wrong && config->allowed_origin_count == CONFIG_NAMES_MAX)
        wrong = "is one origin too many; 32 are the most";
    if (!wrong)
        config->allowed_origins[config->allowed_origin_count++] = xstrdup(text);
    return wrong;
}

const char *config_take_advertise(struct config *config, const char *text)
{
    if (text[0] != '/' || strpbrk(text, "?# "))
        return "must be a path prefix that begins with '/', as in /v1";
    replace(&config->advertise, text);
    return NULL;
}

const char *config_take_listen(struct config *config, const char *text)
{
    char *host;
    uint16_t port;
    const char *why;
    bool is_tcp = strncmp(text, "tcp:", 4) == 0;
    if (listen_address_parse(text + (is_tcp ? 4 : 0), "127.0.0.1", 8000, &host, &port, &why) < 0)
        return why;
    config->listen_is_tcp = is_tcp;
    free(config->listen_host);
    config->listen_host = host;
    config->listen_port = port;
    return NULL;
}

/* Names between commas. */
const char *config_take_without(struct config *config, const char *text)
{
    for (struct span rest = span_from_string(text), name; http_list_next(&rest, &name);) {
        unsigned feature = feature_from_name(name);
        if (feature == 0)
            return "must be one or more of sse, fields, flow, channels, interim, upgrade, "
                   "forwarded, tcp and bundle, between commas";
        config->features &= ~feature;
    }
    return NULL;
}

/* A switch, or the value of its variable. */
const char *config_take_relay_only(struct config *config, const char *text)
{
    bool is_yes = !text || strcmp(text, "1") == 0;
    if (!is_yes && strcmp(text, "0") != 0)
        return "must be 1 or 0";
    config->relay_only = is_yes;
    return NULL;
}

const char *config_take_signal_relay(struct config *config, const char *text)
{
    config->signal_relay = strcmp(text, "last") == 0;
    return config->signal_relay || strcmp(text, "no") == 0 ? NULL : "must be last or no";
}

const char *config_take_log_level(struct config *config, const char *text)
{
    return log_level_parse(text, &config->log_level) ? NULL : "must be error, warn, info or debug";
}

const char *config_take_log_format(struct config *config, const char *text)
{
    return log_format_parse(text, &config->log_format) ? NULL : "must be text or json";
}

/* --- the whole ------------------------------------------------------------ */

void config_init(struct config *config, enum command command)
{
    *config = (struct config){.command = command,
                              .features = FEATURES_ALL,
                              .signal_relay = true,
                              .consumers_max = KEEPER_PARTNERS_MAX,
                              .streams_max = CONSUMER_STREAMS,
                              .is_near = true,
                              .log_level = LOG_INFO,
                              .log_format = LOG_TEXT};
    config_take_signal(config, "ws://127.0.0.1:8787");
    config->signal_origin = SIGNAL_DEFAULT;
    config_take_listen(config, "127.0.0.1:8000");
    config_take_advertise(config, "/");
    config_take_stun(config, CONFIG_STUN_DEFAULT);
}

void config_deinit(struct config *config)
{
    url_deinit(&config->signal);
    url_deinit(&config->own_signal);
    free(config->own_signal_host);
    url_deinit(&config->upstream);
    free(config->signal_text);
    free(config->upstream_text);
    config_clear_room(config);
    config_clear_links(config);
    free(config->state_folder);
    free(config->instance);
    free(config->config_file);
    free(config->name);
    while (config->rule_count > 0)
        free(config->rules[--config->rule_count]);
    free(config->advertise);
    free(config->listen_host);
    free(config->upstream_ca);
    while (config->header_count > 0)
        free_secret_string(config->header_texts[--config->header_count]);
    while (config->allowed_host_count > 0)
        free(config->allowed_hosts[--config->allowed_host_count]);
    while (config->allowed_origin_count > 0)
        free(config->allowed_origins[--config->allowed_origin_count]);
    config_clear_servers(config);
    egress_free(config->egress);
    free(config->interface);
    config_clear_views(config);
    config_clear_tls(config);
    *config = (struct config){0};
}
