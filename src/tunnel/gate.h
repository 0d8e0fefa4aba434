/*
 * The gate of a proxy: which requests go on, and the answers to those that do
 * not. It judges, and leaves answering to the proxy.
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

enum { GATE_MESSAGE_MAX = 1024 };

struct gate {
    bool checks_host;
    struct name_list allowed_hosts;
    uint64_t let_through_until_us;
};

/* The list is borrowed. */
void gate_init(struct gate *gate, const char *listen_host, const struct name_list *allowed_hosts);

enum gate_verdict {
    GATE_OPEN,    /* it goes on */
    GATE_REFUSED, /* it gets that answer */
    GATE_LAST_HOP /* it is for this hop: see gate_answer_as_last() */
};

struct gate_refusal {
    const struct answer *answer;
    char message[GATE_MESSAGE_MAX];
};

/* About a request, which would go on with that head. *why is for one that is
 * refused. */
enum gate_verdict gate_judge(const struct gate *gate, const struct http_request *request,
                             const struct head *head, struct gate_refusal *why);

/* Answers a TRACE or OPTIONS, and returns the status. */
int gate_answer_as_last(struct http_exchange *exchange, const struct http_request *request);

/* A page may send what the next seconds bring. */
#define GATE_LET_THROUGH_US (10 * US_PER_S)
void gate_let_through(struct gate *gate, uint64_t now_us);

/* Whether a request could be what was let through. */
bool gate_has_let_through(const struct gate *gate, const struct head *head, const struct cors *cors,
                          uint64_t now_us);

#endif
