/*
 * Clients that wait for a 100 (Continue) which does not come. Who says "Expect:
 * 100-continue" should not wait for ever (RFC 9110 section 10.1.1), but some
 * do; and an upstream of HTTP/1.0 sends none, nor do some others before they
 * are given the content. To the upstream we are the client: after a while we
 * send what we have, and ask our own client for that. Sans-I/O.
 *
 *          expectation_begin()          expectation_end()
 *   (not) ────────────────────► waiting ─────────────────► (not)
 *                                  └── expectations_next() ──^
 */
#ifndef TUNNEL_EXPECTATION_H
#define TUNNEL_EXPECTATION_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/list.h"
#include "tunnel/head.h"

/* What curl and Go wait as clients. A refusal that comes later finds content on
 * its way, as with them. */
#define EXPECTATION_US (1 * US_PER_S)

struct expectations {
    struct list waiting; /* who began first: all wait equally long */
};

/* Embedded in what waits. */
struct expectation {
    struct list link;
    uint64_t until_us;
};

void expectations_init(struct expectations *all);
void expectation_init(struct expectation *one);

/* Whether a request has an expectation that content waits for. */
bool expectation_is_in(const struct head *request);

/* The upstream is asked. Again for one that waits: from now on. */
void expectation_begin(struct expectation *one, struct expectations *all, uint64_t now_us);

/* Its answer has come, or the content has. Nothing where it does not wait. */
void expectation_end(struct expectation *one);

/* One that has waited for long enough, and does not any more; NULL for none. */
struct expectation *expectations_next(struct expectations *all, uint64_t now_us);

/* When to ask for one; TIME_NEVER while nobody waits. */
uint64_t expectations_deadline_us(const struct expectations *all);

#endif
