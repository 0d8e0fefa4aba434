/*
 * One table names every option: its flag, its variable, whom it concerns and
 * the function that takes its value. Parsing, help and errors all read it.
 *
 * A taker returns NULL, or what would be right, as in "must be text or json".
 */
#include "cli/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "http/field.h"
#include "net/tls.h"
#include "rtc/ice_servers.h"
#include "signal/message.h"
#include "tunnel/feature.h"

#define BOTH (COMMAND_SERVE | COMMAND_PROXY)

struct option {
    const char *flag;
    const char *variable; /* or NULL */
    const char *value;    /* its name in the help; NULL for a switch */
    int commands;
    const char *(*take)(struct config *config, const char *text);
    const char *help;
    bool is_secret;
};

static void replace(char **to, const char *text)
{
    free_secret_string(*to);
    *to = xstrdup(text);
}

/* --- takers ------------------------------------------------------------------ */

static const char *take_url(struct url *to, char **to_text, const char *text, const char *plain,
                            const char *secure, const char *usage)
{
    struct url url;
    const char *why;
    size_t scheme = strcspn(text, ":");
    bool is_known = (scheme == strlen(plain) && strncasecmp(text, plain, scheme) == 0) ||
                    (scheme == strlen(secure) && strncasecmp(text, secure, scheme) == 0);
    if (!is_known)
        return usage;
    if (url_parse(text, &url, &why) < 0)
        return why;
    url_deinit(to);
    *to = url;
    replace(to_text, text);
    return NULL;
}

static const char *take_signal(struct config *config, const char *text)
{
    return take_url(&config->signal, &config->signal_text, text, "ws", "wss",
                    "must be a ws:// or wss:// URL, as in ws://127.0.0.1:8787");
}

static const char *take_upstream(struct config *config, const char *text)
{
    if (strchr(text, '?'))
        return "must have no '?': requests bring their own queries";
    if (strncmp(text, "unix:", 5) == 0)
        return take_url(&config->upstream, &config->upstream_text, text, "unix", "unix", "");
    return take_url(&config->upstream, &config->upstream_text, text, "http", "https",
                    "must be an http:// or https:// URL, as in http://127.0.0.1:11434, or "
                    "unix:/PATH");
}

static const char *take_room(struct config *config, const char *text)
{
    size_t len = strlen(text);
    if (len < 1 || len > SIGNAL_ROOM_MAX)
        return "must be 1 to 128 bytes long";
    if (!utf8_is_valid(span_from_string(text)))
        return "must be valid UTF-8";
    replace(&config->room, text);
    return NULL;
}

static const char *take_insecure(struct config *config, const char *text)
{
    (void)text;
    config->upstream_insecure = true;
    return NULL;
}

static const char *take_upstream_ca(struct config *config, const char *text)
{
    struct tls_client *tls;
    int error = tls_client_new(text, false, &tls);
    if (error < 0)
        return error == -ENOENT ? "cannot be read" : "holds no certificate in PEM form";
    tls_client_free(tls);
    replace(&config->upstream_ca, text);
    return NULL;
}

static const char *take_preserve_host(struct config *config, const char *text)
{
    (void)text;
    config->preserves_host = true;
    return NULL;
}

static const char *take_forwarded(struct config *config, const char *text)
{
    (void)text;
    config->is_forwarded = true;
    return NULL;
}

static const char *add_header(struct config *config, const char *text)
{
    struct http_field rule;
    if (config->header_count == REWRITE_RULES_MAX)
        return "is one header too many; 32 are the most";
    char *copy = xstrdup(text);
    const char *wrong = rewrite_rule_parse(copy, &rule);
    if (wrong) {
        free_secret_string(copy);
        return wrong;
    }
    config->header_texts[config->header_count] = copy;
    config->headers[config->header_count++] = rule;
    return NULL;
}

/* One rule, or several lines of them. */
static const char *take_header(struct config *config, const char *text)
{
    char *copy = xstrdup(text);
    char *rest = copy;
    const char *wrong = NULL;
    for (char *line; !wrong && (line = strsep(&rest, "\n")) != NULL;)
        wrong = *line ? add_header(config, line) : NULL;
    free_secret(copy, strlen(text));
    return wrong;
}

static const char *take_allow_connect(struct config *config, const char *text)
{
    (void)text;
    config->allows_connect = true;
    return NULL;
}

static const char *take_advertise(struct config *config, const char *text)
{
    if (text[0] != '/' || strpbrk(text, "?# "))
        return "must be a path prefix that begins with '/', as in /v1";
    replace(&config->advertise, text);
    return NULL;
}

