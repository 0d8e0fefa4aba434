/*
 * Who takes what is asked: a value is meant for another option only where that
 * one would take it.
 */
#include "cli/option_value.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/redact.h"
#include "cli/ice_url.h"

typedef const char *taker(struct config *config, const char *text);

static const struct {
    enum command command;
    taker *belongs, *meant;
    bool is_port; /* or HOST:PORT: a URL, or a word, is more likely a link's part */
    const char *before, *flag, *what; /* no flag: an argument */
} mistakes[] = {
    {COMMAND_DOCTOR, config_take_link, config_take_signal, false, "doctor", "--signal",
     "a signal server there"},
    {COMMAND_DOCTOR, config_take_link, config_take_upstream, false, "doctor", "--upstream",
     "an API there"},
    {COMMAND_PROXY, config_take_link, config_take_listen, true, "proxy LINK", "--listen",
     "tools to connect there"},
    {COMMAND_PROXY, config_take_link, config_take_upstream, true, "serve", NULL, "an API there"},
    {COMMAND_SERVE, config_take_upstream, config_take_signal, false, "serve UPSTREAM", "--signal",
     "a signal server there"},
    {COMMAND_INVITE, config_take_name, config_take_signal, false, "invite NAME", "--signal",
     "a signal server there"},
};
enum { MISTAKES = sizeof mistakes / sizeof *mistakes };

bool option_value_is_link(const char *text)
{
    return strstr(text, "#t1.") != NULL;
}

static bool would_take(taker *take, enum command command, const char *text)
{
    struct config config;
    config_init(&config, command);
    bool is_taken = take(&config, text) == NULL;
    config_deinit(&config);
    return is_taken;
}

/* ---- a link ---- */

static const char *belonging(const struct option *o)
{
    if (o->take == config_take_signal)
        return "of it, what stands before the '#' belongs here";
    if (o->take == config_take_upstream)
        return "here belongs the API, as in 11434";
    if (o->take == config_take_name)
        return "here belongs a name, as in phone";
    return NULL;
}

/* NULL: it is none, or may be one. */
static char *explain_link(const struct option *o, const char *text, const struct wording *wording)
{
    const char *name = o->value ? o->value : o->flag + strspn(o->flag, ARGUMENT);
    const char *whose = wording->argv ? "for `tunnel proxy LINK`" : "whose key is link";
    if (!text || o->secrecy == SECRET || !option_value_is_link(text))
        return NULL;
    if (o->take == config_take_link_file)
        return xstrdup(wording->argv ? "is a link, not a file: leave out --link-file"
                                     : "is a link, not a file: its key is link");
    if (belonging(o))
        return xasprintf("is a link, %s; %s", whose, belonging(o));
    return xasprintf("is a link, %s; here belongs %s", whose, name);
}

/* ---- a place ---- */

static char *append(char *all, int mistake, const char *text)
{
    const char *flag = mistakes[mistake].flag;
    char *more = xasprintf("%s%s`tunnel %s%s%s %s`, for %s", all ? all : "perhaps ",
                           all ? ", or " : "", mistakes[mistake].before, flag ? " " : "",
                           flag ? flag : "", text, mistakes[mistake].what);
    free(all);
    return more;
}

static bool is_port(const char *text)
{
    bool is_number = *text && text[strspn(text, "0123456789")] == '\0';
    return is_number || (strchr(text, ':') && !strstr(text, "://"));
}

char *option_value_suggest(const struct option *o, enum command command, const char *text,
                           const struct wording *wording)
{
    char *all = NULL;
    if (!redact_can_be_typed(text))
        return NULL;
    for (int i = 0; i < MISTAKES; i++) {
        bool concerns = mistakes[i].command == command && mistakes[i].belongs == o->take &&
                        !(mistakes[i].flag && wording_has_flag(wording, mistakes[i].flag));
        if (!concerns || (mistakes[i].is_port && !is_port(text)) ||
            !would_take(mistakes[i].meant, command, text))
            continue;
        all = append(all, i, text);
    }
    return all;
}

/* ---- a server's place without its scheme ---- */

/* NULL: that would not be right either. */
static char *suggest_scheme(const struct option *o, enum command command, const char *text)
{
    bool is_stun = o->take == config_take_stun;
    if (!is_stun && o->take != config_take_turn)
        return NULL;
    char *whole = ice_url_complete(is_stun ? ICE_SERVER_STUN : ICE_SERVER_TURN, text);
    char *instead =
        whole && would_take(o->take, command, whole) ? xasprintf("perhaps %s", whole) : NULL;
    free(whole);
    return instead;
}

/* ---- taking ---- */

/* Commands are not what is typed in a file. */
static char *explain_place(const struct option *o, enum command command, const char *text,
                           const char *why, const struct wording *wording)
{
    char *instead = suggest_scheme(o, command, text);
    if (!instead && wording->argv)
        instead = option_value_suggest(o, command, text, wording);
    if (!instead)
        return xstrdup(why);
    const char *said = o->take == config_take_link ? "is no link, which ends with '#t1.…'" : why;
    char *all = xasprintf("%s; %s", said, instead);
    free(instead);
    return all;
}

char *option_value_take(const struct option *o, struct config *config, const char *text,
                        const struct wording *wording)
{
    char *is_link = explain_link(o, text, wording);
    const char *why = is_link ? NULL : o->take(config, text);
    if (is_link || !why)
        return is_link;
    return text ? explain_place(o, config->command, text, why, wording) : xstrdup(why);
}
