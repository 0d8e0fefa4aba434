/*
 * The program signal-server: what it needs, from its start to its end.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "cli/certificate.h"
#include "cli/metrics_server.h"
#include "cli/output.h"
#include "cli/service.h"
#include "cli/signal_server_metrics.h"
#include "cli/signal_server_options.h"
#include "cli/signal_server_workers.h"
#include "cli/stop.h"
#include "http/url.h"
#include "net/loop.h"
#include "net/own_address.h"
#include "net/tls_server.h"
#include "signal/cluster/redis_reader.h"
#include "signal/server.h"
#include "signal/web_files.h"
#include "signal/web_folder.h"

enum {
    EXIT_MISUSE = 2,
    /* Free memory at the heap's end that stays ours: what a turn of the loop
     * gathers for hundreds of sockets comes and goes by the megabyte, and would
     * be a page fault every 4 KiB. */
    HEAP_KEPT = 4 << 20
};

/* Each WebSocket is a descriptor; with workers and TLS two, as it may be served
 * by another worker than the one that has its TLS. As many more may be
 * half-open handshakes. */
static void raise_descriptor_limit(const struct signal_server_options *options)
{
    size_t connections = options->server.connections_max;
    size_t each = options->workers > 1 && options->tls_cert ? 2 : 1;
    size_t least = each * connections + 64;
    uint64_t allowed = descriptors_allow((each + 1) * (uint64_t)connections + 512);
    if (allowed < least)
        log_warn("server: --max-connections %zu needs %zu file descriptors and only %llu are "
                 "allowed; raise the limit (ulimit -n, LimitNOFILE=)",
                 connections, least, (unsigned long long)allowed);
}

static const char *listen_error_text(int error)
{
    switch (error) {
    case -EADDRINUSE:
        return "the port is taken; choose another with --port";
    case -EADDRNOTAVAIL:
        return "this machine has no such address; choose another with --listen, as in 0.0.0.0";
    case -EACCES:
        return "ports below 1024 need privileges; choose another with --port";
    case -EOPNOTSUPP:
        return "--workers holds one address to its limit on Linux alone; elsewhere it needs "
               "--max-per-address 0";
    case -EINVAL:
        return "that is no address or name of this machine; choose another with --listen, as in "
               "0.0.0.0";
    default:
        return strerror(-error);
    }
}

enum { NAMES_SHOWN = 4, URLS_MAX = 4096 };

/* Where clients find it, one a line: for a wildcard, the addresses of this
 * machine that others can use, then the one that it can. With TLS, by the names
 * of its certificate, if it has any: others would not be believed. */
static void list_urls(struct buf *urls, const char *host, uint16_t port,
                      const struct tls_server *tls)
{
    const char *scheme = tls ? "wss" : "ws";
    const char *loopback = listen_address_loopback(host);
    struct address addresses[NAMES_SHOWN];
    char *names[NAMES_SHOWN];
    size_t name_count = tls ? tls_server_names(tls, names, NAMES_SHOWN) : 0;
    for (size_t i = 0; i < name_count; i++) {
        buf_append_format(urls, "%s://%s:%u\n", scheme, names[i], port);
        free(names[i]);
    }
    if (name_count > 0)
        return;
    /* A socket on "::" takes IPv4, too. */
    int family = strchr(host, ':') ? AF_UNSPEC : AF_INET;
    int count = loopback ? own_addresses(family, port, addresses, NAMES_SHOWN) : 0;
    for (int i = 0; i < count; i++) {
        char text[ADDRESS_TEXT_LEN];
        buf_append_format(urls, "%s://%s\n", scheme, address_format(&addresses[i], text));
    }
    char *last = listen_address_format(loopback ? loopback : host, port);
    buf_append_format(urls, "%s://%s\n", scheme, last);
    free(last);
}

static void warn_of_missed_address(const char *host, uint16_t port)
{
    struct address address;
    char text[ADDRESS_TEXT_LEN];
    if (own_address_is_missed(host, port, &address))
        log_warn("server: listens by IPv4 alone, of which this machine has no address; --listen "
                 "[::]:%u listens at %s, too",
                 port, address_format(&address, text));
}

static void print_urls(const char *host, uint16_t port, const struct tls_server *tls)
{
    warn_of_missed_address(host, port);
    struct buf urls;
    buf_init(&urls, URLS_MAX);
    list_urls(&urls, host, port, tls);
    char *text = xstrndup(buf_bytes(&urls));
    const char *why = output_try(text);
    for (char *url = text, *end; why && (end = strchr(url, '\n')) != NULL; url = end + 1)
        log_warn("server: listens at %.*s, which stdout does not take: %s", (int)(end - url), url,
                 why);
    if (isatty(STDERR_FILENO)) /* somebody looks, and wants to know */
        fprintf(stderr,
                "signal-server: next, on the machine with the API: tunnel serve PORT --signal "
                "%.*s\n",
                (int)strcspn(text, "\n"), text);
    free(text);
    buf_deinit(&urls);
}

/* The files to serve; *folder is to be freed. False: said why not. */
static bool find_web(struct signal_server_options *options, struct web_folder **folder)
{
    char *why;
    *folder = NULL;
    options->server.web = options->has_web ? &web_files : NULL;
    if (!options->web)
        return true;
    if (web_folder_load(options->web, folder, &why) < 0) {
        fprintf(stderr, "signal-server: --web '%s' cannot be served: %s\n", options->web, why);
        free(why);
        return false;
    }
    options->server.web = web_folder_files(*folder);
    return true;
}

