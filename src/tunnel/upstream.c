#include "tunnel/upstream.h"

#include "base/clock.h"

enum {
    UPSTREAM_POOL_MAX = 64 /* idle connections kept */
};
#define UPSTREAM_IDLE_TIMEOUT_US (30 * US_PER_S)

static size_t pool_max(size_t connections_max)
{
    bool is_less = connections_max > 0 && connections_max < UPSTREAM_POOL_MAX;
    return is_less ? connections_max : UPSTREAM_POOL_MAX;
}

int upstream_init(struct upstream *upstream, struct loop *loop,
                  const struct upstream_config *config, void (*on_bad)(const char *why, void *arg),
                  void *arg)
{
    const struct url *url = config->url;
    bool is_unix = url->port == 0;
    *upstream = (struct upstream){.url = url, .name = is_unix ? url->host : url->authority};
    if (url->is_tls) {
        int error = tls_client_new(config->ca_file, config->is_insecure, &upstream->tls);
        if (error < 0)
            return error;
        tls_client_set_plain(upstream->tls, "http://");
        tls_client_set_trust(upstream->tls, "--upstream-ca FILE");
    }
    const struct http_client_config client = {
        .host = url->host,
        .port = url->port,
        .tls = upstream->tls,
        .connect_timeout_us = UPSTREAM_CONNECT_TIMEOUT_US,
        .idle_timeout_us = UPSTREAM_IDLE_TIMEOUT_US,
        .pool_max = pool_max(config->connections_max),
    };
    upstream->client = http_client_new(loop, &client);
    upstream_line_init(&upstream->line, loop, config->connections_max);
    if (on_bad)
        upstream->probe = upstream_probe_new(loop, url, upstream->tls, on_bad, arg);
    return 0;
}

void upstream_deinit(struct upstream *upstream)
{
    upstream_probe_free(upstream->probe);
    http_client_free(upstream->client);
    upstream_line_deinit(&upstream->line);
    tls_client_free(upstream->tls);
}
