/*
 * The values of cli/config.h that name STUN and TURN servers.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/config.h"
#include "cli/ice_url.h"
#include "rtc/ice_servers.h"

_Static_assert((int)CONFIG_SERVERS_MAX == (int)ICE_SERVERS_MAX, "there is room for all");

static void clear(char **list, size_t *count)
{
    while (*count > 0)
        free(list[--*count]);
}

void config_clear_stun(struct config *config)
{
    clear(config->stun, &config->stun_count);
}

void config_clear_turn(struct config *config)
{
    clear(config->turn, &config->turn_count);
}

static const char *add_stun(struct config *config, const char *text)
{
    if (!ice_url_has_scheme(ICE_SERVER_STUN, text))
        return "must be stun:HOST[:PORT], or none";
    const char *why = ice_url_check(ICE_SERVER_STUN, text);
    if (why)
        return why;
    if (config->stun_count == CONFIG_STUN_MAX)
        return "is one STUN server too many; 7 are the most";
    config->stun[config->stun_count++] = xstrdup(text);
    return NULL;
}

static const char *add_turn(struct config *config, const char *text)
{
    const char *why = ice_url_check(ICE_SERVER_TURN, text);
    if (why)
        return why;
    if (config->turn_count == CONFIG_TURN_MAX)
        return "is one TURN server too many; 4 are the most";
    config->turn[config->turn_count++] = xstrdup(text);
    return NULL;
}

/* One, or several between commas. */
static const char *take_each(struct config *config, const char *text,
                             const char *(*add)(struct config *config, const char *text))
{
    char *copy = xstrdup(text);
    char *rest = copy;
    const char *wrong = NULL;
    for (char *one; !wrong && (one = strsep(&rest, ",")) != NULL;)
        wrong = add(config, one);
    free(copy);
    return wrong;
}

const char *config_take_stun(struct config *config, const char *text)
{
    if (strcmp(text, "none") != 0)
        return take_each(config, text, add_stun);
    config_clear_stun(config);
    return NULL;
}

const char *config_take_turn(struct config *config, const char *text)
{
    return take_each(config, text, add_turn);
}

static void replace(char **to, const char *text)
{
    free_secret_string(*to);
    *to = xstrdup(text);
}

const char *config_take_turn_user(struct config *config, const char *text)
{
    replace(&config->turn_user, text);
    return NULL;
}

const char *config_take_turn_pass(struct config *config, const char *text)
{
    replace(&config->turn_pass, text);
    return NULL;
}

const char *config_second_stun(const struct config *config)
{
    bool is_default = config->stun_count == 1 && strcmp(config->stun[0], CONFIG_STUN_DEFAULT) == 0;
    return is_default ? CONFIG_STUN_SECOND : NULL;
}

void config_clear_servers(struct config *config)
{
    config_clear_stun(config);
    config_clear_turn(config);
    free(config->turn_user);
    free_secret_string(config->turn_pass);
}
