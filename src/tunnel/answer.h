/*
 * Answers that the tunnel itself gives its client: why there is no other, for
 * programs in status, JSON and Proxy-Status (RFC 9209), for people in words.
 */
#ifndef TUNNEL_ANSWER_H
#define TUNNEL_ANSWER_H

#include <stdbool.h>

#include "http/server.h"
#include "tunnel/cors.h"
#include "tunnel/error_body.h"
#include "tunnel/mux.h"

struct answer; /* a row of a table */

extern const struct answer answer_tunnel_down;    /* 503 */
extern const struct answer answer_head_too_large; /* 431 */
extern const struct answer answer_not_supported;  /* 501 */
extern const struct answer answer_bad_response;   /* 502 */
extern const struct answer answer_misdirected;    /* 421 */
extern const struct answer answer_not_allowed;    /* 403 */
extern const struct answer answer_no_trace;       /* 405 */

/* What can be asked for at all, as far as the tunnel knows: of 405 and
 * OPTIONS. */
#define ANSWER_ALLOW "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

/* The answer to a stream that has ended in that way. */
const struct answer *answer_of_stream_error(enum stream_error error);

/* What of a request, and of its time, decides on the form of its answer. */
struct answer_form {
    enum error_body body;
    struct cors cors;
    bool is_event_source; /* a browser's, or of a library that asks as one does */
    uint64_t retry_in_us; /* of a 503: it is of no use to come again before; 0 at first */
    bool is_lasting;      /* of a 503: nor behind that, until a person has done something */
};

/* target in origin form. */
void answer_form_init(struct answer_form *form, struct span method, struct span target,
                      struct http_fields request);
void answer_form_deinit(struct answer_form *form);

/* Responds with it, and ends the exchange. message must be UTF-8. Of a
 * preflight (Fetch) that a failure kept from the upstream, the answer is 204,
 * so that the page sends its request and reads what becomes of that. An
 * EventSource, which any answer but 200 ends for good, gets none of a failure:
 * its connection is broken, after which it asks again. Returns the status, or 0
 * for none. */
int answer_send(const struct answer *answer, struct http_exchange *exchange,
                const struct answer_form *form, const char *message);

/* The same at the provider, as the response on a stream that nobody has
 * accepted; the stream is the mux's then. */
void answer_stream(const struct answer *answer, struct mux_stream *stream,
                   const struct answer_form *form, const char *message);

int answer_status(const struct answer *answer);

#endif
