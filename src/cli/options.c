/*
 * One table names every option: its flag, its variable, whom it concerns and
 * the function that takes its value. Parsing, help and errors all read it.
 *
 * What values may be, cli/config.h says.
 */
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/redact.h"
#include "cli/command.h"
#include "cli/egress_variables.h"
#include "cli/help.h"
#include "cli/version.h"

#define BOTH     (COMMAND_SERVE | COMMAND_PROXY)
#define STATEFUL (COMMAND_SERVE | COMMAND_INVITE | COMMAND_INVITES | COMMAND_REVOKE)

/* UNLISTED: quoted in an error, but not for long in the process list. */
enum secrecy { PUBLIC, UNLISTED, SECRET };

/* In front of a name, one that is no flag: an argument. */
#define ARGUMENT " "

struct option {
    const char *flag;
    const char *variable; /* or NULL */
    const char *value;    /* its name in the help; NULL for a switch */
    int commands;
    const char *(*take)(struct config *config, const char *text);
    const char *help;
    enum secrecy secrecy;
};

/* In the order in which variables are taken: a link beats TUNNEL_SIGNAL. */
static const struct option options[] = {
    {"--link-file", NULL, "FILE", COMMAND_PROXY, config_take_link_file,
     "the link is the first line of that file; repeatable", PUBLIC},
    {ARGUMENT "UPSTREAM", NULL, NULL, COMMAND_SERVE, config_take_upstream, "the same as --upstream",
     PUBLIC},
    {ARGUMENT "NAME", NULL, NULL, COMMAND_INVITE | COMMAND_REVOKE, config_take_name,
     "of the device's invite", PUBLIC},
    {ARGUMENT "SHELL", NULL, NULL, COMMAND_COMPLETION, config_take_shell, "bash, zsh or fish",
     PUBLIC},
    {"--state", NULL, "DIR", STATEFUL, config_take_state,
     "the folder of the identity and the invites (default $STATE_DIRECTORY, "
     "$XDG_STATE_HOME/tunnel or ~/.local/state/tunnel)",
     PUBLIC},
    {"--expires", NULL, "TIME", COMMAND_INVITE, config_take_expires,
     "for how long it is good, as in 12h or 7d (default for ever)", PUBLIC},
    {"--allow", NULL, "RULE", COMMAND_INVITE, config_take_allow,
     "'METHOD PATH' that its device may ask for, as in 'GET /v1/*'; repeatable (default all)",
     PUBLIC},
    {"--qr", NULL, NULL, COMMAND_INVITE, config_take_qr, "print it as a QR code, too", PUBLIC},
    {"--signal", "TUNNEL_SIGNAL", "URL", BOTH | COMMAND_INVITE, config_take_signal,
     "the signal server: a ws:// or wss:// URL (or http, https), or HOST:PORT, which is ws in your "
     "own network and wss elsewhere (default ws://127.0.0.1:8787; only with --room, else serve "
     "needs it, and invite takes that of the last serve)",
     PUBLIC},
    {ARGUMENT "LINK", "TUNNEL_LINK", NULL, COMMAND_PROXY, config_take_link,
     "what `tunnel serve` or `tunnel invite` has printed; keep it as you keep a password. Several "
     "share the requests, and go on when one of them fails",
     SECRET},
    {"--pick", NULL, "HOW", COMMAND_PROXY, config_take_pick,
     "of several providers: balanced, each request to the one that has the fewest; or first, all "
     "to the first in the order of the links that works, while the others stand by (default "
     "balanced)",
     PUBLIC},
    {"--room", "TUNNEL_ROOM", "NAME", BOTH, config_take_room,
     "without links: the room where both sides meet, 1 to 128 bytes; who knows it can join, and "
     "the signal server must be trusted",
     UNLISTED},
    {"--upstream", "TUNNEL_UPSTREAM", "URL", COMMAND_SERVE, config_take_upstream,
     "the HTTP API to serve: a port of this machine, HOST:PORT, an http:// or https:// URL that "
     "may carry a base path, or unix:/PATH of a socket",
     PUBLIC},
    {"--upstream-ca", "TUNNEL_UPSTREAM_CA", "FILE", COMMAND_SERVE, config_take_upstream_ca,
     "CA certificates (PEM) to trust for an https upstream, beside the system's", PUBLIC},
    {"--upstream-insecure", NULL, NULL, COMMAND_SERVE, config_take_insecure,
     "do not verify the certificate of an https upstream", PUBLIC},
    {"--preserve-host", NULL, NULL, COMMAND_SERVE, config_take_preserve_host,
     "send the client's Host upstream, not the upstream's own", PUBLIC},
    {"--header", "TUNNEL_HEADER", "FIELD", COMMAND_SERVE, config_take_header,
     "'Name: value' sets a field of every request upstream, 'Name:' removes it; repeatable, one "
     "a line in the variable",
     SECRET},
    {"--forwarded", NULL, NULL, BOTH, config_take_forwarded,
     "add Via, Forwarded and X-Forwarded-For, -Host and -Proto to requests", PUBLIC},
    {"--allow-connect", NULL, NULL, COMMAND_SERVE, config_take_allow_connect,
     "carry CONNECT to the upstream's own host and port", PUBLIC},
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
     "where tools connect (default 127.0.0.1:8000; port 0 picks one)", PUBLIC},
    {"--allow-host", NULL, "NAME", COMMAND_PROXY, config_take_allow_host,
     "a name of this machine that clients use, beside localhost and addresses; repeatable, '*' "
     "for all",
     PUBLIC},
    {"--stun", "TUNNEL_STUN", "URL", BOTH, config_take_stun,
     "STUN server, repeatable, or none (default stun:stun.l.google.com:19302)", PUBLIC},
    {"--turn", "TUNNEL_TURN", "URL", BOTH, config_take_turn,
     "TURN server for networks where no direct path works", PUBLIC},
    {"--turn-user", "TUNNEL_TURN_USER", "NAME", BOTH, config_take_turn_user, "its user name",
     PUBLIC},
    {"--turn-pass", "TUNNEL_TURN_PASS", "PASSWORD", BOTH, config_take_turn_pass,
     "its password (better given as the variable)", SECRET},
    {"--relay-only", "TUNNEL_RELAY_ONLY", NULL, BOTH, config_take_relay_only,
     "go through the server of --turn only (1 in the variable); the other side does not "
     "learn this machine's addresses",
     PUBLIC},
    {"--udp-port", "TUNNEL_UDP_PORT", "PORTS", BOTH, config_take_udp_port,
     "UDP port of direct paths, or a range of them, as in 40000-40009, of which each session takes "
     "one: for firewalls and containers (default any)",
     PUBLIC},
    {"--interface", "TUNNEL_INTERFACE", "NAME", BOTH, config_take_interface,
     "the network interface whose addresses alone are used for paths (default all)", PUBLIC},
    {"--external", "TUNNEL_EXTERNAL", "IP", BOTH, config_take_external,
     "this machine's address from outside, where a NAT in front of it keeps ports, as of cloud "
     "machines and published ports; once for IPv4 and once for IPv6",
     PUBLIC},
    {"--port-mapping", "TUNNEL_PORT_MAPPING", NULL, BOTH, config_take_port_mapping,
     "ask the router for a port that leads here, by NAT-PMP or UPnP (1 in the variable)", PUBLIC},
    {"--log-level", "TUNNEL_LOG", "LEVEL", BOTH, config_take_log_level,
     "error, warn, info or debug (default info)", PUBLIC},
    {"--without", NULL, "NAMES", BOTH, config_take_without,
     "extensions of the protocol not to use, for debugging and tests", PUBLIC},
    {"--log-format", NULL, "FORMAT", BOTH, config_take_log_format, "text or json (default text)",
     PUBLIC},
};

