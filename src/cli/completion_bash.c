/*
 * bash is told by the words alone. Its script asks nothing of the package
 * bash-completion, and a FLAG=VALUE comes to it as three words.
 */
#include <stdio.h>

#include "cli/completion_shell.h"
#include "cli/completion_value.h"

static void bash_print_names(void)
{
    for (size_t i = 0; command_at(i); i++)
        printf(" %s", command_at(i)->name);
}

/* Words come as they are typed, and are parted at each colon. */
static void bash_print_invites(void)
{
    puts("_tunnel_plain()\n"
         "{\n"
         "    local i c quote= out=\n"
         "    for ((i = 0; i < ${#1}; i++)); do\n"
         "        c=${1:i:1}\n"
         "        case $quote$c in\n"
         "        \\' | \\\") quote=$c ;;\n"
         "        \\'\\' | \\\"\\\") quote= ;;\n"
         "        \\\\ | '\"\\') i=$((i + 1)) out+=${1:i:1} ;;\n"
         "        *) out+=$c ;;\n"
         "        esac\n"
         "    done\n"
         "    printf %s \"$out\"\n"
         "}\n"
         "_tunnel_invites()\n"
         "{\n"
         "    local i at=\n"
         "    for ((i = 2; i < ${#COMP_WORDS[@]}; i++)); do\n"
         "        [ \"${COMP_WORDS[i]}\" = --state ] || continue\n"
         "        at=${COMP_WORDS[i+1]}\n"
         "        [ \"$at\" = '=' ] && i=$((i + 1)) at=${COMP_WORDS[i+1]}\n"
         "        while [ \"${COMP_WORDS[i+2]}\" = : ]; do\n"
         "            at+=:${COMP_WORDS[i+3]}\n"
         "            i=$((i + 2))\n"
         "        done\n"
         "    done\n"
         "    at=$(_tunnel_plain \"${at/#\\~/$HOME}\")\n"
         "    tunnel invites ${at:+--state \"$at\"} 2>/dev/null | " COMPLETION_NAMES "\n"
         "}");
}

static void bash_print_functions(void)
{
    puts(COMPLETION_INTERFACES
         "_tunnel_words()\n"
         "{\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
         "}\n"
         "_tunnel_list()\n"
         "{\n"
         "    local head=\n"
         "    case $cur in *,*) head=${cur%,*}, ;; esac\n"
         "    compopt -o nospace\n"
         "    mapfile -t COMPREPLY < <(compgen -P \"$head\" -W \"$1\" -- \"${cur##*,}\")\n"
         "}\n"
         "_tunnel_files()\n"
         "{\n"
         "    compopt -o filenames\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$2\" -- \"$cur\"; compgen \"$1\" -- \"$cur\")\n"
         "}");
}

static void bash_begin(void)
{
    puts("# bash completion of tunnel");
    bash_print_invites();
    bash_print_functions();
    puts("_tunnel()\n"
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
    static const char *const ways[] = {
        [VALUE_ANY] = "",
        [VALUE_WORD] = "_tunnel_words '%s'; ",
        [VALUE_LIST] = "_tunnel_list '%s'; ",
        [VALUE_FILE] = "_tunnel_files -f '%s'; ",
        [VALUE_FOLDER] = "_tunnel_files -d '%s'; ",
        [VALUE_INVITE] = "_tunnel_words \"$(_tunnel_invites)%s\"; ",
        [VALUE_INTERFACE] = "_tunnel_words \"$(_tunnel_interfaces)%s\"; ",
    };
    if (!completion_is_flag(option) || !option->value)
        return;
    const struct completion_value value = completion_value(option, row->command);
    printf("    %s:%s) ", row->name, option->flag);
    printf(ways[value.kind], value.words ? value.words : "");
    puts("return ;;");
}

/* Arguments stand among the flags. */
static void bash_end_command(const struct command_row *row)
{
    struct option_view option;
    const char *more = "";
    printf("    %s:*) words='--help --version", row->name);
    for (size_t i = 0; options_view(i, &option); i++) {
        const struct completion_value value = completion_value(&option, row->command);
        if (!(option.commands & (int)row->command))
            continue;
        if (completion_is_flag(&option))
            printf(" %s", option.flag);
        else if (value.kind == VALUE_WORD)
            printf(" %s", value.words);
        else if (value.kind == VALUE_FILE)
            more = " files=yes";
        else if (value.kind == VALUE_INVITE)
            more = "\" $(_tunnel_invites)\"";
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

const struct shell completion_bash = {"bash",      bash_begin,       NULL,
                                      bash_option, bash_end_command, bash_end};
