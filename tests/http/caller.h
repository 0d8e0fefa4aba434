/*
 * A client on the rig, and a server of it that sends exactly the bytes that a
 * test wants. Two calls at a time write down what they were told.
 */
#ifndef TESTS_HTTP_CALLER_H
#define TESTS_HTTP_CALLER_H

#include "http/client.h"
#include "rig.h"

enum { SERVERS_MAX = 8 };

/* One call as its handlers saw it. */
struct seen {
    struct http_call *call;
    struct buf body;
    char error_text[128];
    char reason[64];
    char interims[64]; /* their status codes, each with a space behind it */
    char trailers[128];
    enum http_framing framing;
    enum http_call_error error;
    int status, responses, ends, errors, drains;
    bool cancels; /* under on_response */
    bool pauses;
};

struct caller {
    struct listener *listener;
    struct http_client *client;
    struct peer servers[SERVERS_MAX]; /* the server's side of each connection */
    int accepted;
    struct seen a, b;
};

extern struct caller caller;
extern const struct http_call_handlers caller_handlers;

static const struct http_fields no_fields;

#define FIELD(n, v)                      \
    {                                    \
        SPAN_LITERAL(n), SPAN_LITERAL(v) \
    }

#define GET_HEAD  "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"
#define POST_HEAD "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
#define OK_HELLO  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

void caller_start_with(size_t pool_max, uint64_t idle_us);
void caller_start(void);
void caller_stop(void);

/* Calls; the second with a Host, a hop-by-hop field and the Content-Length, if
 * any. */
int caller_call(struct seen *seen, const struct http_request *request);
int caller_begin(struct seen *seen, const char *method, enum http_framing framing,
                 const char *content_length);
void caller_get(struct seen *seen);

/* Waits for the request on the server's nth connection, then answers. */
void caller_serve(int n, const char *request, const char *answer);

/* One whole response with that body came, and nothing else. */
bool caller_got(const struct seen *seen, const char *body);

#endif
