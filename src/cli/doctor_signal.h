/*
 * Whether a signal server is reached, by what and how fast: whether it takes a
 * WebSocket, and joins no room. And what time it is there, by /healthz.
 */
#ifndef CLI_DOCTOR_SIGNAL_H
#define CLI_DOCTOR_SIGNAL_H

#include "cli/doctor_report.h"
#include "http/url.h"
#include "net/egress.h"
#include "net/loop.h"

struct doctor_signal_probe;

/* Fills *out in, of which place is the caller's; url, egress (NULL for none)
 * and out outlive it. on_done comes once, in a later turn, if all is answered
 * in time. */
struct doctor_signal_probe *doctor_signal_new(struct loop *loop, const struct url *url,
                                              const struct egress *egress,
                                              struct doctor_signal *out, void (*on_done)(void *arg),
                                              void *arg);
void doctor_signal_free(struct doctor_signal_probe *probe); /* NULL is allowed */

#endif
