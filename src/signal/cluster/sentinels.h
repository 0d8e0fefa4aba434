/*
 * Sentinels, which watch a Redis that has replicas and know which of them is in
 * office. They are asked one after the other, one for each time that the master
 * is wanted, so that a dead one is passed over.
 */
#ifndef SIGNAL_SENTINELS_H
#define SIGNAL_SENTINELS_H

#include "net/loop.h"
#include "net/tls.h"
#include "signal/cluster/redis_url.h"

struct sentinels;

struct sentinels_handlers {
    /* It is valid until the next is asked for. */
    void (*on_master)(const struct redis_host *master, void *arg);
    /* This Sentinel is no help; why, for a person. */
    void (*on_lost)(const struct redis_host *sentinel, const char *why, void *arg);
};

/* Those of a URL that has a name; it, tls (NULL: none) and the handlers are
 * borrowed. */
struct sentinels *sentinels_new(struct loop *loop, const struct redis_url *url,
                                const struct tls_client *tls,
                                const struct sentinels_handlers *handlers, void *arg);
void sentinels_free(struct sentinels *sentinels); /* NULL is allowed */

/* Asks the next one, and is answered by one of the handlers, once. */
void sentinels_ask(struct sentinels *sentinels);

/* No answer is wanted any more, or it has come. NULL is allowed. */
void sentinels_hang_up(struct sentinels *sentinels);

#endif
