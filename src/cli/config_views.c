/*
 * What others are shown of a tunnel, and what is asked to be shown.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/config.h"

char *config_absolute_path(const char *text)
{
    char *here = text[0] == '/' ? NULL : getcwd(NULL, 0);
    char *path = here ? xasprintf("%s/%s", here, text) : xstrdup(text);
    free(here);
    return path;
}

static const char *take_text(char **to, const char *text, const char *usage)
{
    if (!*text)
        return usage;
    free(*to);
    *to = xstrdup(text);
    return NULL;
}

const char *config_take_control(struct config *config, const char *text)
{
    bool is_command = (config->command & (COMMAND_STATUS | COMMAND_REQUESTS)) != 0;
    bool is_none = strcmp(text, "none") == 0;
    if (!*text || (is_none && is_command))
        return is_command ? "must be the path of a socket"
                          : "must be the path of a socket, or none";
    free(config->control);
    config->control = is_none ? NULL : config_absolute_path(text);
    config->has_no_control = is_none;
    return NULL;
}

const char *config_take_metrics(struct config *config, const char *text)
{
    char *host;
    uint16_t port;
    const char *why;
    if (listen_address_parse(text, "127.0.0.1", 0, &host, &port, &why) < 0)
        return why;
    free(config->metrics_host);
    config->metrics_host = host;
    config->metrics_port = port;
    return NULL;
}

const char *config_take_access_log(struct config *config, const char *text)
{
    return take_text(&config->access_log, text, "must be a file, or - for stdout");
}

const char *config_take_access_log_form(struct config *config, const char *text)
{
    config->has_access_log_form = true;
    config->is_access_log_json = strcmp(text, "json") == 0;
    bool is_known = config->is_access_log_json || strcmp(text, "combined") == 0;
    return is_known ? NULL : "must be combined or json";
}

const char *config_take_json(struct config *config, const char *text)
{
    (void)text;
    config->wants_json = true;
    return NULL;
}

const char *config_take_watch(struct config *config, const char *text)
{
    (void)text;
    config->wants_watch = true;
    return NULL;
}

const char *config_take_follow(struct config *config, const char *text)
{
    (void)text;
    config->follows = true;
    return NULL;
}

const char *config_take_only_failed(struct config *config, const char *text)
{
    (void)text;
    config->only_failed = true;
    return NULL;
}

const char *config_take_only_device(struct config *config, const char *text)
{
    return take_text(&config->only_device, text, "must be the name of an invite");
}

const char *config_take_only_path(struct config *config, const char *text)
{
    if (text[0] != '/')
        return "must be the beginning of a path, as in /v1/chat";
    return take_text(&config->only_path, text, NULL);
}

void config_clear_views(struct config *config)
{
    free(config->control);
    free(config->metrics_host);
    free(config->access_log);
    free(config->only_device);
    free(config->only_path);
}