static const char *take_listen(struct config *config, const char *text)
{
    char *host;
    uint16_t port;
    const char *why;
    if (listen_address_parse(text, "127.0.0.1", 8000, &host, &port, &why) < 0)
        return why;
    free(config->listen_host);
    config->listen_host = host;
    config->listen_port = port;
    return NULL;
}

static void clear_stun(struct config *config)
{
    while (config->stun_count > 0)
        free(config->stun[--config->stun_count]);
}

static const char *add_stun(struct config *config, const char *text)
{
    const char *why;
    if (strncmp(text, "stun:", 5) != 0)
        return "must be stun:HOST[:PORT], or none";
    if (ice_server_url_check(text, &why) < 0)
        return why;
    if (config->stun_count == CONFIG_STUN_MAX)
        return "is one STUN server too many; 7 are the most";
    config->stun[config->stun_count++] = xstrdup(text);
    return NULL;
}

/* One URL, several between commas, or "none". */
static const char *take_stun(struct config *config, const char *text)
{
    if (strcmp(text, "none") == 0) {
        clear_stun(config);
        return NULL;
    }
    char *copy = xstrdup(text);
    char *rest = copy;
    const char *wrong = NULL;
    for (char *one; !wrong && (one = strsep(&rest, ",")) != NULL;)
        wrong = add_stun(config, one);
    free(copy);
    return wrong;
}

static const char *take_turn(struct config *config, const char *text)
{
    const char *why;
    if (strncmp(text, "turn:", 5) != 0 && strncmp(text, "turns:", 6) != 0)
        return "must be turn:HOST[:PORT][?transport=udp|tcp], or turns:HOST[:PORT] for TLS";
    if (ice_server_url_check(text, &why) < 0)
        return why;
    replace(&config->turn, text);
    return NULL;
}

static const char *take_turn_user(struct config *config, const char *text)
{
    replace(&config->turn_user, text);
    return NULL;
}

static const char *take_turn_pass(struct config *config, const char *text)
{
    replace(&config->turn_pass, text);
    return NULL;
}

/* Names between commas. */
static const char *take_without(struct config *config, const char *text)
{
    for (struct span rest = span_from_string(text), name; http_list_next(&rest, &name);) {
        unsigned feature = feature_from_name(name);
        if (feature == 0)
            return "must be one or more of sse, fields, flow, channels, interim and upgrade, "
                   "between commas";
        config->features &= ~feature;
    }
    return NULL;
}

/* A switch, or the value of its variable. */
static const char *take_relay_only(struct config *config, const char *text)
{
    bool is_yes = !text || strcmp(text, "1") == 0;
    if (!is_yes && strcmp(text, "0") != 0)
        return "must be 1 or 0";
    config->relay_only = is_yes;
    return NULL;
}

static const char *take_log_level(struct config *config, const char *text)
{
    return log_level_parse(text, &config->log_level) ? NULL : "must be error, warn, info or debug";
}

static const char *take_log_format(struct config *config, const char *text)
{
    return log_format_parse(text, &config->log_format) ? NULL : "must be text or json";
}

