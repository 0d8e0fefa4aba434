/*
 * A proxy with clients of real sockets, and tunnels that go no further than two
 * multiplexers on the same loop: each is a hop to a provider, which notes what
 * it is asked and answers when the test says so.
 */
#ifndef TESTS_TUNNEL_PROXY_SCENE_H
#define TESTS_TUNNEL_PROXY_SCENE_H

#include "testing.h"

#include "base/buf.h"
#include "base/list.h"
#include "net/conn.h"
#include "net/loop.h"
#include "tunnel/mux.h"
#include "tunnel/proxy.h"

enum { PROXY_SCENE_CLIENTS = 6, PROXY_SCENE_HOPS = 4 };

struct side {
    struct mux *mux;
    struct buf line; /* messages on their way from it, each behind its length */
    bool is_stuck;   /* nothing leaves it */
};

struct hop {
    struct proxy_scene *scene;
    struct side consumer;
    struct side provider;
    int number; /* in the proxy */
    int requests;
    struct mux_stream *stream; /* the last one, while it is open */
    struct buf body;           /* of it */
    bool has_end;              /* of that */
    int errors;                /* streams that the consumer has ended early */
};

struct client {
    struct conn *conn;
    const char *request;
    struct buf got;
    bool is_open;
    bool is_broken;
};

struct proxy_scene {
    struct loop *loop;
    struct timer *watchdog;
    struct turn_hook *hook;
    bool (*is_done)(struct proxy_scene *scene);
    struct proxy *proxy;
    struct hop hops[PROXY_SCENE_HOPS];
    struct client clients[PROXY_SCENE_CLIENTS];
    struct exchange_record record; /* the last that is over */
    int records;
    int wanted; /* for a condition of the test's */
};

/* No hop is up. */
struct proxy_scene *proxy_scene_new(const struct proxy_config *config, unsigned features);
/* One that is not up yet has these instead. */
void proxy_scene_set_features(struct proxy_scene *scene, int hop, unsigned features);
void proxy_scene_free(struct proxy_scene *scene);

void proxy_scene_run_until(struct proxy_scene *scene, bool (*is_done)(struct proxy_scene *scene));

/* New streams go there, or do not. */
void proxy_scene_up(struct proxy_scene *scene, int hop);
void proxy_scene_doubt(struct proxy_scene *scene, int hop);

/* The session is lost, with all that is under way in it. */
void proxy_scene_kill(struct proxy_scene *scene, int hop);

/* The last request there: a whole response, with a field unless name is
 * NULL. */
void proxy_scene_answer(struct hop *hop, int status, const char *name, const char *value);

/* A client connects, and sends what must outlive it. */
void proxy_scene_ask(struct proxy_scene *scene, struct client *client, const char *request);
/* And more. */
void proxy_scene_say(struct client *client, struct span bytes);
bool client_got(const struct client *client, const char *text);
size_t client_count(const struct client *client, const char *text);

/* ---- conditions of several stories, for proxy_scene_run_until() ---- */

bool first_has_request(struct proxy_scene *scene);
bool second_has_request(struct proxy_scene *scene);
bool second_has_whole_request(struct proxy_scene *scene);
bool first_has_half(struct proxy_scene *scene);    /* four bytes of a body */
bool as_many_are_asked(struct proxy_scene *scene); /* as scene->wanted says, of all hops */

#endif
