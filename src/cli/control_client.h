/*
 * Asks a running tunnel at its Unix socket (cli/control.h).
 */
#ifndef CLI_CONTROL_CLIENT_H
#define CLI_CONTROL_CLIENT_H

#include "net/loop.h"

/* Runs the loop until the answer is complete, or until somebody else stops it,
 * and hands over each of its lines, without its end. NULL, or why there is no
 * answer, to be freed. */
char *control_ask(struct loop *loop, const char *path, const char *target,
                  void (*on_line)(const char *line, void *arg), void *arg);

#endif
