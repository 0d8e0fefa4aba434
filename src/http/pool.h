/*
 * Idle connections to one server, kept for the next request. While one is
 * here the pool watches it, and drops it when the server closes it or says
 * something unasked.
 *
 * A server that serves one connection at a time waits with all others until we
 * let go of the one that it has. So an idle connection is kept from nobody: one
 * that a request may not use any more makes way before another is dialled, and
 * where somebody waits on another already, as soon as it is stale.
 */
#ifndef HTTP_POOL_H
#define HTTP_POOL_H

#include <stdbool.h>

#include "base/clock.h"
#include "net/conn.h"

struct http_pool;

/* How long an idle connection counts as fresh: well under the shortest idle
 * time that servers in common use have (2 s in Gunicorn, 5 s in Node,
 * uvicorn and Apache). */
#define HTTP_POOL_FRESH_US US_PER_S

/* Keeps at most `most` connections, each for at most idle_us (0: for ever).
 * is_short says whether a request waits on a connection that the server may not
 * have begun to serve. */
struct http_pool *http_pool_new(struct loop *loop, size_t most, uint64_t idle_us,
                                bool (*is_short)(void *arg), void *arg);
void http_pool_free(struct http_pool *pool);

bool http_pool_is_empty(const struct http_pool *pool);

/* The connection that was used last; with only_fresh, if it is; else NULL. One
 * that the server has closed in this very moment is passed over. The caller
 * must give it handlers. */
struct conn *http_pool_take(struct http_pool *pool, bool only_fresh);

/* None was of use, and another is dialled: the one that was idle longest, if
 * any, goes, so that its place at the server is free. */
void http_pool_make_way(struct http_pool *pool);

/* Takes over an open connection on which nothing is under way. The server keeps
 * it for keep_us, as it said, or TIME_NEVER. Over the number, the one that was
 * idle longest goes. */
void http_pool_put(struct http_pool *pool, struct conn *conn, uint64_t keep_us);

#endif
