/*
 * The HTTP API that a provider serves: where it is, TLS to it, and a pool of
 * connections. It is asked once, at the start, whether it answers at all.
 */
#ifndef TUNNEL_UPSTREAM_H
#define TUNNEL_UPSTREAM_H

#include "http/client.h"
#include "http/url.h"
#include "net/tls.h"
#include "tunnel/upstream_line.h"
#include "tunnel/upstream_probe.h"

struct upstream_config {
    const struct url *url; /* must outlive the upstream */
    const char *ca_file;   /* of https: see tls_client_new() */
    bool is_insecure;
    size_t connections_max; /* at a time, idle ones counted; 0: any number */
};

struct upstream {
    const struct url *url;
    const char *name;       /* for messages: its authority, or the path of its socket */
    struct tls_client *tls; /* NULL for http */
    struct http_client *client;
    struct upstream_probe *probe;
    struct upstream_line line; /* who makes a call takes a turn in it before */
};

#define UPSTREAM_CONNECT_TIMEOUT_US (10 * US_PER_S)

/* 0, or an error of tls_client_new(); then there is nothing to deinit. on_bad
 * is as that of tunnel/upstream_probe.h; NULL: the upstream is not asked. */
int upstream_init(struct upstream *upstream, struct loop *loop,
                  const struct upstream_config *config, void (*on_bad)(const char *why, void *arg),
                  void *arg);

/* Cancels what is under way; no handler is called any more. */
void upstream_deinit(struct upstream *upstream);

#endif
