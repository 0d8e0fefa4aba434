#include <stdio.h>
#include <string.h>

#include "cli/completion_gist.h"
#include "cli/completion_shell.h"
#include "cli/completion_value.h"

static void fish_begin(void)
{
    puts("# fish completion of tunnel\n"
         "function __tunnel_invites\n"
         "    set -l words (commandline -opc)\n"
         "    set -l at (string match -- '--state=*' $words)\n"
         "    set -l i (contains -i -- --state $words); and set at --state=$words[(math $i + 1)]\n"
         "    set at (string replace '=~' =$HOME -- $at)\n"
         "    tunnel invites $at 2>/dev/null | " COMPLETION_NAMES "\n"
         "end\n"
         "complete -c tunnel -f\n"
         "complete -c tunnel -l help -d 'say what it does'\n"
         "complete -c tunnel -l version -d 'say which it is'");
}

static void fish_begin_command(const struct command_row *row)
{
    printf("complete -c tunnel -n __fish_use_subcommand -a %s -d '", row->name);
    completion_gist_print(row->about, "\\", "\\'");
    puts("'");
}

static void fish_option(const struct command_row *row, const struct option_view *option)
{
    static const char *const ways[] = {
        [VALUE_ANY] = " -x",
        [VALUE_WORD] = " -x -a '%s'",
        [VALUE_LIST] = " -x -a '(__fish_append , %s)'",
        [VALUE_FILE] = " -r -F",
        [VALUE_FOLDER] = " -x -a '(__fish_complete_directories)'",
        [VALUE_INVITE] = " -x -a '(__tunnel_invites)'",
        [VALUE_INTERFACE] = " -x -a '(__fish_print_interfaces)'",
    };
    const struct completion_value value = completion_value(option, row->command);
    bool is_flag = completion_is_flag(option);
    if (!is_flag && value.kind == VALUE_ANY)
        return;
    printf("complete -c tunnel -n '__fish_seen_subcommand_from %s'", row->name);
    size_t dashes = strspn(option->flag, "-");
    if (is_flag)
        printf(" -%c %s", dashes == 1 ? 's' : 'l', option->flag + dashes);
    if (value.kind == VALUE_FILE && value.words)
        printf(" -r -F -a '%s'", value.words);
    else if (!is_flag || option->value)
        printf(ways[value.kind], value.words);
    fputs(" -d '", stdout);
    completion_gist_print(option->help, "\\", "\\'");
    puts("'");
}

const struct shell completion_fish = {"fish",      fish_begin, fish_begin_command,
                                      fish_option, NULL,       NULL};
