/*
 * See option_table.h. What values may be, cli/config.h says.
 */
#include "cli/option_table.h"

#include <string.h>

#include "cli/options.h"

#define INSPECT  (COMMAND_STATUS | COMMAND_REQUESTS)
#define PATHS    (OPTION_BOTH | COMMAND_DOCTOR) /* what paths are found by */
#define STATEFUL (PATHS | COMMAND_INVITE | COMMAND_INVITES | COMMAND_REVOKE | INSPECT)

const struct option option_table[] = {
    {"--link-file", NULL, "FILE", COMMAND_PROXY | COMMAND_DOCTOR, config_take_link_file,
     "the link is the first line of that file; repeatable", PUBLIC},
    {ARGUMENT "UPSTREAM", NULL, NULL, COMMAND_SERVE, config_take_upstream, "the same as --upstream",
     PUBLIC},
    {ARGUMENT "FILE", NULL, NULL, COMMAND_RUN, config_take_config_file, "the same as --config",
     PUBLIC},
    {"--config", "TUNNEL_CONFIG", "FILE", COMMAND_RUN, config_take_config_file,
     "the file with a section for each tunnel, [serve NAME] or [proxy NAME], and the flags of that "
     "command as KEY = VALUE; read again on SIGHUP",
     PUBLIC},
    {ARGUMENT "NAME", NULL, NULL, COMMAND_INVITE | COMMAND_REVOKE, config_take_name,
     "of the device's invite", PUBLIC},
    {ARGUMENT "SHELL", NULL, NULL, COMMAND_COMPLETION, config_take_shell, "bash, zsh or fish",
     PUBLIC},
    {"--state", NULL, "DIR", STATEFUL, config_take_state,
     "the folder of the identity, the invites and the control socket (default $STATE_DIRECTORY, "
     "$XDG_STATE_HOME/tunnel or ~/.local/state/tunnel)",
     PUBLIC},
    {"--expires", NULL, "TIME", COMMAND_INVITE, config_take_expires,
     "for how long it is good, as in 12h or 7d (default for ever)", PUBLIC},
    {"--allow", NULL, "RULE", COMMAND_INVITE, config_take_allow,
     "'METHOD PATH' that its device may ask for, as in 'GET /v1/*'; repeatable (default all)",
     PUBLIC},
    {"--qr", NULL, NULL, COMMAND_INVITE, config_take_qr, "print it as a QR code, too", PUBLIC},
    {"--signal", "TUNNEL_SIGNAL", "URL", PATHS | COMMAND_INVITE, config_take_signal,
     "the signal server: a ws:// or wss:// URL (or http, https), or HOST:PORT, which is ws in your "
     "own network and wss elsewhere; or tracker: for public WebTorrent trackers, tracker:wss://… "
     "for others (default "
     "ws://127.0.0.1:8787; only with --room, else serve "
     "needs it, and invite and doctor take that of the last serve)",
     PUBLIC},
    {"--signal-listen", "TUNNEL_SIGNAL_LISTEN", "ADDR:PORT", COMMAND_SERVE,
     config_take_signal_listen,
     "be the signal server of its own room, and listen there, as in 0.0.0.0:8787, or 8787 for "
     "short: links lead to "
     "this machine, or to --signal, if that is given as its name from outside",
     PUBLIC},
    {"--no-lan", "TUNNEL_NO_LAN", NULL, PATHS, config_take_no_lan,
     "with links: neither tell this network by multicast DNS where serve is, nor ask there "
     "(1 in the variable)",
     PUBLIC},
    {ARGUMENT "LINK", "TUNNEL_LINK", NULL, COMMAND_PROXY | COMMAND_DOCTOR, config_take_link,
     "what `tunnel serve` or `tunnel invite` has printed; keep it as you keep a password. Several "
     "share the requests, and go on when one of them fails",
     SECRET},
    {"--pick", NULL, "HOW", COMMAND_PROXY, config_take_pick,
     "of several providers: balanced, each request to the one that has the fewest; or first, all "
     "to the first in the order of the links that works, while the others stand by (default "
     "balanced)",
     PUBLIC},
    {"--room", "TUNNEL_ROOM", "NAME", OPTION_BOTH, config_take_room,
     "without links: the room where both sides meet, 1 to 128 bytes; who knows it can join, and "
     "the signal server must be trusted",
     UNLISTED},
    {"--upstream", "TUNNEL_UPSTREAM", "URL", COMMAND_SERVE | COMMAND_DOCTOR, config_take_upstream,
     "the HTTP API to serve: a port of this machine, HOST:PORT, an http:// or https:// URL that "
     "may carry a base path, or unix:/PATH of a socket",
     PUBLIC},
    {"--upstream-ca", "TUNNEL_UPSTREAM_CA", "FILE", COMMAND_SERVE | COMMAND_DOCTOR,
     config_take_upstream_ca,
     "CA certificates (PEM) to trust for an https upstream, beside the system's", PUBLIC},
    {"--upstream-insecure", NULL, NULL, COMMAND_SERVE | COMMAND_DOCTOR, config_take_insecure,
     "do not verify the certificate of an https upstream", PUBLIC},
    {"--preserve-host", NULL, NULL, COMMAND_SERVE, config_take_preserve_host,
     "send the client's Host upstream, not the upstream's own", PUBLIC},
    {"--header", "TUNNEL_HEADER", "FIELD", COMMAND_SERVE, config_take_header,
     "'Name: value' sets a field of every request upstream, 'Name:' removes it; repeatable, one "
     "a line in the variable",
     SECRET},
    {"--forwarded", NULL, NULL, OPTION_BOTH, config_take_forwarded,
     "add Via, Forwarded and X-Forwarded-For, -Host and -Proto to requests", PUBLIC},
    {"--allow-connect", NULL, NULL, COMMAND_SERVE, config_take_allow_connect,
     "carry CONNECT to the upstream's own host and port", PUBLIC},
    {"--allow-tcp", NULL, NULL, COMMAND_SERVE, config_take_allow_tcp,
     "carry whatever is spoken over TCP to the upstream, such as SSH, for proxies that listen on "
     "tcp:; it need not be HTTP",
     PUBLIC},
    {"--allow-origin", NULL, "ORIGIN", COMMAND_SERVE, config_take_allow_origin,
     "with --header: a page of that origin may do more than read, as in https://app.example.org; "
     "repeatable, '*' for all",
     PUBLIC},
    {"--advertise", NULL, "PREFIX", COMMAND_SERVE, config_take_advertise,
     "prefix to take off request paths: with /v1, /v1/models goes upstream as /models "
     "(default /)",
     PUBLIC},
    {"--max-consumers", NULL, "N", COMMAND_SERVE, config_take_max_consumers,
     "devices at a time (default 64)", PUBLIC},
    {"--max-streams", NULL, "N", COMMAND_SERVE, config_take_max_streams,
     "requests of one device at a time; more get 503 (default 256)", PUBLIC},
    {"--upstream-max", NULL, "N", COMMAND_SERVE, config_take_upstream_max,
     "connections to the upstream at a time; more requests wait in line, where devices take turns "
     "(default as many as there are requests)",
     PUBLIC},
    {"--listen", "TUNNEL_LISTEN", "ADDR:PORT", COMMAND_PROXY, config_take_listen,
     "where tools connect (default 127.0.0.1:8000; port 0 picks one); tcp:ADDR:PORT passes on "
     "whatever they speak, to a serve with --allow-tcp",
     PUBLIC},
    {"--tls", NULL, NULL, COMMAND_PROXY, config_take_tls,
     "clients speak TLS (https and wss), with a certificate that is made for this machine and kept "
     "in the state folder; how they come to trust it is told at the start",
     PUBLIC},
    {"--tls-cert", "TUNNEL_TLS_CERT", "FILE", COMMAND_PROXY, config_take_tls_cert,
     "the same with this certificate and those behind it, in PEM; read again on SIGHUP", PUBLIC},
    {"--tls-key", "TUNNEL_TLS_KEY", "FILE", COMMAND_PROXY, config_take_tls_key, "its key, in PEM",
     PUBLIC},
    {"--allow-host", NULL, "NAME", COMMAND_PROXY, config_take_allow_host,
     "a name of this machine that clients use, beside localhost and addresses; repeatable, '*' "
     "for all",
     PUBLIC},
    {"--stun", "TUNNEL_STUN", "URL", PATHS, config_take_stun,
     "STUN server, repeatable, or none (default stun:stun.l.google.com:19302)", PUBLIC},
    {"--turn", "TUNNEL_TURN", "URL", PATHS, config_take_turn,
     "TURN server for networks where no direct path works; repeatable, or several between "
     "commas",
     PUBLIC},
    {"--turn-user", "TUNNEL_TURN_USER", "NAME", PATHS, config_take_turn_user, "its user name",
     PUBLIC},
    {"--turn-pass", "TUNNEL_TURN_PASS", "PASSWORD", PATHS, config_take_turn_pass,
     "its password (better given as the variable)", SECRET},
    {"--relay-only", "TUNNEL_RELAY_ONLY", NULL, PATHS, config_take_relay_only,
     "go through the server of --turn only (1 in the variable); the other side does not "
     "learn this machine's addresses",
     PUBLIC},
    {"--signal-relay", "TUNNEL_SIGNAL_RELAY", "WHEN", PATHS, config_take_signal_relay,
     "whether the signal server may pass on what is said, encrypted end to end, where no other "
     "path "
     "works: last, as the last resort, or no (default last; no beside --relay-only)",
     PUBLIC},
    {"--udp-port", "TUNNEL_UDP_PORT", "PORTS", OPTION_BOTH, config_take_udp_port,
     "UDP port of direct paths, or a range of them, as in 40000-40009, of which each session takes "
     "one: for firewalls and containers (default any)",
     PUBLIC},
    {"--interface", "TUNNEL_INTERFACE", "NAME", PATHS, config_take_interface,
     "the network interface whose addresses alone are used for paths (default all)", PUBLIC},
    {"--external", "TUNNEL_EXTERNAL", "IP", OPTION_BOTH, config_take_external,
     "this machine's address from outside, where a NAT in front of it keeps ports, as of cloud "
     "machines and published ports; once for IPv4 and once for IPv6",
     PUBLIC},
    {"--port-mapping", "TUNNEL_PORT_MAPPING", NULL, OPTION_BOTH, config_take_port_mapping,
     "ask the router for a port that leads here, by NAT-PMP or UPnP (1 in the variable)", PUBLIC},
    {"--control", NULL, "PATH", OPTION_BOTH | INSPECT, config_take_control,
     "the Unix socket where `tunnel status` and `tunnel requests` ask, or none (default one in the "
     "state folder)",
     PUBLIC},
    {"--metrics", "TUNNEL_METRICS", "ADDR:PORT", OPTION_BOTH, config_take_metrics,
     "figures for Prometheus at /metrics, and /healthz and /readyz, as at 127.0.0.1:9464 (default "
     "none)",
     PUBLIC},
    {"--access-log", "TUNNEL_ACCESS_LOG", "FILE", OPTION_BOTH, config_take_access_log,
     "a line for each request, appended to that file, or to stdout for -; opened again on SIGHUP "
     "(default none)",
     PUBLIC},
    {"--access-log-format", NULL, "FORM", OPTION_BOTH, config_take_access_log_form,
     "combined, as web servers have it, or json (default combined)", PUBLIC},
    {"--json", NULL, NULL, INSPECT | COMMAND_DOCTOR | COMMAND_INVITES, config_take_json,
     "JSON, an object a line", PUBLIC},
    {"--watch", NULL, NULL, COMMAND_STATUS, config_take_watch,
     "draw the page anew each second, with what went through in the last minute", PUBLIC},
    {"--follow", NULL, NULL, COMMAND_REQUESTS, config_take_follow,
     "go on, with each request as it ends", PUBLIC},
    {"-f", NULL, NULL, COMMAND_REQUESTS, config_take_follow, "the same", PUBLIC},
    {"--device", NULL, "NAME", COMMAND_REQUESTS, config_take_only_device,
     "only those of that invite", PUBLIC},
    {"--path", NULL, "PREFIX", COMMAND_REQUESTS, config_take_only_path,
     "only those whose path begins so, as in /v1/chat", PUBLIC},
    {"--failed", NULL, NULL, COMMAND_REQUESTS, config_take_only_failed,
     "only those that failed: with a status from 400 on, or that did not come to their end",
     PUBLIC},
    {"--log-level", "TUNNEL_LOG", "LEVEL", OPTION_BOTH, config_take_log_level,
     "error, warn, info or debug (default info)", PUBLIC},
    {"--without", NULL, "NAMES", OPTION_BOTH, config_take_without,
     "extensions of the protocol not to use, for debugging and tests", PUBLIC},
    {"--log-format", NULL, "FORMAT", OPTION_BOTH, config_take_log_format,
     "text or json (default text)", PUBLIC},
};

const size_t option_count = sizeof option_table / sizeof *option_table;

const struct option *option_find(const char *flag, size_t len)
{
    for (size_t i = 0; i < option_count; i++) {
        if (strlen(option_table[i].flag) == len && strncmp(option_table[i].flag, flag, len) == 0)
            return &option_table[i];
    }
    return NULL;
}

bool options_view(size_t at, struct option_view *out)
{
    if (at >= option_count)
        return false;
    const struct option *o = &option_table[at];
    *out =
        (struct option_view){o->flag + strspn(o->flag, ARGUMENT), o->value, o->help, o->commands};
    return true;
}
