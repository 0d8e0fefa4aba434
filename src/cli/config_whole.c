#include "cli/config_whole.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "signal/tracker_place.h"

/* A sentence. */
static char *find_clash(const struct config *config, const struct wording *wording)
{
    bool connects = config->command == COMMAND_SERVE || config->command == COMMAND_PROXY;
    if (!connects || !config->room || config->link_count > 0 || !tracker_place_is(&config->signal))
        return NULL;
    return xasprintf("%s 'tracker:' goes with links alone, not with %s: all the world may ask a "
                     "tracker",
                     wording_given(wording, "--signal"), wording_given(wording, "--room"));
}

/* What goes only with the flag that is there already. */
static char *beside(const struct wording *wording, const char *lacking, const char *given)
{
    char *what = wording_lacking(wording, lacking);
    char *text = xasprintf("%s beside %s", what, wording_given(wording, given));
    free(what);
    return text;
}

static char *missing_upstream(const struct wording *wording)
{
    return xstrdup(wording->argv ? "an UPSTREAM, the port or URL of the API, as in "
                                   "`tunnel serve 11434` (or --upstream, or TUNNEL_UPSTREAM)"
                                 : "upstream = URL, the port or URL of the API, as in "
                                   "upstream = 11434");
}

static char *missing_link(const struct wording *wording)
{
    return xstrdup(wording->argv
                       ? "a LINK, as `tunnel serve` prints it (or TUNNEL_LINK, or --link-file "
                         "FILE); or --room NAME (or TUNNEL_ROOM)"
                       : "link = LINK, as `tunnel serve` prints it, or link-file = FILE; or "
                         "room = NAME");
}

static char *missing_signal(const struct wording *wording)
{
    char *signal = wording_lacking(wording, "--signal");
    char *text =
        xasprintf("%s, the signal server where both sides meet: one that somebody runs, as in "
                  "wss://signal.example.org, or your own: run `signal-server` on a machine that "
                  "both reach, and give its HOST:8787; or tracker:, for public trackers; or "
                  "%s0.0.0.0:8787, if others reach this machine",
                  signal, wording->argv ? "--signal-listen " : "signal-listen = ");
    free(signal);
    return text;
}

/* To meet the other side. */
static char *missing_place(const struct config *config, const struct wording *wording)
{
    if (config->room || config->link_count > 0)
        return NULL;
    if (config->command == COMMAND_PROXY)
        return missing_link(wording);
    return config->signal_origin == SIGNAL_DEFAULT ? missing_signal(wording) : NULL;
}

static char *missing_turn(const struct config *config, const struct wording *wording)
{
    bool has_turn = config->turn_count > 0;
    if (has_turn && !config->turn_user)
        return beside(wording, "--turn-user", "--turn");
    if (has_turn && !config->turn_pass)
        return beside(wording, "--turn-pass", "--turn");
    if (!has_turn && config->turn_user)
        return beside(wording, "--turn", "--turn-user");
    if (!has_turn && config->turn_pass)
        return beside(wording, "--turn", "--turn-pass");
    if (!has_turn && config->relay_only)
        return beside(wording, "--turn", "--relay-only");
    if (config->stun_count + config->turn_count > CONFIG_SERVERS_MAX)
        return xasprintf("less of %s and %s: 8 servers together are the most",
                         wording_given(wording, "--stun"), wording_given(wording, "--turn"));
    return NULL;
}

static char *missing_tls(const struct config *config, const struct wording *wording)
{
    if (config->tls_cert && !config->tls_key)
        return beside(wording, "--tls-key", "--tls-cert");
    if (config->tls_key && !config->tls_cert)
        return beside(wording, "--tls-cert", "--tls-key");
    if (!config->has_own_tls || !config->tls_cert)
        return NULL;
    return xasprintf("either %s, or %s and %s", wording_given(wording, "--tls"),
                     wording_given(wording, "--tls-cert"), wording_given(wording, "--tls-key"));
}

static char *missing_file(const struct wording *wording)
{
    char *what = wording_lacking(wording, "--config");
    char *text = xasprintf("%s, with a section for each tunnel", what);
    free(what);
    return text;
}

static char *missing_of_tunnel(const struct config *config, const struct wording *wording)
{
    if (config->command == COMMAND_SERVE && !config->upstream_text)
        return missing_upstream(wording);
    char *missing = missing_place(config, wording);
    if (!missing)
        missing = missing_turn(config, wording);
    if (!missing)
        missing = missing_tls(config, wording);
    if (!missing && config->has_access_log_form && !config->access_log)
        missing = beside(wording, "--access-log", "--access-log-format");
    return missing;
}

/* What it needs to be run, as in "--room NAME (or TUNNEL_ROOM)". */
static char *find_missing(const struct config *config, const struct wording *wording)
{
    switch (config->command) {
    case COMMAND_SERVE:
    case COMMAND_PROXY:
        return missing_of_tunnel(config, wording);
    case COMMAND_INVITE:
    case COMMAND_REVOKE:
        return config->name ? NULL : xstrdup("the NAME of an invite, as in phone");
    case COMMAND_RUN:
        return config->config_file ? NULL : missing_file(wording);
    case COMMAND_COMPLETION:
        return config->name ? NULL : xstrdup("the name of a SHELL: bash, zsh or fish");
    case COMMAND_DOCTOR:
        return missing_turn(config, wording);
    case COMMAND_INVITES:
    case COMMAND_STATUS:
    case COMMAND_REQUESTS:
        break;
    }
    return NULL;
}

char *config_complete(struct config *config, const char *whom, const struct wording *wording)
{
    config_settle(config);
    char *clash = find_clash(config, wording);
    char *missing = clash ? NULL : find_missing(config, wording);
    char *text = clash     ? xasprintf("%s: %s", whom, clash)
                 : missing ? xasprintf("%s needs %s", whom, missing)
                           : NULL;
    free(clash);
    free(missing);
    return text;
}