static const struct option options[] = {
    {"--signal", "TUNNEL_SIGNAL", "URL", BOTH, take_signal,
     "the signal server, ws:// or wss:// (default ws://127.0.0.1:8787)", false},
    {"--room", "TUNNEL_ROOM", "NAME", BOTH, take_room,
     "the room where both sides meet, 1 to 128 bytes; who knows it can join", false},
    {"--upstream", "TUNNEL_UPSTREAM", "URL", COMMAND_SERVE, take_upstream,
     "the HTTP API to serve, http:// or https://, may carry a base path; or unix:/PATH of a "
     "socket",
     false},
    {"--upstream-ca", "TUNNEL_UPSTREAM_CA", "FILE", COMMAND_SERVE, take_upstream_ca,
     "CA certificates (PEM) to trust for an https upstream, beside the system's", false},
    {"--upstream-insecure", NULL, NULL, COMMAND_SERVE, take_insecure,
     "do not verify the certificate of an https upstream", false},
    {"--preserve-host", NULL, NULL, COMMAND_SERVE, take_preserve_host,
     "send the client's Host upstream, not the upstream's own", false},
    {"--header", "TUNNEL_HEADER", "FIELD", COMMAND_SERVE, take_header,
     "'Name: value' sets a field of every request upstream, 'Name:' removes it; repeatable, one "
     "a line in the variable",
     true},
    {"--forwarded", NULL, NULL, BOTH, take_forwarded,
     "add Via, Forwarded and X-Forwarded-For, -Host and -Proto to requests", false},
    {"--allow-connect", NULL, NULL, COMMAND_SERVE, take_allow_connect,
     "carry CONNECT to the upstream's own host and port", false},
    {"--advertise", NULL, "PREFIX", COMMAND_SERVE, take_advertise,
     "prefix to take off request paths: with /v1, /v1/models goes upstream as /models "
     "(default /)",
     false},
    {"--listen", "TUNNEL_LISTEN", "ADDR:PORT", COMMAND_PROXY, take_listen,
     "where tools connect (default 127.0.0.1:8000; port 0 picks one)", false},
    {"--stun", "TUNNEL_STUN", "URL", BOTH, take_stun,
     "STUN server, repeatable, or none (default stun:stun.l.google.com:19302)", false},
    {"--turn", "TUNNEL_TURN", "URL", BOTH, take_turn,
     "TURN server for networks where no direct path works", false},
    {"--turn-user", "TUNNEL_TURN_USER", "NAME", BOTH, take_turn_user, "its user name", false},
    {"--turn-pass", "TUNNEL_TURN_PASS", "PASSWORD", BOTH, take_turn_pass,
     "its password (better given as the variable)", true},
    {"--relay-only", "TUNNEL_RELAY_ONLY", NULL, BOTH, take_relay_only,
     "go through the server of --turn only (1 in the variable); the other side does not "
     "learn this machine's addresses",
     false},
    {"--log-level", "TUNNEL_LOG", "LEVEL", BOTH, take_log_level,
     "error, warn, info or debug (default info)", false},
    {"--without", NULL, "NAMES", BOTH, take_without,
     "extensions of the protocol not to use, for debugging and tests", false},
    {"--log-format", NULL, "FORMAT", BOTH, take_log_format, "text or json (default text)", false},
};

enum { OPTION_COUNT = sizeof options / sizeof *options };

/* --- help --------------------------------------------------------------------- */

static void print_usage(FILE *to)
{
    fputs("usage: tunnel serve --room NAME --upstream URL [options]\n"
          "       tunnel proxy --room NAME [options]\n"
          "       tunnel serve|proxy --help\n"
          "       tunnel --version\n\n"
          "serve  carries requests that come through the tunnel to an HTTP API\n"
          "proxy  listens for HTTP on this machine and sends it through the tunnel\n",
          to);
}

static void print_help(enum command command)
{
    bool is_serve = command == COMMAND_SERVE;
    printf("usage: tunnel %s\n\n%s\n\noptions:\n",
           is_serve ? "serve --room NAME --upstream URL [options]" : "proxy --room NAME [options]",
           is_serve ? "Serves an HTTP API to the `tunnel proxy` that joins the same room."
                    : "Listens for HTTP on this machine and carries it to the `tunnel serve` in "
                      "the same\nroom.");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *o = &options[i];
        if (!(o->commands & (int)command))
            continue;
        printf("  %s%s%s\n        %s", o->flag, o->value ? " " : "", o->value ? o->value : "",
               o->help);
        if (o->variable)
            printf(" [%s]", o->variable);
        putchar('\n');
    }
    puts("  --help\n  --version\n\nA flag beats its [VARIABLE]. The whole story: man tunnel");
}

/* --- parsing -------------------------------------------------------------------- */

static enum options_result wrong(const char *what, const char *value, const char *why)
{
    fprintf(stderr, "tunnel: %s '%s' %s\n", what, value, why);
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

static bool is_given(const struct option *o, int argc, char **argv)
{
    size_t len = strlen(o->flag);
    for (int i = 2; i < argc; i++) {
        if (strncmp(argv[i], o->flag, len) == 0 && (argv[i][len] == '\0' || argv[i][len] == '='))
            return true;
    }
    return false;
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
        if (o->take == take_stun)
            clear_stun(config);
        const char *why = o->take(config, value);
        if (why)
            return wrong(o->variable, o->is_secret ? "…" : value, why);
    }
    return OPTIONS_RUN;
}

