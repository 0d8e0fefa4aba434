/*
 * The program signal-server. One table names every option; parsing, help and
 * errors read it.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/redact.h"
#include "cli/help.h"
#include "cli/nearest.h"
#include "cli/output.h"
#include "cli/service.h"
#include "cli/stop.h"
#include "http/url.h"
#include "net/loop.h"
#include "net/own_address.h"
#include "signal/room.h"
#include "signal/server.h"
#include "signal/web_files.h"
#include "signal/web_folder.h"

enum { EXIT_MISUSE = 2 };

struct options {
    struct signal_server_config server;
    const char *listen; /* as given; the host in `server` is from it */
    uint16_t port;      /* where `listen` names none */
    const char *web;    /* a folder, or NULL: what is compiled in */
    bool has_web;
    bool has_turn; /* a secret is needed */
    enum log_level log_level;
    enum log_format log_format;
};

struct option {
    const char *flag;
    const char *value;    /* its name in the help; NULL: it has none */
    const char *variable; /* or NULL */
    const char *help;
    /* NULL, or what would be right. */
    const char *(*take)(struct options *options, const char *text);
};

/* A decimal number of at most max; digits only. */
static bool parse_number(const char *text, size_t max, size_t *out)
{
    size_t number = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        number = number * 10 + (size_t)(*text - '0');
        if (number > max)
            return false;
    }
    *out = number;
    return true;
}

static const char *take_port(struct options *options, const char *text)
{
    size_t port;
    if (!parse_number(text, UINT16_MAX, &port))
        return "must be 0 to 65535";
    options->port = (uint16_t)port;
    return NULL;
}

static const char *take_listen(struct options *options, const char *text)
{
    char *host;
    uint16_t port;
    const char *why;
    if (listen_address_parse(text, "0.0.0.0", 0, &host, &port, &why) < 0)
        return why;
    free(host);
    options->listen = text;
    return NULL;
}

static const char *take_count(const char *text, size_t least, size_t *out)
{
    size_t number;
    if (!parse_number(text, 1000000, &number) || number < least)
        return least > 0 ? "must be 1 to 1000000" : "must be 0 to 1000000";
    *out = number;
    return NULL;
}

static const char *take_max_connections(struct options *options, const char *text)
{
    return take_count(text, 1, &options->server.connections_max);
}

static const char *take_max_per_address(struct options *options, const char *text)
{
    return take_count(text, 0, &options->server.per_address_max);
}

static const char *take_max_per_room(struct options *options, const char *text)
{
    size_t *out = &options->server.per_room_max;
    bool is_good = parse_number(text, ROOM_MEMBERS_MAX, out) && *out >= ROOM_PLAIN_MAX;
    return is_good ? NULL : "must be 2 to 1024";
}

static const char *take_max_rate(struct options *options, const char *text)
{
    const char *why = take_count(text, 1, &options->server.messages_per_s);
    options->server.messages_burst = 10 * options->server.messages_per_s;
    return why;
}

static const char *take_no_web(struct options *options, const char *text)
{
    (void)text;
    options->has_web = false;
    return NULL;
}

static const char *take_web(struct options *options, const char *text)
{
    if (!*text)
        return "must be a folder";
    options->web = text;
    return NULL;
}

static const char *add_ice_url(struct options *options, const char *text)
{
    struct ice_credentials *ice = &options->server.ice;
    if (ice->url_count == SIGNAL_ICE_SERVERS_MAX)
        return "is one server too many; 4 are the most";
    ice->urls[ice->url_count++] = text;
    return NULL;
}

static const char *take_stun(struct options *options, const char *text)
{
    if (strncmp(text, "stun:", 5) != 0 || !text[5])
        return "must be stun:HOST[:PORT]";
    return add_ice_url(options, text);
}

static const char *take_turn(struct options *options, const char *text)
{
    size_t scheme = strncmp(text, "turns:", 6) == 0 ? 6 : 5;
    if ((scheme == 5 && strncmp(text, "turn:", 5) != 0) || !text[scheme])
        return "must be turn:HOST[:PORT][?transport=udp|tcp], or turns:HOST[:PORT] for TLS";
    options->has_turn = true;
    return add_ice_url(options, text);
}

/* Its first line. */
static const char *take_turn_secret_file(struct options *options, const char *text)
{
    enum { SECRET_MAX = 1024 };
    char line[SECRET_MAX] = "";
    FILE *file = fopen(text, "re");
    if (!file)
        return "cannot be read";
    bool is_read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    line[strcspn(line, "\r\n")] = '\0';
    if (!is_read || !*line)
        return "has no secret in its first line";
    free_secret_string(options->server.ice.secret);
    options->server.ice.secret = xstrdup(line);
    return NULL;
}

static const char *take_log_level(struct options *options, const char *text)
{
    return log_level_parse(text, &options->log_level) ? NULL : "must be error, warn, info or debug";
}

