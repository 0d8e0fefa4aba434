/*
 * The sessions of a keeper by their numbers: carries out what the rendezvous
 * wants of one, and makes an event of what happens to it.
 */
#ifndef TUNNEL_SESSIONS_H
#define TUNNEL_SESSIONS_H

#include "base/histogram.h"
#include "base/list.h"
#include "signal/relay_frame.h"
#include "tunnel/action.h"
#include "tunnel/event.h"
#include "tunnel/session.h"
#include "tunnel/traffic.h"

struct sessions_handlers {
    /* May come under sessions_act(). */
    void (*on_event)(const struct event *event, void *arg);
    void (*on_request)(uint32_t partner, struct mux_stream *stream, const struct head *head,
                       void *arg);
    /* A round trip was measured. partner: 0 until the session is up. */
    void (*on_round_trip)(uint32_t partner, uint64_t round_trip_us, void *arg);
    /* A datagram for the signal server to pass on; see sessions_route(). */
    void (*on_relay)(const struct relay_frame *frame, void *arg);
};

struct sessions_config {
    enum mux_role role;
    unsigned features; /* see mux_new() */
    struct peer_config peer;
};

struct sessions {
    struct loop *loop;
    struct sessions_config config;
    struct sessions_handlers handlers;
    void *arg;
    struct list all;
    size_t count;
    struct traffic ended; /* of those that were closed */
    struct histogram round_trips;
};

void sessions_init(struct sessions *all, struct loop *loop, const struct sessions_config *config,
                   const struct sessions_handlers *handlers, void *arg);

/* Closes those that there are. No handler is called any more. */
void sessions_deinit(struct sessions *all, const char *text);

/* NULL where there is none of that number. */
struct session *sessions_find(const struct sessions *all, unsigned number);

/* False, and *out is as it was, where there is none of that number. */
bool sessions_stats(const struct sessions *all, unsigned number, struct session_stats *out);

/* Of all that there were. */
struct traffic sessions_traffic(const struct sessions *all);

/* With whom it is, from when it is up. */
void sessions_set_partner(struct sessions *all, unsigned number, uint32_t partner);

/* The session that a description is for, or 0: see peer_match(). device: of a
 * provider, who has sealed it, and can mean none but its own; else NULL. */
unsigned sessions_match(const struct sessions *all, const char *device, enum sdp_type type,
                        const char *sdp);

/* Whether the signal server can pass datagrams of each session on, and to whom:
 * member_of says the id of its other side in the room, or NULL. */
void sessions_route(struct sessions *all, const char *(*member_of)(unsigned session, void *arg),
                    void *arg);

/* One that was passed on to us: to whichever session it names. */
void sessions_feed_relay(struct sessions *all, const struct relay_frame *frame);

/* The machine's addresses have changed. Writes the numbers of those for which
 * another path is worth while to outdated, which has room for all, and returns
 * how many these are. */
size_t sessions_update_addresses(struct sessions *all, unsigned *outdated);

/* What a device is told by which it knows that it is not a guest any more. */
#define SESSIONS_SHUT_OUT "this device's invite was revoked, or has expired"

/* All sessions with that device are over, and are told so: EVENT_CLOSED, and
 * the words go out first. */
void sessions_expel(struct sessions *all, const char *device);

/* One of those under "A session" in tunnel/action.h. */
void sessions_act(struct sessions *all, const struct action *action);

#endif
