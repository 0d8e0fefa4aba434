/*
 * The values of cli/config.h that are about TLS at a proxy.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "cli/config.h"

const char *config_take_tls(struct config *config, const char *text)
{
    (void)text;
    config->has_own_tls = true;
    return NULL;
}

static const char *take_file(char **to, const char *text)
{
    if (!*text)
        return "must be a file";
    free(*to);
    *to = xstrdup(text);
    return NULL;
}

const char *config_take_tls_cert(struct config *config, const char *text)
{
    return take_file(&config->tls_cert, text);
}

const char *config_take_tls_key(struct config *config, const char *text)
{
    return take_file(&config->tls_key, text);
}

bool config_has_tls(const struct config *config)
{
    return config->has_own_tls || config->tls_cert;
}

const char *config_listen_scheme(const struct config *config)
{
    if (config->listen_is_tcp)
        return "tcp";
    return config_has_tls(config) ? "https" : "http";
}

void config_clear_tls(struct config *config)
{
    free(config->tls_cert);
    free(config->tls_key);
}
