/*
 * Nothing here keeps a tunnel from running.
 */
#include "cli/caveats.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cli/egress_variables.h"
#include "cli/idle_flags.h"
#include "cli/listen_name.h"
#include "net/own_address.h"
#include "signal/room_name.h"
#include "tunnel/origin.h"

enum {
    ADDRESSES_SHOWN = 3, /* of this machine */
};

/* Whoever can connect can use the API, with what the provider adds to it. */
static void warn_of_open_port(struct news *news, const struct config *config, uint16_t port)
{
    const char *host = config->listen_host;
    if (origin_is_loopback(host))
        return;
    struct address addresses[ADDRESSES_SHOWN];
    /* A socket on "::" takes IPv4, too. */
    int family = strchr(host, ':') ? AF_UNSPEC : AF_INET;
    int count =
        listen_address_loopback(host) ? own_addresses(family, port, addresses, ADDRESSES_SHOWN) : 0;
    char urls[ADDRESSES_SHOWN * (ADDRESS_TEXT_LEN + 16)] = "";
    for (int i = 0; i < count; i++) {
        char text[ADDRESS_TEXT_LEN];
        size_t len = strlen(urls);
        snprintf(urls + len, sizeof urls - len, "%s %s://%s", i > 0 ? "," : ", as",
                 config_listen_scheme(config), address_format(&addresses[i], text));
    }
    char *address = listen_address_format(host, port);
    char *open = listen_name_other(config, address);
    char here[8];
    snprintf(here, sizeof here, "%u", port);
    char *closed = listen_name_other(config, here);
    news_print(news, MARK_BAD, "open_port", NULL,
               "%s opens the API to everybody who can reach this machine%s; %s keeps it here", open,
               urls, closed);
    free(address);
    free(open);
    free(closed);
}

/* Links that lead there lead to whoever follows them. */
static void warn_of_missed_address(struct news *news, const struct config *config)
{
    struct address address;
    char text[ADDRESS_TEXT_LEN];
    uint16_t port = config->own_signal_port;
    if (!config->own_signal_host || !own_address_is_missed(config->own_signal_host, port, &address))
        return;
    char *listen = listen_address_format(config->own_signal_host, port);
    char *whole = listen_address_format("::", port);
    char *given = wording_with(&config->wording, "--signal-listen", listen);
    char *better = wording_with(&config->wording, "--signal-listen", whole);
    news_print(news, MARK_BAD, "missed_address", NULL,
               "%s listens by IPv4 alone, of which this machine has no address, so nobody else "
               "reaches it; %s listens at %s, too",
               given, better, address_format(&address, text));
    free(listen);
    free(whole);
    free(given);
    free(better);
}

static void warn_of_weak_room(struct news *news, const struct config *config)
{
    if (!config->room)
        return;
    unsigned bits = room_name_bits(config->room);
    if (bits < ROOM_NAME_STRONG_BITS)
        news_print(
            news, MARK_BAD, "weak_room", NULL,
            "the room's name is easily guessed (%u bits at best), and who knows it can join; "
            "a good one: openssl rand -hex 16",
            bits);
}

/* It may come up later, as a VPN's does: no reason to end. */
static void warn_of_missing_interface(struct news *news, const struct config *config)
{
    const char *name = config->interface;
    if (!name || if_nametoindex(name) > 0)
        return;
    char *given = wording_with(&config->wording, "--interface", name);
    news_print(news, MARK_BAD, "no_interface", NULL,
               "%s: there is none of that name now (`ip link` lists them), and no direct path "
               "until there is",
               given);
    free(given);
}

static void warn_of_idle_flags(struct news *news, const struct config *config)
{
    unsigned at = 0;
    for (char *text; (text = idle_flags_next(config, &at)) != NULL; free(text))
        news_print(news, MARK_BAD, "idle_flag", NULL, "%s", text);
}

static void tell_of_egress(struct news *news, const struct config *config)
{
    if (egress_leads_to(config->egress, config->signal.host, config->signal.port))
        news_print(news, MARK_STEP, "egress", NULL,
                   "the signal server is reached through the proxy %s", config->egress->name);
}

/* Tools are started from the shell that has started us. */
static void tell_of_detour(struct news *news, const struct config *config, uint16_t port)
{
    const char *loopback = listen_address_loopback(config->listen_host);
    const char *host = loopback ? loopback : config->listen_host;
    const char *scheme = config_listen_scheme(config);
    char *hint = egress_variables_detour(getenv, scheme, host, port);
    if (hint)
        news_print(news, MARK_STEP, "detour", NULL, "%s", hint);
    free(hint);
}

void caveats_print(struct news *news, const struct config *config, uint16_t listen_port)
{
    bool is_proxy = config->command == COMMAND_PROXY;
    if (is_proxy)
        warn_of_open_port(news, config, listen_port);
    warn_of_missed_address(news, config);
    warn_of_weak_room(news, config);
    warn_of_missing_interface(news, config);
    warn_of_idle_flags(news, config);
    tell_of_egress(news, config);
    if (is_proxy)
        tell_of_detour(news, config, listen_port);
}
