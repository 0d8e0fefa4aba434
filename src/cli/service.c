#include "cli/service.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"

#define UNWATCHED_US (3600 * US_PER_S) /* nobody wants a beat */

struct service {
    const char *address;   /* NULL: nobody wants to know */
    struct timer *timer;   /* NULL: no watchdog */
    uint64_t watchdog_us;  /* after so long without a word we are killed */
    bool is_ready, failed; /* failed: told of it once */
};

static void notify(struct service *service, const char *text)
{
    if (!service->address)
        return;
    int error = notify_send(service->address, text);
    if (error < 0 && !service->failed)
        log_warn("service: NOTIFY_SOCKET '%s' does not take %s: %s", service->address, text,
                 strerror(-error));
    service->failed = error < 0;
}

/* 0 for what is none of ours. */
static uint64_t watchdog_us(void)
{
    const char *pid = getenv("WATCHDOG_PID");
    const char *usec = getenv("WATCHDOG_USEC");
    if (!usec || (pid && strtoull(pid, NULL, 10) != (unsigned long long)getpid()))
        return 0;
    return strtoull(usec, NULL, 10);
}

/* Twice as often as must be, as sd_watchdog_enabled(3) recommends. */
uint64_t service_beat(struct service *service)
{
    if (service->watchdog_us <= 1)
        return UNWATCHED_US;
    notify(service, "WATCHDOG=1");
    return service->watchdog_us / 2;
}

static void on_watchdog(void *arg)
{
    struct service *service = arg;
    timer_start_in(service->timer, service_beat(service));
}

struct service *service_new(struct loop *loop)
{
    struct service *service = xcalloc(1, sizeof *service);
    const char *address = getenv("NOTIFY_SOCKET");
    if (!address || !*address)
        return service;
    service->address = address;
    service->watchdog_us = watchdog_us();
    if (loop && service->watchdog_us > 1) {
        service->timer = timer_new(loop, on_watchdog, service);
        on_watchdog(service);
    }
    return service;
}

bool service_has_manager(const struct service *service)
{
    return service->address != NULL;
}

void service_ready(struct service *service)
{
    if (!service->is_ready)
        notify(service, "READY=1");
    service->is_ready = true;
}

void service_tell(struct service *service, const char *status)
{
    char *text = xasprintf("STATUS=%s", status);
    notify(service, text);
    free(text);
}

void service_stop(struct service *service)
{
    notify(service, "STOPPING=1");
}

void service_free(struct service *service)
{
    timer_free(service->timer);
    free(service);
}
