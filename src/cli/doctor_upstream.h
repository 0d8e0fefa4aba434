/*
 * Whether the upstream answers, and how fast: asked once, by HEAD, as serve
 * does at its start.
 */
#ifndef CLI_DOCTOR_UPSTREAM_H
#define CLI_DOCTOR_UPSTREAM_H

#include "cli/config.h"
#include "cli/doctor_report.h"
#include "net/loop.h"

struct doctor_upstream_probe;

/* The upstream of the config, which has one. Fills *out in; both outlive it.
 * on_done comes once, in a later turn. */
struct doctor_upstream_probe *doctor_upstream_new(struct loop *loop, const struct config *config,
                                                  struct doctor_upstream *out,
                                                  void (*on_done)(void *arg), void *arg);
void doctor_upstream_free(struct doctor_upstream_probe *probe); /* NULL is allowed */

#endif