/* *tls is to be freed. False: said why not. */
static bool find_tls(struct signal_server_options *options, struct tls_server **tls)
{
    char *why;
    *tls = NULL;
    if (!options->tls_cert)
        return true;
    if (tls_server_new(options->tls_cert, options->tls_key, tls, &why) < 0) {
        fprintf(stderr, "signal-server: %s\n", why);
        free(why);
        return false;
    }
    options->server.tls = *tls;
    return true;
}

static void tell_listen_error(const struct signal_server_config *config, int error)
{
    char *listen = listen_address_format(config->host, config->port);
    fprintf(stderr, "signal-server: cannot listen on %s: %s\n", listen, listen_error_text(error));
    free(listen);
}

static struct metrics_place metrics_place(const struct signal_server_options *options)
{
    return (struct metrics_place){"signal-server", "--metrics", options->metrics_host,
                                  options->metrics_port};
}

/* False: said why not. */
static bool find_metrics(struct loop *loop, const struct signal_server_options *options,
                         struct signal_server *server, struct metrics_server **out)
{
    const struct metrics_source source = {signal_server_metrics_write,
                                          signal_server_metrics_unready, server};
    const struct metrics_place place = metrics_place(options);
    if (options->metrics_host)
        *out = metrics_server_new(loop, &place, &source);
    return *out || !options->metrics_host;
}

static void on_hangup(void *tls)
{
    if (tls)
        certificate_reload(tls);
    else
        log_info("server: SIGHUP: there is no file to read again");
}

static int run(const struct signal_server_options *options, struct tls_server *tls)
{
    struct loop *loop = loop_new();
    struct signal_server *server = NULL;
    int error = signal_server_new(loop, &options->server, &server);
    if (error < 0) {
        tell_listen_error(&options->server, error);
        loop_free(loop);
        return EXIT_FAILURE;
    }
    struct metrics_server *metrics = NULL;
    if (!find_metrics(loop, options, server, &metrics)) {
        signal_server_close(server);
        loop_free(loop);
        return EXIT_FAILURE;
    }
    struct stop *stop = stop_new(loop);
    stop_watch(stop);
    struct service *service = service_new(loop);
    if (tls)
        certificate_tell(tls);
    if (tls || service_has_manager(service))
        stop_on_hangup(stop, on_hangup, tls);
    print_urls(options->server.host, signal_server_port(server), tls);
    metrics_server_tell(metrics);
    service_ready(service);
    loop_run(loop);
    log_info("server: %s: closing", stop_signal(stop));
    service_stop(service);
    stop_free(stop);
    metrics_server_free(metrics);
    signal_server_close(server);
    service_free(service);
    loop_free(loop);
    return EXIT_SUCCESS;
}

static void tell_workers(const struct signal_server_workers *all)
{
    if (all->tls)
        certificate_tell(all->tls);
    print_urls(all->options->server.host, workers_port(all->workers), all->tls);
}

static int run_workers(const struct signal_server_options *options, struct tls_server *tls)
{
    struct signal_server_workers all = {.options = options, .tls = tls, .tell = tell_workers};
    int error = workers_new((int)options->workers, &options->server, &all.workers);
    if (error < 0) {
        tell_listen_error(&options->server, error);
        return EXIT_FAILURE;
    }
    int status = EXIT_FAILURE;
    const struct metrics_place place = metrics_place(options);
    if (!options->metrics_host || metrics_listening_open(&place, &all.metrics))
        status = signal_server_workers_run(&all);
    listening_close(&all.metrics);
    workers_free(all.workers);
    return status;
}

static int serve(struct signal_server_options *options)
{
    struct web_folder *folder = NULL;
    struct tls_server *tls = NULL;
    int status = EXIT_FAILURE;
    if (find_web(options, &folder) && find_tls(options, &tls) &&
        cluster_options_apply(&options->cluster, &options->server))
        status = options->workers > 1 ? run_workers(options, tls) : run(options, tls);
    tls_server_free(tls);
    web_folder_free(folder);
    return status;
}

int main(int argc, char **argv)
{
    descriptors_open_standard();
    log_open("server");
    /* Help comes first: it must work beside a broken environment. */
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            signal_server_print_help();
            return output_end("signal-server") ? EXIT_SUCCESS : EXIT_FAILURE;
        }
        if (strcmp(argv[i], "--version") == 0) {
            puts("signal-server " TUNNEL_VERSION);
            if (redis_library())
                printf("clusters by %s\n", redis_library());
            return output_end("signal-server") ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    struct signal_server_options options;
    int status = EXIT_MISUSE;
    if (signal_server_options_read(&options, argc, argv)) {
        log_configure(options.log_level, options.log_format);
        alloc_keep(HEAP_KEPT);
        signal(SIGPIPE, SIG_IGN); /* of a closed terminal or log pipe */
        signal(SIGXFSZ, SIG_IGN); /* so is a log that has reached its limit (ulimit -f) */
        raise_descriptor_limit(&options);
        status = serve(&options);
    }
    signal_server_options_deinit(&options);
    log_close();
    return status;
}
