/*
 * What is fixed of this machine's own end of a path, and its own signal server.
 */
#include <assert.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/config.h"
#include "net/own_address.h"
#include "net/router.h"

static bool take_port(const char **text, uint16_t *port)
{
    unsigned value = 0;
    size_t len = strspn(*text, "0123456789");
    for (size_t i = 0; i < len && value <= UINT16_MAX; i++)
        value = value * 10 + (unsigned)((*text)[i] - '0');
    *text += len;
    *port = (uint16_t)value;
    return value > 0 && value <= UINT16_MAX;
}

const char *config_take_udp_port(struct config *config, const char *text)
{
    static const char usage[] = "must be a port of 1 to 65535, or a range of them, as in "
                                "40000-40009";
    uint16_t first;
    uint16_t last;
    if (!take_port(&text, &first))
        return usage;
    last = first;
    if (*text == '-') {
        text++;
        if (!take_port(&text, &last))
            return usage;
    }
    if (*text || last < first)
        return usage;
    config->fixed.port_first = first;
    config->fixed.port_last = last;
    return NULL;
}

const char *config_take_interface(struct config *config, const char *text)
{
    if (!*text || strlen(text) >= IF_NAMESIZE)
        return "must be the name of a network interface, as `ip link` lists them";
    free(config->interface);
    config->interface = xstrdup(text);
    config->fixed.interface = config->interface;
    return NULL;
}

const char *config_take_external(struct config *config, const char *text)
{
    struct ice_address address;
    if (ice_address_parse(span_from_string(text), 0, &address) < 0 ||
        ice_address_is_unusable(&address))
        return "must be an IPv4 or IPv6 address as which this machine is seen from outside";
    config->fixed.external[address.family == ICE_FAMILY_6] = address;
    return NULL;
}

/* A switch, or the value of its variable. */
const char *config_take_port_mapping(struct config *config, const char *text)
{
    bool is_yes = !text || strcmp(text, "1") == 0;
    if (!is_yes && strcmp(text, "0") != 0)
        return "must be 1 or 0";
    if (is_yes && !router_libraries())
        return "cannot be: this tunnel was built without libnatpmp and miniupnpc";
    config->fixed.asks_router = is_yes;
    return NULL;
}

/* ---- a signal server of its own ---- */

const char *config_take_signal_listen(struct config *config, const char *text)
{
    char *host;
    uint16_t port;
    const char *why;
    if (listen_address_parse(text, "0.0.0.0", 8787, &host, &port, &why) < 0)
        return why;
    if (port == 0) {
        free(host);
        return "must name a port, as in 0.0.0.0:8787: links lead there";
    }
    free(config->own_signal_host);
    config->own_signal_host = host;
    config->own_signal_port = port;
    return NULL;
}

/* ws://HOST:PORT, to be freed, where others reach what listens on a wildcard:
 * the address that the default route leads to. */
static char *own_url(const char *listen_host, uint16_t port)
{
    struct address address;
    char text[ADDRESS_TEXT_LEN];
    const char *loopback = listen_address_loopback(listen_host);
    int family = strchr(listen_host, ':') ? AF_UNSPEC : AF_INET;
    if (loopback && own_addresses(family, port, &address, 1) > 0)
        return xasprintf("ws://%s", address_format(&address, text));
    char *place = listen_address_format(loopback ? loopback : listen_host, port);
    char *url = xasprintf("ws://%s", place);
    free(place);
    return url;
}

static void settle_own_signal(struct config *config)
{
    const char *why;
    const char *loopback = listen_address_loopback(config->own_signal_host);
    const char *host = loopback ? loopback : config->own_signal_host;
    char *place = listen_address_format(host, config->own_signal_port);
    char *here = xasprintf("ws://%s", place);
    int error = url_parse(here, &config->own_signal, &why);
    assert(error == 0); /* it was parsed as what to listen on */
    (void)error;
    free(place);
    free(here);
    /* A --signal beside it is its name from outside. */
    if (config->signal_origin != SIGNAL_DEFAULT)
        return;
    char *url = own_url(config->own_signal_host, config->own_signal_port);
    config_take_signal(config, url);
    free(url);
}

void config_settle(struct config *config)
{
    if (config->own_signal_host)
        settle_own_signal(config);
}

/* A switch, or the value of its variable. */
const char *config_take_no_lan(struct config *config, const char *text)
{
    bool is_yes = !text || strcmp(text, "1") == 0;
    if (!is_yes && strcmp(text, "0") != 0)
        return "must be 1 or 0";
    config->is_near = !is_yes;
    return NULL;
}
