/*
 * Each shell is one row: how its script begins, what it says of a command and
 * of an option, and how it ends. What a value may be follows from the name
 * that it has in the help.
 *
 * bash is told by the words alone. Its script asks nothing of the package
 * bash-completion, and a FLAG=VALUE comes to it as three words.
 */
#include "cli/completion.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"

struct shell {
    const char *name;
    void (*begin)(void);
    void (*begin_command)(const struct command_row *row);
    void (*option)(const struct command_row *row, const struct option_view *option);
    void (*end_command)(const struct command_row *row);
    void (*end)(void);
};

#define FOLDERS "/"
#define FILES   "*"
#define INVITES "@"

/* Values that can be told: FILES, FOLDERS, INVITES or words. */
static const struct {
    const char *value;
    const char *words;
} known_values[] = {
    {"FILE", FILES},
    {"DIR", FOLDERS},
    {"LEVEL", "error warn info debug"},
    {"FORMAT", "text json"},
    {"HOW", "balanced first"},
    {"WHEN", "last no"},
    {"SHELL", "bash zsh fish"},
    {"FORM", "combined json"},
    {"PATH", FILES},
};

/* NULL: anything. */
static const char *words_of(const char *value)
{
    for (size_t i = 0; value && i < sizeof known_values / sizeof *known_values; i++) {
        if (strcmp(known_values[i].value, value) == 0)
            return known_values[i].words;
    }
    return NULL;
}

static bool is_flag(const struct option_view *option)
{
    return option->flag[0] == '-';
}

/* Of an option's value, or of an argument. */
static const char *words_at(const struct option_view *option)
{
    bool is_invite = strcmp(option->flag, "NAME") == 0 || strcmp(option->flag, "--device") == 0;
    return is_invite ? INVITES : words_of(is_flag(option) ? option->value : option->flag);
}

/* What stands between single quotes, without a line's end: the help as far as
 * it fits a menu, each of `special` behind a backslash. */
static void print_gist(const char *help, const char *special, const char *quote)
{
    static const char *const ends[] = {" (", "; ", ". ", ", as in"};
    size_t len = strlen(help);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const char *end = strstr(help, ends[i]);
        if (end && (size_t)(end - help) < len)
            len = (size_t)(end - help);
    }
    for (size_t i = 0; i < len; i++) {
        if (help[i] == '\'')
            fputs(quote, stdout);
        else
            printf("%s%c", strchr(special, help[i]) ? "\\" : "", help[i]);
    }
}

/* --- bash ----------------------------------------------------------------- */

static void bash_print_names(void)
{
    for (size_t i = 0; command_at(i); i++)
        printf(" %s", command_at(i)->name);
}

/* Below the headings; what is further to the right tells more of one. */
#define NAMES_OF_INVITES                       \
    "_tunnel_invites()\n"                      \
    "{\n"                                      \
    "    tunnel invites 2>/dev/null | sed -n " \
    "'2,$s/^\\([^ ]\\{1,\\}\\) .*/\\1/p'\n"    \
    "}\n"

static void bash_begin(void)
{
    puts("# bash completion of tunnel\n" NAMES_OF_INVITES "_tunnel()\n"
         "{\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words= files=\n"
         "    [ \"$cur\" = '=' ] && cur=\n"
         "    [ \"$prev\" = '=' ] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
         "    COMPREPLY=()\n"
         "    if [ \"$COMP_CWORD\" -eq 1 ]; then");
    fputs("        mapfile -t COMPREPLY < <(compgen -W '--help --version", stdout);
    bash_print_names();
    puts("' -- \"$cur\")\n"
         "        return\n"
         "    fi\n"
         "    case ${COMP_WORDS[1]}:$prev in");
}

/* A value, or nothing where anything may stand. */
static void bash_option(const struct command_row *row, const struct option_view *option)
{
    const char *words = words_at(option);
    if (!is_flag(option) || !option->value)
        return;
    printf("    %s:%s) ", row->name, option->flag);
    if (words && *words == *FILES)
        fputs("compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); ", stdout);
    else if (words && *words == *FOLDERS)
        fputs("compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); ", stdout);
    else if (words && *words == *INVITES)
        fputs("mapfile -t COMPREPLY < <(compgen -W \"$(_tunnel_invites)\" -- \"$cur\"); ", stdout);
    else if (words)
        printf("mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\"); ", words);
    puts("return ;;");
}

static void bash_end_command(const struct command_row *row)
{
    struct option_view option;
    const char *more = "";
    printf("    %s:*) words='--help --version", row->name);
    for (size_t i = 0; options_view(i, &option); i++) {
        const char *words = is_flag(&option) ? option.flag : words_at(&option);
        if (!(option.commands & (int)row->command) || !words)
            continue;
        if (is_flag(&option) || (*words != *FILES && *words != *INVITES))
            printf(" %s", words);
        else
            more = *words == *FILES ? " files=yes" : "\" $(_tunnel_invites)\"";
    }
    printf("'%s ;;\n", more);
}

