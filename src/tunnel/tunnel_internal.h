/*
 * What one end consists of: for tunnel.c, which puts it together, and
 * tunnel_status.c, which tells how it is.
 */
#ifndef TUNNEL_TUNNEL_INTERNAL_H
#define TUNNEL_TUNNEL_INTERNAL_H

#include "signal/server.h"
#include "tunnel/guests.h"
#include "tunnel/lan_host.h"
#include "tunnel/meeting.h"
#include "tunnel/providers.h"
#include "tunnel/reporter.h"
#include "tunnel/tunnel.h"

struct tunnel {
    struct tunnel_handlers handlers;
    void *arg;
    struct cert *cert;
    struct ice_servers *servers;
    struct proxy *proxy;                 /* of a consumer, else NULL */
    struct serve *serve;                 /* of a provider, else NULL */
    struct guests *guests;               /* of a sealed provider, else NULL */
    struct reporter *reporter;           /* of a sealed provider, else NULL */
    struct signal_server *signal_server; /* its own, or NULL */
    struct lan_host *lan_host;           /* of a sealed provider, or NULL */
    struct providers providers;
    size_t meeting_count;
    struct meeting meetings[POOL_PROVIDERS_MAX];
    char problem[PROBLEM_MAX]; /* why none is up; "" while one is */
    struct history history;
    uint64_t begun_us;
    struct tunnel_error errors[TUNNEL_ERRORS_MAX]; /* the newest first */
};

#endif
