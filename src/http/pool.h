/*
 * Idle connections to one server, kept for the next request. While one is
 * here the pool watches it, and drops it when the server closes it or says
 * something unasked.
 */
#ifndef HTTP_POOL_H
#define HTTP_POOL_H

#include "net/conn.h"

struct http_pool;

/* Keeps at most `most` connections, each for at most idle_us (0: for ever). */
struct http_pool *http_pool_new(struct loop *loop, size_t most, uint64_t idle_us);
void http_pool_free(struct http_pool *pool);

/* The connection that was used last, if it has been idle for no longer than
 * idle_most_us; else NULL. One that the server has closed in this very moment
 * is passed over. The caller must give it handlers. */
struct conn *http_pool_take(struct http_pool *pool, uint64_t idle_most_us);

/* Takes over an open connection on which nothing is under way. Over the
 * number, the one that was idle longest goes. */
void http_pool_put(struct http_pool *pool, struct conn *conn);

#endif
