/*
 * What the program tells the manager of services that started it: systemd, by
 * NOTIFY_SOCKET and WATCHDOG_USEC. Without these it tells nothing.
 */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include <stdbool.h>

#include "net/loop.h"

struct service;

/* From now on the manager hears as often as it wants to that the loop turns;
 * without a loop by service_beat(). */
struct service *service_new(struct loop *loop);

/* Whether a manager started us: then SIGHUP is no terminal that was closed, and
 * asks for files to be read again, be there any or none. */
bool service_has_manager(const struct service *service);

/* Tells that we live. After how long that is wanted again, in microseconds. */
uint64_t service_beat(struct service *service);

/* It is of use now; only the first time counts. */
void service_ready(struct service *service);

/* A line for `systemctl status`. */
void service_tell(struct service *service, const char *status);

/* It ends, and has to say goodbye yet. */
void service_stop(struct service *service);

void service_free(struct service *service);

#endif
