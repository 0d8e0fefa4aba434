/*
 * Parsing, help and errors all read one table (cli/option_table.h).
 */
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/redact.h"
#include "cli/command.h"
#include "cli/config_whole.h"
#include "cli/egress_variables.h"
#include "cli/foreign_flag.h"
#include "cli/help.h"
#include "cli/option_value.h"
#include "cli/version.h"

/* How the other side is met, as far as one source says. */
struct place {
    bool has_room, has_link;
};

/* --- help ----------------------------------------------------------------- */

static bool is_argument(const struct option *o)
{
    return o->flag[0] == ARGUMENT[0];
}

static void print_options(enum command command, bool are_arguments)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->commands & (int)command && is_argument(o) == are_arguments)
            help_print_option(o->flag + strspn(o->flag, ARGUMENT), o->value, o->help, o->variable);
    }
}

static void print_help(enum command command)
{
    const struct command_row *row = command_row(command);
    help_begin();
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

#define IS_LINK "is a link: `tunnel proxy LINK` opens it, and `tunnel doctor LINK` tries it"

/* A link may have come where another value belongs. */
static enum options_result wrong(const char *what, const char *value, const char *why)
{
    char *shown = redact(value);
    fprintf(stderr, "tunnel: %s '%s' %s\n", what, shown, why);
    free(shown);
    return OPTIONS_WRONG;
}

/* name: of the flag or the variable; NULL: an argument, of which more may be
 * shown. */
static enum options_result take_value(const struct option *o, struct config *config,
                                      const char *value, const char *name,
                                      const struct wording *wording)
{
    char *why = option_value_take(o, config, value, wording);
    const char *shown = name && o->secrecy == SECRET ? "…" : value;
    enum options_result result = why ? wrong(name ? name : "argument", shown, why) : OPTIONS_RUN;
    free(why);
    return result;
}

static bool is_given(const struct option *o, const struct wording *wording)
{
    bool is_link = o->take == config_take_link;
    return wording_has_flag(wording, o->flag) ||
           (is_link &&
            (wording_has_flag(wording, "--room") || wording_has_flag(wording, "--link-file")));
}

/* A variable that a flag beats is not even looked at. */
static enum options_result take_environment(struct config *config, const struct wording *wording)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        const char *value = o->variable ? getenv(o->variable) : NULL;
        if (!value || !*value || !(o->commands & (int)config->command))
            continue;
        if (is_given(o, wording))
            continue;
        if (o->take == config_take_stun)
            config_clear_stun(config);
        if (take_value(o, config, value, o->variable, wording) != OPTIONS_RUN)
            return OPTIONS_WRONG;
    }
    return OPTIONS_RUN;
}

/* For those who connect. */
static enum options_result take_egress(struct config *config)
{
    const char *variable;
    const char *why;
    if (!(config->command & (OPTION_BOTH | COMMAND_DOCTOR)) ||
        egress_variables_read(getenv, &config->egress, &variable, &why) == 0)
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
    const char *foreign = foreign_flag_explain(config->command, span_of(flag, len));
    if (foreign)
        return wrong("option", flag, foreign);
    nearest_init(&nearest, span_of(flag, len));
    for (size_t i = 0; i < option_count; i++) {
        if (!is_argument(&option_table[i]) && option_table[i].commands & (int)config->command)
            nearest_try(&nearest, option_table[i].flag);
    }
    return wrong_unknown("option", flag, &nearest);
}

static enum options_result wrong_command(const struct config *config, const struct option *o,
                                         const char *flag)
{
    bool is_key = config->command == COMMAND_RUN && o->commands & OPTION_BOTH;
    char *key = is_key ? wording_lacking(&wording_of_file, o->flag) : NULL;
    char *why =
        key ? xasprintf("belongs in the file, as %s: above the first section for all, or in one",
                        key)
            : xasprintf("belongs to `tunnel %s`", command_first(o->commands)->name);
    wrong("option", flag, why);
    free(key);
    free(why);
    return OPTIONS_WRONG;
}