enum { OPTION_COUNT = sizeof options / sizeof *options };

/* How the other side is met, as far as one source says. */
struct place {
    bool has_room, has_link;
};

bool options_view(size_t at, struct option_view *out)
{
    if (at >= OPTION_COUNT)
        return false;
    const struct option *o = &options[at];
    *out =
        (struct option_view){o->flag + strspn(o->flag, ARGUMENT), o->value, o->help, o->commands};
    return true;
}

/* --- help ----------------------------------------------------------------- */

static bool is_argument(const struct option *o)
{
    return o->flag[0] == ARGUMENT[0];
}

static void print_options(enum command command, bool are_arguments)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *o = &options[i];
        if (o->commands & (int)command && is_argument(o) == are_arguments)
            help_print_option(o->flag + strspn(o->flag, ARGUMENT), o->value, o->help, o->variable);
    }
}

static void print_help(enum command command)
{
    const struct command_row *row = command_row(command);
    printf("usage: tunnel %s\n\n", row->usage);
    help_print_text(row->about, 0);
    puts("\noptions:");
    print_options(command, true);
    print_options(command, false);
    printf(
        "  --help\n  --version\n\nA flag beats its [VARIABLE]. The whole story: man tunnel\n\n%s\n",
        row->example);
}

/* --- parsing -------------------------------------------------------------- */