static const char *take_log_format(struct options *options, const char *text)
{
    return log_format_parse(text, &options->log_format) ? NULL : "must be text or json";
}

static const struct option table[] = {
    {"--port", "PORT", NULL, "port to listen on; 0 picks one (default 8787)", take_port},
    {"--listen", "HOST[:PORT]", NULL,
     "address to listen on, as in 127.0.0.1, [::]:8787 (default 0.0.0.0); a port here beats --port",
     take_listen},
    {"--max-connections", "N", NULL, "WebSockets at a time (default 10000)", take_max_connections},
    {"--max-per-address", "N", NULL,
     "of them from one IPv4 address or IPv6 /64, four times as many from one /48 (default 256); 0 "
     "for no limit, nor for joins, as behind a reverse proxy",
     take_max_per_address},
    {"--max-per-room", "N", NULL, "members of one room (default 64)", take_max_per_room},
    {"--max-rate", "N", NULL,
     "messages a second of one WebSocket for each other that it is shown, ten times as many at "
     "once (default 20)",
     take_max_rate},
    {"--no-web", NULL, NULL, "serve no page and no library for browsers", take_no_web},
    {"--web", "DIR", NULL, "serve the files of this folder instead of those that are compiled in",
     take_web},
    {"--stun", "URL", NULL,
     "STUN server to name to both ends, as in stun:turn.example.org; repeatable", take_stun},
    {"--turn", "URL", NULL,
     "TURN server to name to both ends, with a user and password of a day; repeatable", take_turn},
    {"--turn-secret-file", "FILE", NULL,
     "its first line is the secret shared with the TURN servers (coturn's static-auth-secret)",
     take_turn_secret_file},
    {"--log-level", "LEVEL", "TUNNEL_LOG", "error, warn, info or debug (default info)",
     take_log_level},
    {"--log-format", "FORMAT", NULL, "text or json (default text)", take_log_format},
};

enum { OPTION_COUNT = sizeof table / sizeof *table };

static void print_help(void)
{
    puts("usage: signal-server [options]\n");
    help_print_text("Introduces `tunnel serve` and `tunnel proxy` to each other: WebSocket on any "
                    "path, GET /healthz, and a page that opens a link. Once it listens, prints the "
                    "URLs by which it is reached.",
                    0);
    puts("\noptions:");
    for (size_t i = 0; i < OPTION_COUNT; i++)
        help_print_option(table[i].flag, table[i].value, table[i].help, table[i].variable);
    puts("  --help\n  --version\n\nA flag beats its [VARIABLE]. The whole story: man "
         "signal-server\n\n"
         "example, behind a web server that has a certificate:\n"
         "  signal-server --listen 127.0.0.1:8787 --max-per-address 0");
}

static bool wrong(const char *what, const char *value, const char *why)
{
    char *shown = redact(value);
    fprintf(stderr, "signal-server: %s '%s' %s\n", what, shown, why);
    free(shown);
    return false;
}

static const struct option *find_option(const char *flag, size_t len)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strlen(table[i].flag) == len && strncmp(table[i].flag, flag, len) == 0)
            return &table[i];
    }
    return NULL;
}

static bool wrong_flag(const char *flag, size_t len)
{
    struct nearest nearest;
    nearest_init(&nearest, span_of(flag, len));
    for (size_t i = 0; i < OPTION_COUNT; i++)
        nearest_try(&nearest, table[i].flag);
    char *why = nearest_explain(&nearest);
    wrong("option", flag, why);
    free(why);
    return false;
}

static bool take_environment(struct options *options)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const char *value = table[i].variable ? getenv(table[i].variable) : NULL;
        const char *why = value && *value ? table[i].take(options, value) : NULL;
        if (why)
            return wrong(table[i].variable, value, why);
    }
    return true;
}

/* --flag VALUE or --flag=VALUE. */
static bool take_flags(struct options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *flag = argv[i];
        size_t len = strcspn(flag, "=");
        if (flag[0] != '-')
            return wrong("argument", flag, "is not an option; see --help");
        const struct option *option = find_option(flag, len);
        if (!option)
            return wrong_flag(flag, len);
        const char *value = flag[len] == '=' ? flag + len + 1 : NULL;
        if (value && !option->value)
            return wrong("option", flag, "takes no value; see --help");
        if (!value && option->value)
            value = argv[++i];
        if (!value && option->value) /* argv ends with NULL */
            return wrong("option", flag, "needs a value; see --help");
        const char *why = option->take(options, value);
        if (why)
            return wrong(option->flag, value, why);
    }
    return true;
}

/* Each WebSocket is a descriptor; as many more may be half-open handshakes. */
static void raise_descriptor_limit(size_t connections)
{
    uint64_t allowed = descriptors_allow(2 * (uint64_t)connections + 512);
    if (allowed < connections + 64)
        log_warn("server: --max-connections %zu needs %zu file descriptors and only %llu are "
                 "allowed; raise the limit (ulimit -n, LimitNOFILE=)",
                 connections, connections + 64, (unsigned long long)allowed);
}