/* Takes argv[*i], and the value behind it where the option has one. */
static enum options_result take_flag(struct config *config, int argc, char **argv, int *i,
                                     bool *has_stun)
{
    char *flag = argv[*i];
    size_t len = strcspn(flag, "=");
    const struct option *o = find_option(flag, len);
    if (!o)
        return wrong("option", flag, "is not known; see --help");
    if (!(o->commands & (int)config->command))
        return wrong("option", flag,
                     config->command == COMMAND_SERVE ? "belongs to `tunnel proxy`"
                                                      : "belongs to `tunnel serve`");
    char *value = NULL;
    if (flag[len] == '=')
        value = flag + len + 1;
    else if (o->value && *i + 1 < argc)
        value = argv[++*i];
    if (o->value && !value)
        return wrong("option", flag, "needs a value; see --help");
    if (!o->value && value)
        return wrong("option", flag, "takes no value");
    /* The first --stun replaces the default and the variable; others add. */
    if (o->take == take_stun && !*has_stun) {
        clear_stun(config);
        *has_stun = true;
    }
    const char *why = o->take(config, value);
    if (why)
        return wrong(o->flag, o->is_secret ? "…" : value, why);
    if (o->is_secret)
        memset(value, 'x', strlen(value));
    return OPTIONS_RUN;
}

static enum options_result check_complete(const struct config *config)
{
    const char *missing = NULL;
    if (!config->room)
        missing = "--room NAME (or TUNNEL_ROOM)";
    else if (config->command == COMMAND_SERVE && !config->upstream_text)
        missing = "--upstream URL (or TUNNEL_UPSTREAM), as in http://127.0.0.1:11434";
    else if (config->turn && !config->turn_user)
        missing = "--turn-user NAME (or TUNNEL_TURN_USER) beside --turn";
    else if (!config->turn && (config->turn_user || config->turn_pass))
        missing = "--turn URL (or TUNNEL_TURN) beside --turn-user and --turn-pass";
    else if (config->turn && !config->turn_pass)
        missing = "--turn-pass PASSWORD (or TUNNEL_TURN_PASS) beside --turn";
    else if (config->relay_only && !config->turn)
        missing = "--turn URL (or TUNNEL_TURN) beside --relay-only";
    if (!missing)
        return OPTIONS_RUN;
    fprintf(stderr, "tunnel: %s needs %s\n", config->command == COMMAND_SERVE ? "serve" : "proxy",
            missing);
    return OPTIONS_WRONG;
}

static void set_defaults(struct config *config, enum command command)
{
    *config = (struct config){.command = command,
                              .features = FEATURES_ALL,
                              .log_level = LOG_INFO,
                              .log_format = LOG_TEXT};
    take_signal(config, "ws://127.0.0.1:8787");
    take_listen(config, "127.0.0.1:8000");
    take_advertise(config, "/");
    take_stun(config, "stun:stun.l.google.com:19302");
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
            puts("tunnel " TUNNEL_VERSION);
            return OPTIONS_DONE;
        }
    }
    enum options_result result = take_environment(out, argc, argv);
    bool has_stun = false;
    for (int i = 2; i < argc && result == OPTIONS_RUN; i++) {
        if (strncmp(argv[i], "--", 2) != 0)
            result = wrong("argument", argv[i], "is not an option; see --help");
        else
            result = take_flag(out, argc, argv, &i, &has_stun);
    }
    return result == OPTIONS_RUN ? check_complete(out) : result;
}

enum options_result options_parse(int argc, char **argv, struct config *out)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        print_usage(stderr);
        return OPTIONS_WRONG;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        const char *of = argc > 2 ? argv[2] : "";
        if (strcmp(of, "serve") == 0)
            print_help(COMMAND_SERVE);
        else if (strcmp(of, "proxy") == 0)
            print_help(COMMAND_PROXY);
        else
            print_usage(stdout);
        return OPTIONS_DONE;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        puts("tunnel " TUNNEL_VERSION);
        return OPTIONS_DONE;
    }
    if (strcmp(name, "serve") == 0)
        set_defaults(out, COMMAND_SERVE);
    else if (strcmp(name, "proxy") == 0)
        set_defaults(out, COMMAND_PROXY);
    else
        return wrong("command", name,
                     "is not known; it must be serve or proxy (see tunnel --help)");
    enum options_result result = parse_command(argc, argv, out);
    if (result != OPTIONS_RUN)
        config_deinit(out);
    return result;
}

void config_deinit(struct config *config)
{
    url_deinit(&config->signal);
    url_deinit(&config->upstream);
    free(config->signal_text);
    free(config->upstream_text);
    free_secret_string(config->room);
    free(config->advertise);
    free(config->listen_host);
    free(config->upstream_ca);
    while (config->header_count > 0)
        free_secret_string(config->header_texts[--config->header_count]);
    clear_stun(config);
    free(config->turn);
    free(config->turn_user);
    free_secret_string(config->turn_pass);
    *config = (struct config){0};
}
