/*
 * The signals that end a program: SIGINT, SIGTERM, and SIGHUP, which a
 * terminal sends when it is closed.
 */
#ifndef CLI_STOP_H
#define CLI_STOP_H

#include <stdbool.h>

#include "net/loop.h"

struct stop;

/* From now on SIGINT and SIGTERM end the process at once, as a success: what it
 * waits for before its loop runs, such as a name server, may take long. A
 * SIGHUP is kept for the loop; one that is ignored, as nohup(1) has it, stays
 * so. */
struct stop *stop_new(struct loop *loop);

/* The loop is about to run: from now on the first of them stops it. */
void stop_watch(struct stop *stop);

/* From now on a SIGHUP calls that instead, unless our terminal is gone: for
 * what reads something again. */
void stop_on_hangup(struct stop *stop, void (*on_hangup)(void *arg), void *arg);

/* The signal that came, as in "SIGTERM"; NULL when none has. */
const char *stop_signal(const struct stop *stop);

/* From now on a signal ends the process at once: a second Ctrl-C, when the
 * farewell hangs. */
void stop_free(struct stop *stop);

/* For what has no farewell to say: from now on any of them ends the process at
 * once, as a success, also while a write waits; but a SIGHUP that is ignored
 * stays so. */
void stop_at_once(void);

/* Whether the process has a terminal. The kernel takes it away before it sends
 * the SIGHUP. */
bool stop_has_terminal(void);

#endif