static const char *listen_error_text(int error)
{
    switch (error) {
    case -EADDRINUSE:
        return "the port is taken; choose another with --port";
    case -EADDRNOTAVAIL:
        return "this machine has no such address";
    case -EACCES:
        return "not allowed; ports below 1024 need privileges";
    case -EINVAL:
        return "not an address of a machine";
    default:
        return strerror(-error);
    }
}

/* Where clients find it, one a line: for a wildcard, the addresses of this
 * machine that others can use, then the one that it can. */
static void print_urls(const char *host, uint16_t port)
{
    enum { ADDRESSES_SHOWN = 4, URLS_MAX = 4096 };
    const char *loopback = listen_address_loopback(host);
    struct address addresses[ADDRESSES_SHOWN];
    /* A socket on "::" takes IPv4, too. */
    int family = strchr(host, ':') ? AF_UNSPEC : AF_INET;
    int count = loopback ? own_addresses(family, port, addresses, ADDRESSES_SHOWN) : 0;
    char *last = listen_address_format(loopback ? loopback : host, port);
    struct buf urls;
    buf_init(&urls, URLS_MAX);
    for (int i = 0; i < count; i++) {
        char text[ADDRESS_TEXT_LEN];
        buf_append_format(&urls, "ws://%s\n", address_format(&addresses[i], text));
    }
    buf_append_format(&urls, "ws://%s\n", last);
    char *text = xstrndup(buf_bytes(&urls));
    const char *why = output_try(text);
    for (char *url = text, *end; why && (end = strchr(url, '\n')) != NULL; url = end + 1)
        log_warn("server: listens at %.*s, which stdout does not take: %s", (int)(end - url), url,
                 why);
    free(text);
    free(last);
    buf_deinit(&urls);
}

/* The files to serve; *folder is to be freed. False: said why not. */
static bool find_web(struct options *options, struct web_folder **folder)
{
    char *why;
    *folder = NULL;
    options->server.web = options->has_web ? &web_files : NULL;
    if (!options->web)
        return true;
    if (web_folder_load(options->web, folder, &why) < 0) {
        fprintf(stderr, "signal-server: --web: %s\n", why);
        free(why);
        return false;
    }
    options->server.web = web_folder_files(*folder);
    return true;
}

static int run(const struct options *options)
{
    struct loop *loop = loop_new();
    struct signal_server *server = NULL;
    int error = signal_server_new(loop, &options->server, &server);
    if (error < 0) {
        char *listen = listen_address_format(options->server.host, options->server.port);
        fprintf(stderr, "signal-server: cannot listen on %s: %s\n", listen,
                listen_error_text(error));
        free(listen);
        loop_free(loop);
        return EXIT_FAILURE;
    }
    struct stop *stop = stop_new(loop);
    struct service *service = service_new(loop);
    print_urls(options->server.host, signal_server_port(server));
    service_ready(service);
    loop_run(loop);
    log_info("server: %s: closing", stop_signal(stop));
    service_stop(service);
    stop_free(stop);
    signal_server_close(server);
    service_free(service);
    loop_free(loop);
    return EXIT_SUCCESS;
}

static bool is_complete(const struct options *options)
{
    bool lacks_secret = options->has_turn && !options->server.ice.secret;
    if (lacks_secret)
        fputs("signal-server: --turn needs --turn-secret-file FILE beside it\n", stderr);
    return !lacks_secret;
}

int main(int argc, char **argv)
{
    descriptors_open_standard();
    log_open("server");
    /* Help comes first: it must work beside a broken environment. */
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help();
            return output_end("signal-server") ? EXIT_SUCCESS : EXIT_FAILURE;
        }
        if (strcmp(argv[i], "--version") == 0) {
            puts("signal-server " TUNNEL_VERSION);
            return output_end("signal-server") ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    struct options options = {.listen = "0.0.0.0",
                              .port = 8787,
                              .has_web = true,
                              .log_level = LOG_INFO};
    signal_server_config_init(&options.server);
    if (!take_environment(&options) || !take_flags(&options, argc, argv) || !is_complete(&options))
        return EXIT_MISUSE;
    log_configure(options.log_level, options.log_format);
    signal(SIGPIPE, SIG_IGN); /* of a closed terminal or log pipe */
    signal(SIGXFSZ, SIG_IGN); /* so is a log that has reached its limit (ulimit -f) */

    char *host;
    const char *why;
    if (listen_address_parse(options.listen, "0.0.0.0", options.port, &host, &options.server.port,
                             &why) < 0)
        return EXIT_MISUSE; /* take_listen() has checked it */
    options.server.host = host;
    raise_descriptor_limit(options.server.connections_max);
    struct web_folder *folder;
    int status = find_web(&options, &folder) ? run(&options) : EXIT_FAILURE;
    web_folder_free(folder);
    free(host);
    free_secret_string(options.server.ice.secret);
    log_close();
    return status;
}
