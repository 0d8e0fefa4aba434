/*
 * Links at work, over a real signal server and real peers on one loop. The
 * other end of one is another keeper, or made by hand.
 */
#ifndef TESTS_TUNNEL_KEEPER_SCENE_H
#define TESTS_TUNNEL_KEEPER_SCENE_H

#include "testing.h"

#include "signal/client.h"
#include "signal/server.h"
#include "tunnel/keeper.h"
#include "tunnel/session.h"

enum { SESSIONS_MAX = 8 };

struct scene;

struct side {
    struct scene *scene;
    struct cert *cert;
    struct keeper *keeper;
    const struct mux *last; /* the newest that was up */
    int sessions;           /* that were up, one after the other */
    bool is_told_up;
    struct mux *mux;
    struct mux_stream *stream; /* of a consumer, or the last that came in */
    size_t received;
    bool has_ended;
    bool has_failed;
};

/* A provider that has no keeper. It comes back to the signal server at once, so
 * it is there before any keeper, and offers. */
struct naive {
    struct scene *scene;
    struct side side;
    struct signal_client *client;
    struct session *sessions[SESSIONS_MAX];
    int session_count;
    int ready_count;
    int restart_count;
    bool can_restart; /* else it makes a new session of every offer */
    bool is_joined;
};

struct scene {
    struct loop *loop;
    struct timer *watchdog;
    struct turn_hook *hook;
    bool (*is_done)(struct scene *scene);
    struct signal_server *server;
    uint16_t port;
    struct url url;
    struct ice_servers *servers;
    struct side provider;
    struct side consumer;
    struct naive naive;
};

/* *state is the scene: a signal server that nobody has come to. */
int scene_setup(void **state);
int scene_teardown(void **state);

void run_until(struct scene *scene, bool (*is_done)(struct scene *scene));

/* Once more, on the port that it had, after signal_server_close(). */
void start_server(struct scene *scene);
void start_keeper(struct side *side, enum mux_role role);

/* A request came to a side. */
void side_on_request(uint32_t partner, struct mux_stream *stream, const struct head *head,
                     void *arg);

/* Neither body has ended; both end well. */
void begin_exchange(struct scene *scene);
void end_exchange(struct scene *scene);

/* ---- keeper_naive.c ---- */

void start_naive(struct scene *scene);

#endif
