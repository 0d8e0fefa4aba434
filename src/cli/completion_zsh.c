#include <stdio.h>
#include <string.h>

#include "cli/completion_gist.h"
#include "cli/completion_shell.h"
#include "cli/completion_value.h"

/* What is in opt_args is as it is typed, with a backslash before each colon and
 * each backslash. */
static void zsh_begin(void)
{
    puts("#compdef tunnel\n"
         "_tunnel_invites()\n"
         "{\n"
         "    local at=${(Q)${opt_args[--state]//(#b)\\\\(?)/$match[1]}/#\\~/$HOME}\n"
         "    tunnel invites ${at:+--state} ${at:+$at} 2>/dev/null | " COMPLETION_NAMES "\n"
         "}\n" COMPLETION_INTERFACES "_tunnel()\n"
         "{\n"
         "    local curcontext=$curcontext context state line\n"
         "    local -A opt_args\n"
         "    local -a commands=(");
    for (size_t i = 0; command_at(i); i++) {
        printf("        '%s:", command_at(i)->name);
        completion_gist_print(command_at(i)->about, "\\:", "'\\''");
        puts("'");
    }
    puts("    )\n"
         "    _arguments -C '(- *)--help[say what it does]' '(- *)--version[say which it is]' \\\n"
         "        '1:command:->command' '*:: :->rest' && return\n"
         "    if [[ $state = command ]]; then\n"
         "        _describe command commands\n"
         "        return\n"
         "    fi\n"
         "    case $words[1] in");
}

static void zsh_begin_command(const struct command_row *row)
{
    printf("    %s)\n        _arguments '(- *)--help[say what it does]'", row->name);
}

static void zsh_print_value(const struct option_view *option, const struct completion_value *value)
{
    static const char *const ways[] = {
        [VALUE_ANY] = " ",
        [VALUE_WORD] = "(%s)",
        [VALUE_LIST] = "_values -s , name %s",
        [VALUE_FILE] = "_files",
        [VALUE_FOLDER] = "_files -/",
        [VALUE_INVITE] = "{compadd -- $(_tunnel_invites)}",
        [VALUE_INTERFACE] = "{compadd -- $(_tunnel_interfaces)}",
    };
    const char *name = option->value ? option->value : option->flag;
    const char *colon = strchr(name, ':'); /* of ADDR:PORT */
    if (colon)
        printf(":%.*s\\%s:", (int)(colon - name), name, colon);
    else
        printf(":%s:", name);
    if (value->kind == VALUE_FILE && value->words)
        printf("{_files; compadd -- %s}", value->words);
    else
        printf(ways[value->kind], value->words);
}

static void zsh_option(const struct command_row *row, const struct option_view *option)
{
    const struct completion_value value = completion_value(option, row->command);
    bool is_flag = completion_is_flag(option);
    /* A word that can only be explained would hide the options. */
    if (!is_flag && value.kind == VALUE_ANY)
        return;
    fputs(" \\\n            '*", stdout);
    if (is_flag) {
        printf("%s%s[", option->flag, option->value ? "=" : "");
        completion_gist_print(option->help, "\\[]", "'\\''");
        putchar(']');
    }
    if (option->value || !is_flag)
        zsh_print_value(option, &value);
    putchar('\'');
}

static void zsh_end_command(const struct command_row *row)
{
    (void)row;
    puts(" ;;");
}

static void zsh_end(void)
{
    puts("    esac\n"
         "}\n"
         "if [[ $funcstack[1] = _tunnel ]]; then _tunnel \"$@\"; else compdef _tunnel tunnel; fi");
}

const struct shell completion_zsh = {"zsh",      zsh_begin,       zsh_begin_command,
                                     zsh_option, zsh_end_command, zsh_end};
