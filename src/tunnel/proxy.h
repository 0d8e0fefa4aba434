/*
 * The consumer: an HTTP server whose every request goes through the tunnel, to
 * one of the providers that there are (tunnel/pool.h).
 */
#ifndef TUNNEL_PROXY_H
#define TUNNEL_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "net/loop.h"
#include "tunnel/exchange.h"
#include "tunnel/mux.h"
#include "tunnel/origin.h"
#include "tunnel/pool.h"

struct proxy;
struct tls_server; /* net/tls_server.h */

struct proxy_config {
    const char *host; /* where to listen */
    uint16_t port;
    const struct tls_server *tls; /* which clients speak, and is borrowed; NULL: none */
    bool is_forwarded;            /* see tunnel/rewrite.h */
    bool is_tcp;                  /* not HTTP: each connection is a pipe to the upstream */
    enum pool_pick pick;
    uint64_t wait_us; /* 0: PROXY_WAIT_US */
    /* Beside names of this machine, when it is a loopback address; elsewhere
     * every name, unless there are some here. Must outlive the proxy. */
    struct name_list allowed_hosts;
};

/* Listens at once (errors as of listener_new()). While no provider has a mux
 * the tunnel is down: requests wait, and get 503 after wait_us. */
int proxy_new(struct loop *loop, const struct proxy_config *config,
              const struct exchange_watch *watch, struct proxy **out);

/* Streams must have been ended before. NULL is allowed. */
void proxy_free(struct proxy *proxy);

uint16_t proxy_port(const struct proxy *proxy);

#define PROXY_WAIT_US (10 * US_PER_S)

/* One more provider, without a mux yet; rank as of pool_join(); name: what
 * records of exchanges call it. Its number, or POOL_NOBODY. */
int proxy_add_provider(struct proxy *proxy, unsigned rank, uint32_t name);

/* From now on records say that there are several. */
void proxy_tell_apart(struct proxy *proxy, enum provider_kind kind);
void proxy_remove_provider(struct proxy *proxy, int provider);

/* A provider's session is up: requests that wait, and new ones, may go there.
 * NULL: it is down, or in doubt. */
void proxy_set_mux(struct proxy *proxy, int provider, struct mux *mux);

/* What was measured since: among providers with as many requests the nearest
 * gets the next one. */
void proxy_set_round_trip(struct proxy *proxy, int provider, uint64_t round_trip_us);

/* Requests that wait for the tunnel, and for how long the first of them has. */
size_t proxy_waiting(const struct proxy *proxy);
uint64_t proxy_waiting_us(const struct proxy *proxy, uint64_t now_us);

/* Why the tunnel is down, for the 503's body. Copied. is_lasting: it will not
 * come up soon, so requests get that at once, those that wait as well.
 * retry_at_us: before that nothing is tried, which its Retry-After says; 0:
 * that is not known. */
void proxy_set_problem(struct proxy *proxy, const char *text, bool is_lasting,
                       uint64_t retry_at_us);

#endif
