/*
 * `tunnel doctor`: whether a tunnel from here would connect, and how; what is
 * wrong, and what to do.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/config.h"

/* The process's exit status: see doctor_exit_status(). Does not return where a
 * thread still waits for a router or a name server: it is not waited for. */
int doctor_run(const struct config *config);

#endif
