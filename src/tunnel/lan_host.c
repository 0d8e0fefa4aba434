/*
 * The server takes nobody whose address is one of the internet: a machine that
 * is reached from there must not serve it.
 */
#include "tunnel/lan_host.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "signal/lan.h"
#include "signal/server.h"
#include "tunnel/seal_key.h"

enum { CONNECTIONS_MAX = 128 };

struct lan_host {
    struct signal_server *server;
    struct lan_advert *advert;
};

struct lan_host *lan_host_new(struct loop *loop, const char *room, const char *interface)
{
    struct lan_host *host = xcalloc(1, sizeof *host);
    struct signal_server_config config;
    struct seal_near near;
    seal_near(room, &near);
    signal_server_config_init(&config);
    config.port = 0;
    config.connections_max = CONNECTIONS_MAX;
    config.per_address_max = CONNECTIONS_MAX / 4;
    config.is_near = true;
    config.is_within = true;
    config.relay_mbit_per_s = 0; /* in one network there is a path */
    config.only_room = near.room;
    config.host = "::";
    int error = signal_server_new(loop, &config, &host->server);
    if (error < 0) { /* without IPv6 */
        config.host = "0.0.0.0";
        error = signal_server_new(loop, &config, &host->server);
    }
    if (error < 0) {
        log_warn("tunnel: not to be found in this network: %s", strerror(-error));
        free(host);
        return NULL;
    }
    host->advert = lan_advert_new(loop, near.hash, signal_server_port(host->server), interface);
    return host;
}

void lan_host_free(struct lan_host *host)
{
    if (!host)
        return;
    lan_advert_free(host->advert);
    signal_server_close(host->server);
    free(host);
}

uint16_t lan_host_port(const struct lan_host *host)
{
    return host ? signal_server_port(host->server) : 0;
}
