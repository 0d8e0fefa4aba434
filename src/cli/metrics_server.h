/*
 * Where a program is asked for its figures and its health, in HTTP: GET
 * /metrics, /healthz (it runs) and /readyz (it is of use).
 */
#ifndef CLI_METRICS_SERVER_H
#define CLI_METRICS_SERVER_H

#include "base/metrics.h"
#include "net/listening.h"
#include "net/loop.h"

struct metrics_server;

struct metrics_source {
    /* Writes all families. */
    void (*write)(struct metrics *metrics, void *arg);
    /* NULL when the program is of use, else why not; lives until the loop goes
     * on. */
    const char *(*unready)(void *arg);
    void *arg;
};

struct metrics_place {
    const char *program, *option; /* who asks for it, and how that is called */
    const char *host;             /* outlives the server */
    uint16_t port;
};

/* NULL when it cannot listen there, which is said on stderr. */
struct metrics_server *metrics_server_new(struct loop *loop, const struct metrics_place *place,
                                          const struct metrics_source *source);

/* The same in two steps, for who opens in one process what another one serves.
 * False: it is said. */
bool metrics_listening_open(const struct metrics_place *place, struct listening *out);
struct metrics_server *metrics_server_adopt(struct loop *loop, const char *host,
                                            struct listening *listening,
                                            const struct metrics_source *source);

/* Logs where it is. NULL is allowed, here and below. */
void metrics_server_tell(const struct metrics_server *server);

void metrics_server_free(struct metrics_server *server);

#endif
