/*
 * Answers that the tunnel itself gives its client: why there is no other, for
 * programs in status, JSON and Proxy-Status (RFC 9209), for people in words.
 */
#ifndef TUNNEL_ANSWER_H
#define TUNNEL_ANSWER_H

#include <stdbool.h>

#include "http/server.h"
#include "tunnel/stream_error.h"

struct answer; /* a row of a table */

extern const struct answer answer_tunnel_down;    /* 503 */
extern const struct answer answer_tunnel_busy;    /* 503 */
extern const struct answer answer_head_too_large; /* 431 */
extern const struct answer answer_not_supported;  /* 501 */
extern const struct answer answer_bad_response;   /* 502 */

/* The answer to a stream that has ended in that way. */
const struct answer *answer_of_stream_error(enum stream_error error);

/* Whether a client with these fields reads JSON: it says so, or says nothing
 * about it. */
bool answer_may_be_json(struct http_fields request);

/* Responds with it, and ends the exchange. message must be UTF-8. */
void answer_send(const struct answer *answer, struct http_exchange *exchange, bool is_json,
                 const char *message);

int answer_status(const struct answer *answer);

#endif
