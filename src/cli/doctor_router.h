/*
 * Whether the router gives ports: one is asked for, and given back at once.
 */
#ifndef CLI_DOCTOR_ROUTER_H
#define CLI_DOCTOR_ROUTER_H

#include "cli/doctor_report.h"
#include "net/loop.h"

struct doctor_router_probe;

/* on_done comes once, in a later turn, if the router answers in time. */
struct doctor_router_probe *doctor_router_new(struct loop *loop, void (*on_done)(void *arg),
                                              void *arg);

/* What is known so far. text: of DOCTOR_ROUTER_MAPS as what we are seen. */
enum doctor_router doctor_router_get(const struct doctor_router_probe *probe,
                                     char text[ADDRESS_TEXT_LEN]);

/* on_done will not come any more. Where the router has not answered, the loop
 * cannot be freed before it does, or is given up. NULL is allowed. */
void doctor_router_free(struct doctor_router_probe *probe);

#endif
