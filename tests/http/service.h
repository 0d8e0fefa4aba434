/*
 * A server on the rig whose exchanges a test drives, and one raw client of
 * it. A path says what is done with a request: /now is answered at once, /echo
 * is sent back, /upgrade and /abort do so, the rest is accepted and left to
 * the test.
 */
#ifndef TESTS_HTTP_SERVICE_H
#define TESTS_HTTP_SERVICE_H

#include "http/server.h"
#include "rig.h"

struct service {
    struct http_server *server;
    uint16_t port;
    struct http_exchange *x; /* the exchange under way */
    struct peer client;
    struct peer upgraded;
    struct buf body;
    char target[64];
    char trailers[128];
    enum http_framing framing; /* of the request */
    int requests, body_ends, aborts, drains;
    bool starts_paused;
    bool forwards_expect;
    bool does_echo;
};

extern struct service t;

static const struct http_fields no_fields;

#define HOST "Host: h\r\n"

#define FIELD(n, v)                      \
    {                                    \
        SPAN_LITERAL(n), SPAN_LITERAL(v) \
    }

/* Zeroed members of the config are filled in. */
void service_start_with(struct http_server_config config);
void service_start(void);
void service_stop(void);

/* Sends the head of a response on the exchange under way. */
int service_respond(int status, const struct http_field *fields, size_t count);

/* A whole response of 200 on it. */
void service_reply(const char *text);

/* A client as a bare socket, from that address or, with NULL, from any. */
int service_dial(const struct address *from);

/* Whether the kernel tells of clients here who owns them; says so if not. */
bool service_knows_owners(void);

/* An address of this machine that the kernel is not asked about when it comes
 * to a server at 127.0.0.1: as good as one elsewhere. False, and says so, where
 * there is none. */
bool service_finds_elsewhere(struct address *out);

/* What the peer got, without Date, as text. */
const char *service_received(struct peer *peer);

#endif