/* A link may have come where another value belongs. */
static enum options_result wrong(const char *what, const char *value, const char *why)
{
    char *shown = redact(value);
    fprintf(stderr, "tunnel: %s '%s' %s\n", what, shown, why);
    free(shown);
    return OPTIONS_WRONG;
}

static const struct option *find_option(const char *flag, size_t len)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strlen(options[i].flag) == len && strncmp(options[i].flag, flag, len) == 0)
            return &options[i];
    }
    return NULL;
}

static bool is_flag_given(const char *flag, int argc, char **argv)
{
    size_t len = strlen(flag);
    for (int i = 2; i < argc; i++) {
        if (strncmp(argv[i], flag, len) == 0 && (argv[i][len] == '\0' || argv[i][len] == '='))
            return true;
    }
    return false;
}

static bool is_given(const struct option *o, int argc, char **argv)
{
    bool is_link = o->take == config_take_link;
    return is_flag_given(o->flag, argc, argv) ||
           (is_link &&
            (is_flag_given("--room", argc, argv) || is_flag_given("--link-file", argc, argv)));
}

/* A variable that a flag beats is not even looked at. */
static enum options_result take_environment(struct config *config, int argc, char **argv)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *o = &options[i];
        const char *value = o->variable ? getenv(o->variable) : NULL;
        if (!value || !*value || !(o->commands & (int)config->command))
            continue;
        if (is_given(o, argc, argv))
            continue;
        if (o->take == config_take_stun)
            config_clear_stun(config);
        const char *why = o->take(config, value);
        if (why)
            return wrong(o->variable, o->secrecy == SECRET ? "…" : value, why);
    }
    return OPTIONS_RUN;
}

/* For those who connect. */
static enum options_result take_egress(struct config *config)
{
    const char *variable;
    const char *why;
    if (!(config->command & BOTH) || egress_variables_read(&config->egress, &variable, &why) == 0)
        return OPTIONS_RUN;
    return wrong(variable, "…", why); /* a password may stand in it */
}

static enum options_result wrong_unknown(const char *what, const char *value,
                                         const struct nearest *nearest)
{
    char *why = nearest_explain(nearest);
    wrong(what, value, why);
    free(why);
    return OPTIONS_WRONG;
}

static enum options_result wrong_flag(const struct config *config, const char *flag, size_t len)
{
    struct nearest nearest;
    nearest_init(&nearest, span_of(flag, len));
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (!is_argument(&options[i]) && options[i].commands & (int)config->command)
            nearest_try(&nearest, options[i].flag);
    }
    return wrong_unknown("option", flag, &nearest);
}

static enum options_result wrong_command(const struct option *o, const char *flag)
{
    char why[64];
    const struct command_row *row = command_first(o->commands);
    snprintf(why, sizeof why, "belongs to `tunnel %s`", row->name);
    return wrong("option", flag, why);
}

/* What a value was is not to stand in the process list for long. */
static void wipe(const struct option *o, char *value)
{
    if (o->secrecy != PUBLIC)
        memset(value, 'x', strlen(value));
}

/* Whose first value on the command line replaces the default and the variable;
 * others add. */
struct given {
    bool has_stun, has_link;
};

static void clear_replaced(struct config *config, const struct option *o, struct given *given)
{
    if (o->take == config_take_stun && !given->has_stun) {
        config_clear_stun(config);
        given->has_stun = true;
    }
    bool is_link = o->take == config_take_link || o->take == config_take_link_file;
    if (is_link && !given->has_link) {
        config_clear_links(config);
        given->has_link = true;
    }
}

