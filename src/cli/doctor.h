/*
 * `tunnel doctor`: whether a tunnel from here would connect, and how; what is
 * wrong, and what to do.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/config.h"

/* The process's exit status: see doctor_exit_status(). Where something has not
 * answered in time it ends the process itself: a thread may still wait for
 * that. */
int doctor_run(const struct config *config);

#endif
