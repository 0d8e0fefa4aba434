#include "cli/completion.h"

#include <stdio.h>
#include <string.h>

#include "cli/completion_shell.h"

/* The last is what no other is. */
static const struct shell *find_shell(const char *name)
{
    static const struct shell *const shells[] = {&completion_bash, &completion_zsh,
                                                 &completion_fish};
    size_t i = 0;
    while (i + 1 < sizeof shells / sizeof *shells && strcmp(shells[i]->name, name) != 0)
        i++;
    return shells[i];
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