static void bash_end(void)
{
    puts("    esac\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
         "    [ -z \"$files\" ] && return\n"
         "    compopt -o filenames\n"
         "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$cur\")\n"
         "}\n"
         "complete -F _tunnel tunnel");
}

/* --- zsh ------------------------------------------------------------------ */

static void zsh_begin(void)
{
    puts("#compdef tunnel\n" NAMES_OF_INVITES "_tunnel()\n"
         "{\n"
         "    local curcontext=$curcontext context state line\n"
         "    local -A opt_args\n"
         "    local -a commands=(");
    for (size_t i = 0; command_at(i); i++) {
        printf("        '%s:", command_at(i)->name);
        print_gist(command_at(i)->about, "\\:", "'\\''");
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

static void zsh_print_value(const struct option_view *option)
{
    const char *value = option->value ? option->value : option->flag;
    const char *words = words_at(option);
    const char *colon = strchr(value, ':'); /* of ADDR:PORT */
    if (colon)
        printf(":%.*s\\%s:", (int)(colon - value), value, colon);
    else
        printf(":%s:", value);
    if (words && *words == *FILES)
        fputs("_files", stdout);
    else if (words && *words == *FOLDERS)
        fputs("_files -/", stdout);
    else if (words && *words == *INVITES)
        fputs("{compadd -- $(_tunnel_invites)}", stdout);
    else if (words)
        printf("(%s)", words);
    else
        putchar(' ');
}

static void zsh_option(const struct command_row *row, const struct option_view *option)
{
    (void)row;
    /* A word that can only be explained would hide the options. */
    if (!is_flag(option) && !words_at(option))
        return;
    fputs(" \\\n            '*", stdout);
    if (is_flag(option)) {
        printf("%s%s[", option->flag, option->value ? "=" : "");
        print_gist(option->help, "\\[]", "'\\''");
        putchar(']');
    }
    if (option->value || !is_flag(option))
        zsh_print_value(option);
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

/* --- fish ----------------------------------------------------------------- */

static void fish_begin(void)
{
    puts("# fish completion of tunnel\n"
         "complete -c tunnel -f\n"
         "complete -c tunnel -l help -d 'say what it does'\n"
         "complete -c tunnel -l version -d 'say which it is'");
}

static void fish_begin_command(const struct command_row *row)
{
    printf("complete -c tunnel -n __fish_use_subcommand -a %s -d '", row->name);
    print_gist(row->about, "\\", "\\'");
    puts("'");
}

static void fish_option(const struct command_row *row, const struct option_view *option)
{
    const char *words = words_at(option);
    if (!is_flag(option) && !words)
        return;
    printf("complete -c tunnel -n '__fish_seen_subcommand_from %s'", row->name);
    size_t dashes = strspn(option->flag, "-");
    if (is_flag(option))
        printf(" -%c %s", dashes == 1 ? 's' : 'l', option->flag + dashes);
    if (words && *words == *FILES)
        fputs(" -r -F", stdout);
    else if (words && *words == *FOLDERS)
        fputs(" -x -a '(__fish_complete_directories)'", stdout);
    else if (words && *words == *INVITES)
        fputs(" -x -a '(tunnel invites 2>/dev/null | tail -n +2 | string match -r \"^[^ ]+\")'",
              stdout);
    else if (words)
        printf(" -x -a '%s'", words);
    else if (option->value)
        fputs(" -x", stdout);
    fputs(" -d '", stdout);
    print_gist(option->help, "\\", "\\'");
    puts("'");
}

/* --- all ------------------------------------------------------------------ */

static const struct shell shells[] = {
    {"bash", bash_begin, NULL, bash_option, bash_end_command, bash_end},
    {"zsh", zsh_begin, zsh_begin_command, zsh_option, zsh_end_command, zsh_end},
    {"fish", fish_begin, fish_begin_command, fish_option, NULL, NULL},
};

static const struct shell *find_shell(const char *name)
{
    const struct shell *shell = shells;
    while (strcmp(shell->name, name) != 0)
        shell++;
    return shell;
}

static void print_command(const struct shell *shell, const struct command_row *row)
{
    struct option_view option;
    if (shell->begin_command)
        shell->begin_command(row);
    for (size_t i = 0; options_view(i, &option); i++) {
        if (option.commands & (int)row->command)
            shell->option(row, &option);
    }
    if (shell->end_command)
        shell->end_command(row);
}

void completion_print(const char *name)
{
    const struct shell *shell = find_shell(name);
    shell->begin();
    for (size_t i = 0; command_at(i); i++)
        print_command(shell, command_at(i));
    if (shell->end)
        shell->end();
}
