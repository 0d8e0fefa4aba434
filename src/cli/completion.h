/*
 * Completions for shells, printed from the commands and the table of options,
 * so that they know what this program knows.
 */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

/* On stdout; for the shells that config_take_shell() takes. */
void completion_print(const char *shell);

#endif
