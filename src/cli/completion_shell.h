/*
 * One shell of cli/completion.h: how its script begins, what it says of a
 * command and of an option, and how it ends. Any but begin and option may be
 * NULL.
 */
#ifndef CLI_COMPLETION_SHELL_H
#define CLI_COMPLETION_SHELL_H

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

extern const struct shell completion_bash;
extern const struct shell completion_zsh;
extern const struct shell completion_fish;

/* A pipe from `tunnel invites`: the names. What is below the headings, and
 * further to the right, tells more of one. */
#define COMPLETION_NAMES "sed -n '2,$s/^\\([^ ]\\{1,\\}\\) .*/\\1/p'"

#define COMPLETION_INTERFACES                            \
    "_tunnel_interfaces()\n"                             \
    "{\n"                                                \
    "    ls /sys/class/net 2>/dev/null || ifconfig -l\n" \
    "}\n"

#endif
