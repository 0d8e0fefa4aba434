/*
 * What a menu of a shell says of an option or a command.
 */
#ifndef CLI_COMPLETION_GIST_H
#define CLI_COMPLETION_GIST_H

/* Prints what stands between single quotes, without a line's end: the help as
 * far as it fits a menu, each of `special` behind a backslash. quote: how a
 * single quote is written there. */
void completion_gist_print(const char *help, const char *special, const char *quote);

#endif
