/*
 * What the value of an option, or an argument, may be, as far as a shell can
 * complete it.
 */
#ifndef CLI_COMPLETION_VALUE_H
#define CLI_COMPLETION_VALUE_H

#include "cli/options.h"

enum value_kind {
    VALUE_ANY,
    VALUE_WORD, /* one of its words */
    VALUE_LIST, /* one or more of them, between commas */
    VALUE_FILE,
    VALUE_FOLDER,
    VALUE_INVITE,   /* a name of those that are there */
    VALUE_INTERFACE /* the same */
};

struct completion_value {
    enum value_kind kind;
    const char *words; /* between blanks; of other kinds those that are good as well, or NULL */
};

/* Else an argument. */
bool completion_is_flag(const struct option_view *option);

struct completion_value completion_value(const struct option_view *option, enum command command);

#endif