static enum options_result wrong_form(const struct option *o, const char *flag)
{
    char *why = help_explain_form(o->flag, o->value);
    wrong("option", flag, why);
    free(why);
    return OPTIONS_WRONG;
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
    const struct wording *wording;
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
    const struct option *o = option_find(flag, len);
    if (!o)
        return wrong_flag(config, flag, len);
    if (!(o->commands & (int)config->command))
        return wrong_command(config, o, flag);
    char *value = NULL;
    if (flag[len] == '=')
        value = flag + len + 1;
    else if (o->value && *i + 1 < argc)
        value = argv[++*i];
    if ((o->value != NULL) != (value != NULL))
        return wrong_form(o, flag);
    clear_replaced(config, o, given);
    if (o->take == config_take_signal && config->link_count > 0)
        return wrong("option", flag, "stands in the link already");
    enum options_result result = take_value(o, config, value, o->flag, given->wording);
    if (result == OPTIONS_RUN)
        wipe(o, value);
    return result;
}

/* To be freed. */
static char *usage_of(enum command command)
{
    return xasprintf("it is `tunnel %s`", command_row(command)->usage);
}

static enum options_result wrong_second(const struct config *config, const struct option *o,
                                        const char *text)
{
    char *instead = option_value_suggest(o, config->command, text, &config->wording);
    if (!instead)
        instead = option_value_is_link(text) ? xstrdup("a link is for `tunnel proxy LINK`")
                                             : usage_of(config->command);
    char *why = xasprintf("is one too many; %s", instead);
    wrong("argument", text, why);
    free(instead);
    free(why);
    return OPTIONS_WRONG;
}

/* An argument that is no flag: one, but of links any number. */
static enum options_result take_argument(struct config *config, char *text, int count,
                                         struct given *given)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (!is_argument(o) || !(o->commands & (int)config->command))
            continue;
        if (count > 0 && o->take != config_take_link)
            return wrong_second(config, o, text);
        clear_replaced(config, o, given);
        enum options_result result = take_value(o, config, text, NULL, given->wording);
        if (result == OPTIONS_RUN)
            wipe(o, text);
        return result;
    }
    char *usage = usage_of(config->command);
    char *why =
        option_value_is_link(text) ? xstrdup(IS_LINK) : xasprintf("is not an option; %s", usage);
    wrong("argument", text, why);
    free(usage);
    free(why);
    return OPTIONS_WRONG;
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
        return wrong(before->has_room ? "TUNNEL_ROOM" : "--room", "…",
                     before->has_link ? "is one way to meet, and TUNNEL_LINK another: choose one"
                                      : "is one way to meet, and a link another: choose one");
    return OPTIONS_RUN;
}

/* What the values make together. */
static enum options_result check_whole(struct config *config)
{
    char *why = config_complete(config, command_row(config->command)->name, &config->wording);
    if (why)
        fprintf(stderr, "tunnel: %s\n", why);
    free(why);
    return why ? OPTIONS_WRONG : OPTIONS_RUN;
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
    const struct wording wording = {argc, argv};
    out->wording = wording;
    enum options_result result = take_environment(out, &wording);
    if (result == OPTIONS_RUN)
        result = take_egress(out);
    const struct place before = {out->room != NULL, out->link_count > 0};
    struct given given = {.wording = &wording};
    for (int i = 2, arguments = 0; i < argc && result == OPTIONS_RUN; i++) {
        if (argv[i][0] == '-')
            result = take_flag(out, argc, argv, &i, &given);
        else
            result = take_argument(out, argv[i], arguments++, &given);
    }
    if (result == OPTIONS_RUN)
        result = choose_place(out, &before);
    return result == OPTIONS_RUN ? check_whole(out) : result;
}

static enum options_result wrong_name(const char *name)
{
    struct nearest nearest;
    if (option_value_is_link(name))
        return wrong("command", name, IS_LINK);
    nearest_init(&nearest, span_from_string(name));
    if (name[0] == '-') {
        nearest_try(&nearest, "--help");
        nearest_try(&nearest, "--version");
        return wrong_unknown("option", name, &nearest);
    }
    command_suggest(&nearest);
    if (nearest_name(&nearest))
        return wrong_unknown("command", name, &nearest);
    char *names = command_names();
    char *why = xasprintf("is not known; it must be %s (see tunnel --help)", names);
    wrong("command", name, why);
    free(why);
    free(names);
    return OPTIONS_WRONG;
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
