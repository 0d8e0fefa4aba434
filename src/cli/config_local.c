/*
 * What is fixed of this machine's own end of a path.
 */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/config.h"
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
