/*
 * Parsing, help and errors all read one table
 * (cli/signal_server_option_table.h).
 */
#include "cli/signal_server_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/redact.h"
#include "cli/help.h"
#include "cli/ice_url.h"
#include "cli/nearest.h"
#include "cli/signal_server_option_table.h"
#include "http/url.h"

void signal_server_print_help(void)
{
    help_begin();
    puts("usage: signal-server [options]\n");
    help_print_text("Introduces `tunnel serve` and `tunnel proxy` to each other: WebSocket on any "
                    "path, GET /healthz, and a page that opens a link. Once it listens, prints the "
                    "URLs by which it is reached.",
                    0);
    puts("\noptions:");
    for (size_t i = 0; i < signal_server_option_count; i++) {
        const struct signal_server_option *option = &signal_server_option_table[i];
        help_print_option(option->flag, option->value, option->help, option->variable);
    }
    puts("  --help\n  --version\n\nA flag beats its [VARIABLE]. The whole story: man "
         "signal-server\n\n"
         "example, with a certificate of its own:\n"
         "  signal-server --port 443 --tls-cert fullchain.pem --tls-key privkey.pem\n\n"
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

static bool wrong_flag(const char *flag, size_t len)
{
    struct nearest nearest;
    nearest_init(&nearest, span_of(flag, len));
    for (size_t i = 0; i < signal_server_option_count; i++)
        nearest_try(&nearest, signal_server_option_table[i].flag);
    char *why = nearest_explain(&nearest);
    wrong("option", flag, why);
    free(why);
    return false;
}

static bool would_take(const char *flag, const char *text)
{
    struct signal_server_options scratch = {0};
    return signal_server_option_find(flag, strlen(flag))->take(&scratch, text) == NULL;
}

/* The flag that a port or an address is for, of which HOST alone has a dot; so
 * has a link. NULL for what is neither. */
static const char *flag_for(const char *argument)
{
    if (would_take("--port", argument))
        return "--port";
    bool is_address = !redact_hides(argument) && strpbrk(argument, ".:");
    return is_address && would_take("--listen", argument) ? "--listen" : NULL;
}

static bool wrong_value(const struct signal_server_option *option, const char *value,
                        const char *why)
{
    bool is_stun = strcmp(option->flag, "--stun") == 0;
    bool is_turn = strcmp(option->flag, "--turn") == 0;
    char *meant = is_stun || is_turn
                      ? ice_url_complete(is_stun ? ICE_SERVER_STUN : ICE_SERVER_TURN, value)
                      : NULL;
    char *all = meant ? xasprintf("%s; perhaps %s", why, meant) : xstrdup(why);
    wrong(option->flag, value, all);
    free(meant);
    free(all);
    return false;
}

static bool wrong_form(const struct signal_server_option *option, const char *flag)
{
    char *why = help_explain_form(option->flag, option->value);
    wrong("option", flag, why);
    free(why);
    return false;
}

static bool wrong_argument(const char *argument)
{
    const char *flag = flag_for(argument);
    if (!flag)
        return wrong("argument", argument, "is not an option; see --help");
    fprintf(stderr, "signal-server: argument '%s' is not an option; perhaps %s %s is meant\n",
            argument, flag, argument);
    return false;
}

static bool take_environment(struct signal_server_options *options)
{
    for (size_t i = 0; i < signal_server_option_count; i++) {
        const struct signal_server_option *option = &signal_server_option_table[i];
        const char *value = option->variable ? getenv(option->variable) : NULL;
        const char *why = value && *value ? option->take(options, value) : NULL;
        if (why)
            return wrong(option->variable, value, why);
    }
    return true;
}

/* --flag VALUE or --flag=VALUE. */
static bool take_flags(struct signal_server_options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *flag = argv[i];
        size_t len = strcspn(flag, "=");
        if (flag[0] != '-')
            return wrong_argument(flag);
        const struct signal_server_option *option = signal_server_option_find(flag, len);
        if (!option)
            return wrong_flag(flag, len);
        const char *value = flag[len] == '=' ? flag + len + 1 : NULL;
        if (!value && option->value)
            value = argv[++i]; /* argv ends with NULL */
        if ((option->value != NULL) != (value != NULL))
            return wrong_form(option, flag);
        const char *why = option->take(options, value);
        if (why)
            return wrong_value(option, value, why);
    }
    return true;
}

/* What only makes sense together, or does not. */
static const char *misfit(const struct signal_server_options *options)
{
    if (options->has_turn && !options->server.ice.secret)
        return "--turn needs --turn-secret-file FILE beside it";
    if (options->web && !options->has_web)
        return "--web DIR and --no-web contradict each other; leave one out";
    if (options->tls_cert && !options->tls_key)
        return "--tls-cert needs --tls-key FILE beside it";
    if (options->tls_key && !options->tls_cert)
        return "--tls-key needs --tls-cert FILE beside it";
    return cluster_options_misfit(&options->cluster);
}

bool signal_server_options_read(struct signal_server_options *options, int argc, char **argv)
{
    *options = (struct signal_server_options){
        .listen = "0.0.0.0", .port = 8787, .workers = 1, .has_web = true, .log_level = LOG_INFO};
    signal_server_config_init(&options->server);
    if (!take_environment(options) || !take_flags(options, argc, argv))
        return false;
    const char *why = misfit(options);
    if (why) {
        fprintf(stderr, "signal-server: %s\n", why);
        return false;
    }
    /* take_listen() has checked it */
    listen_address_parse(options->listen, "0.0.0.0", options->port, &options->host,
                         &options->server.port, &why);
    options->server.host = options->host;
    return true;
}

void signal_server_options_deinit(struct signal_server_options *options)
{
    free(options->metrics_host);
    free(options->host);
    free_secret_string(options->server.ice.secret);
    cluster_options_deinit(&options->cluster);
}
