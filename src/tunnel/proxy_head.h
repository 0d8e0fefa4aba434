/*
 * A request's head as the consumer sends it on: in origin form, without what is
 * for one hop, and with what --forwarded adds.
 */
#ifndef TUNNEL_PROXY_HEAD_H
#define TUNNEL_PROXY_HEAD_H

#include "net/resolve.h"
#include "tunnel/head.h"
#include "tunnel/max_forwards.h"
#include "tunnel/mux.h"

struct proxy_head {
    struct head head; /* borrows from the request and from here */
    char *target_storage;
    char max_forwards[MAX_FORWARDS_TEXT];
};

/* client: whom --forwarded names, or NULL without it; is_tls: how it speaks.
 * Without a target where that has a form which does not travel. It may have
 * more fields than HTTP_FIELDS_MAX. */
void proxy_head_init(struct proxy_head *out, const struct http_request *request,
                     const struct address *client, bool is_tls);
void proxy_head_deinit(struct proxy_head *out);

/* Leaves out what a session cannot carry: the request is then what a proxy that
 * does not know of it would make of it (RFC 9110 section 7.6.1). Whether it
 * asked for a pipe, and does not any more. */
bool proxy_head_adapt(struct head *head, const struct mux *mux);

#endif