/* Takes argv[*i], and the value behind it where the option has one. */
static enum options_result take_flag(struct config *config, int argc, char **argv, int *i,
                                     struct given *given)
{
    char *flag = argv[*i];
    size_t len = strcspn(flag, "=");
    const struct option *o = find_option(flag, len);
    if (!o)
        return wrong_flag(config, flag, len);
    if (!(o->commands & (int)config->command))
        return wrong_command(o, flag);
    char *value = NULL;
    if (flag[len] == '=')
        value = flag + len + 1;
    else if (o->value && *i + 1 < argc)
        value = argv[++*i];
    if (o->value && !value)
        return wrong("option", flag, "needs a value; see --help");
    if (!o->value && value)
        return wrong("option", flag, "takes no value");
    clear_replaced(config, o, given);
    if (o->take == config_take_signal && config->link_count > 0)
        return wrong("option", flag, "stands in the link already");
    const char *why = o->take(config, value);
    if (why)
        return wrong(o->flag, o->secrecy == SECRET ? "…" : value, why);
    wipe(o, value);
    return OPTIONS_RUN;
}

/* An argument that is no flag: one, but of links any number. */
static enum options_result take_argument(struct config *config, char *text, int count,
                                         struct given *given)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *o = &options[i];
        if (!is_argument(o) || !(o->commands & (int)config->command))
            continue;
        if (count > 0 && o->take != config_take_link)
            return wrong("argument", text, "is one too many; see --help");
        clear_replaced(config, o, given);
        const char *why = o->take(config, text);
        if (why)
            return wrong("argument", text, why);
        wipe(o, text);
        return OPTIONS_RUN;
    }
    return wrong("argument", text, "is not an option; see --help");
}

/* Both ways to meet the other side exclude each other; but a link on the
 * command line beats a room's name in the environment. */
static enum options_result choose_place(struct config *config, const struct place *before)
{
    if (!config->room || config->link_count == 0)
        return OPTIONS_RUN;
    if (before->has_room && !before->has_link)
        config_clear_room(config);
    else
        return wrong("--room", "…", "is one way to meet, and a link another: choose one");
    return OPTIONS_RUN;
}

static enum options_result parse_command(int argc, char **argv, struct config *out)
{
    /* Help comes first: it must work beside a broken environment. */
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(out->command);
            return OPTIONS_DONE;
        }
        if (strcmp(argv[i], "--version") == 0) {
            version_print();
            return OPTIONS_DONE;
        }
    }
    enum options_result result = take_environment(out, argc, argv);
    if (result == OPTIONS_RUN)
        result = take_egress(out);
    const struct place before = {out->room != NULL, out->link_count > 0};
    struct given given = {0};
    for (int i = 2, arguments = 0; i < argc && result == OPTIONS_RUN; i++) {
        if (argv[i][0] == '-')
            result = take_flag(out, argc, argv, &i, &given);
        else
            result = take_argument(out, argv[i], arguments++, &given);
    }
    if (result == OPTIONS_RUN)
        result = choose_place(out, &before);
    const char *missing = result == OPTIONS_RUN ? config_missing(out) : NULL;
    if (!missing)
        return result;
    fprintf(stderr, "tunnel: %s needs %s\n", command_row(out->command)->name, missing);
    return OPTIONS_WRONG;
}

static enum options_result wrong_name(const char *name)
{
    struct nearest nearest;
    nearest_init(&nearest, span_from_string(name));
    command_suggest(&nearest);
    if (nearest.name)
        return wrong_unknown("command", name, &nearest);
    return wrong("command", name,
                 "is not known; it must be serve, proxy, invite, invites, revoke or completion "
                 "(see tunnel --help)");
}

enum options_result options_parse(int argc, char **argv, struct config *out)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        command_print_usage(stderr);
        return OPTIONS_WRONG;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        const struct command_row *of = argc > 2 ? command_find(argv[2]) : NULL;
        if (of)
            print_help(of->command);
        else
            command_print_usage(stdout);
        return OPTIONS_DONE;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        version_print();
        return OPTIONS_DONE;
    }
    const struct command_row *row = command_find(name);
    if (!row)
        return wrong_name(name);
    config_init(out, row->command);
    enum options_result result = parse_command(argc, argv, out);
    if (result != OPTIONS_RUN)
        config_deinit(out);
    return result;
}
