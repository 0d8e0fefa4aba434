/*
 * Two tunnels, a signal server, an API and a client of it, all on one loop.
 */
#ifndef TESTS_TUNNEL_PAIR_H
#define TESTS_TUNNEL_PAIR_H

#include "testing.h"

#include "base/buf.h"
#include "http/client.h"
#include "http/server.h"
#include "tunnel/tunnel.h"

struct pair;

struct end {
    struct pair *pair;
    const struct link *link; /* instead of a room; or */
    size_t more_links;       /* behind that one */
    struct state *state;
    char *room; /* NULL: "room" */
    struct tunnel *tunnel;
    bool is_up;
    bool is_waiting;
    bool has_heard_goodbye;
    bool has_bad_upstream;
    int records;                   /* of exchanges that are over */
    struct exchange_record record; /* the last, */
    char reason[512];              /* and its reason */
};

struct pair {
    struct loop *loop;
    struct timer *watchdog;
    struct turn_hook *hook;
    bool (*is_done)(struct pair *pair);
    struct signal_server *signal;
    struct url signal_url;
    struct http_server *api;
    struct url api_url;
    bool is_asked; /* for on_request to say so */
    struct end provider;
    struct end consumer;
    struct http_client *client;
    struct http_call *call; /* of the client, while it is under way */
    int status;             /* of its response */
    struct buf body;
    bool has_response;
    bool is_broken;
};

/* on_request is the API's; its arg is the pair. */
struct pair *pair_new(void (*on_request)(struct http_exchange *x,
                                         const struct http_request *request, void *arg));
void pair_free(struct pair *pair);

void pair_run_until(struct pair *pair, bool (*is_done)(struct pair *pair));
bool pair_is_up(struct pair *pair);

/* As the tunnel's test wants it; one of the two is NULL. */
int end_start(struct end *end, const struct serve_config *serve, const struct proxy_config *proxy);
void end_stop(struct end *end);

void pair_start_provider(struct pair *pair);
/* wait_us: of a request, for the tunnel; 0: as usual. */
void pair_start_consumer(struct pair *pair, uint64_t wait_us);

/* Begins a call of the client; a field of the name Host takes the place of its
 * own. NULL for none. */
void pair_begin(struct pair *pair, const char *method, const char *target,
                enum http_framing framing, const struct http_field *field);
/* Until it has ended, or broken. */
void pair_finish(struct pair *pair);
/* A whole GET, which must end well. */
void pair_ask(struct pair *pair, const char *target);
bool pair_has_body(const struct pair *pair, const char *text);

#endif
