/*
 * The gate of a proxy: which requests go on, and the answers to those that do
 * not.
 *
 *   421  the Host is another machine's (see tunnel/origin.h)
 *   501  a form of target that does not travel
 *   431  too many fields
 *   200, 204  a TRACE or OPTIONS of which this was the last hop
 *
 * It also remembers that a page's preflight was let through while the tunnel
 * was down (see answer_send()). What the page then sends has been agreed to by
 * nobody: it may read why there is no tunnel, but not wait for one.
 */
#ifndef TUNNEL_GATE_H
#define TUNNEL_GATE_H

#include "base/clock.h"
#include "tunnel/answer.h"
#include "tunnel/head.h"
#include "tunnel/origin.h"

struct gate {
    bool checks_host;
    struct name_list allowed_hosts;
    uint64_t let_through_until_us;
};

/* The list is borrowed. */
void gate_init(struct gate *gate, const char *listen_host, const struct name_list *allowed_hosts);

/* Whether a request goes on, with that head; else it was answered, and the
 * exchange is gone. */
bool gate_admit(const struct gate *gate, struct http_exchange *exchange,
                const struct http_request *request, const struct head *head,
                const struct answer_form *form);

/* A page may send what the next seconds bring. */
#define GATE_LET_THROUGH_US (10 * US_PER_S)
void gate_let_through(struct gate *gate, uint64_t now_us);

/* Whether a request could be what was let through. */
bool gate_has_let_through(const struct gate *gate, const struct head *head, const struct cors *cors,
                          uint64_t now_us);

#endif
