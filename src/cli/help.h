/*
 * Help on stdout, no wider than a terminal of 80 columns.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stddef.h>

/* Before anything is printed: all of the help goes out at once, so that why it
 * did not is known. */
void help_begin(void);

/* What an option is called and does. value and variable may be NULL. */
void help_print_option(const char *flag, const char *value, const char *help, const char *variable);

/* How an option is written, for who wrote it without the value that it has, or
 * with one that it has not; to be freed. value: its name, or NULL. */
char *help_explain_form(const char *flag, const char *value);

/* Text of words, broken between them, each line so far to the right. */
void help_print_text(const char *text, size_t indent);

#endif
