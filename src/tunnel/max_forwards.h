/*
 * Max-Forwards (RFC 9110 section 7.6.2): how many more intermediaries a TRACE
 * or OPTIONS may pass. Both ends of the tunnel are one, and the proxy counts.
 */
#ifndef TUNNEL_MAX_FORWARDS_H
#define TUNNEL_MAX_FORWARDS_H

#include <stdbool.h>

#include "base/buf.h"
#include "tunnel/head.h"

/* Whether it may not go on: whoever has it answers. */
bool max_forwards_is_spent(struct span method, struct http_fields request);

enum { MAX_FORWARDS_TEXT = 16 };

/* Counts down in a request's head as it goes on; text is what the head borrows
 * for it. Nothing is done to other methods, nor to what is no number. */
void max_forwards_count_down(struct head *head, char text[MAX_FORWARDS_TEXT]);

/* The content of the answer to a TRACE (RFC 9110 section 9.3.8), of the type
 * message/http: the head as it came, with those fields only that trace it. Who
 * calls deinits. */
void max_forwards_trace(const struct http_request *request, struct buf *out);

#endif
