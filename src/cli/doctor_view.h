/*
 * How the report of `tunnel doctor` is shown.
 */
#ifndef CLI_DOCTOR_VIEW_H
#define CLI_DOCTOR_VIEW_H

#include "cli/doctor_report.h"

/* A line for each finding, then the summary; on stdout. */
void doctor_view_print(const struct doctor_report *report);

/* The same as JSON, an object a line. */
void doctor_view_print_json(const struct doctor_report *report);

#endif
