/*
 * Mostly it follows from the name that the value has in the help.
 */
#include "cli/completion_value.h"

#include <string.h>

#define TUNNELS (COMMAND_SERVE | COMMAND_PROXY)

struct row {
    const char *name; /* of a flag, or of its value; of an argument */
    int commands;     /* 0: all */
    struct completion_value value;
};

/* The first that fits; a flag stands above the names of values. */
static const struct row rows[] = {
    {"--control", TUNNELS, {VALUE_FILE, "none"}},
    {"--access-log", 0, {VALUE_FILE, "-"}},
    {"--device", 0, {VALUE_INVITE, NULL}},
    {"--interface", 0, {VALUE_INTERFACE, NULL}},
    {"--stun", 0, {VALUE_WORD, "none"}},
    {"--room", 0, {VALUE_ANY, NULL}},
    {"--turn-user", 0, {VALUE_ANY, NULL}},
    {"--allow-host", 0, {VALUE_ANY, NULL}},
    {"NAME", 0, {VALUE_INVITE, NULL}},
    {"FILE", 0, {VALUE_FILE, NULL}},
    {"PATH", 0, {VALUE_FILE, NULL}},
    {"DIR", 0, {VALUE_FOLDER, NULL}},
    {"LEVEL", 0, {VALUE_WORD, "error warn info debug"}},
    {"FORMAT", 0, {VALUE_WORD, "text json"}},
    {"FORM", 0, {VALUE_WORD, "combined json"}},
    {"HOW", 0, {VALUE_WORD, "balanced first"}},
    {"WHEN", 0, {VALUE_WORD, "last no"}},
    {"SHELL", 0, {VALUE_WORD, "bash zsh fish"}},
    {"NAMES", 0, {VALUE_LIST, "sse fields flow channels interim upgrade forwarded tcp bundle"}},
};

bool completion_is_flag(const struct option_view *option)
{
    return option->flag[0] == '-';
}

struct completion_value completion_value(const struct option_view *option, enum command command)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        bool is_it = strcmp(row->name, option->flag) == 0 ||
                     (option->value && strcmp(row->name, option->value) == 0);
        if (is_it && (row->commands == 0 || row->commands & (int)command))
            return row->value;
    }
    return (struct completion_value){VALUE_ANY, NULL};
}
