/*
 * What the files that make the report of `tunnel doctor` have in common.
 */
#ifndef CLI_DOCTOR_REPORT_INTERNAL_H
#define CLI_DOCTOR_REPORT_INTERNAL_H

#include "cli/doctor_report.h"

/* A finding more, whose text is said then. */
struct doctor_finding *doctor_add(struct doctor_report *report, const char *what,
                                  enum doctor_grade grade, const char *advice);
void doctor_say(struct doctor_finding *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* By IPv4, or where nothing has answered by that, by IPv6. */
enum nat_kind doctor_best_nat(const struct doctor_facts *facts);

/* Nobody was asked, since no name was looked up in time. */
bool doctor_is_nameless(const struct doctor_facts *facts);

/* The findings about NATs, packets and TURN. */
void doctor_report_network(const struct doctor_facts *facts, struct doctor_report *report);

/* Whether one is of use to a tunnel, as it is told of them. */
bool doctor_has_turn(const struct doctor_facts *facts);

/* What the other side has said, and what comes of it. */
void doctor_report_other(const struct doctor_facts *facts, struct doctor_report *report);

#endif
