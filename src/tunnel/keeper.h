/*
 * The keeper keeps two machines connected: it visits the signal server, meets
 * the other side in the room, negotiates a session, and does so again for as
 * long as the program runs. What it does when is decided by
 * tunnel/rendezvous.h; the keeper owns what that needs: the signal client, the
 * sessions, a deadline.
 */
#ifndef TUNNEL_KEEPER_H
#define TUNNEL_KEEPER_H

#include "http/url.h"
#include "net/loop.h"
#include "net/tls.h"
#include "rtc/cert.h"
#include "rtc/ice_servers.h"
#include "rtc/peer.h"
#include "tunnel/action.h"
#include "tunnel/keeper_counts.h"
#include "tunnel/mux.h"
#include "tunnel/report.h"
#include "tunnel/seal.h"
#include "tunnel/session.h"
#include "tunnel/venue.h"

struct keeper;

/* A room that is shared has no more members. */
enum { KEEPER_PARTNERS_MAX = 64 };

struct keeper_status {
    enum keeper_state state;
    const char *problem;   /* what went wrong and what to do, or NULL */
    bool is_goodbye;       /* of problem: the other side has ended in good order */
    bool is_slow;          /* of problem, CONNECTING: nothing has failed yet */
    uint64_t retry_in_us;  /* of RETRYING, and of NEGOTIATING that waits; else 0 */
    bool is_alone;         /* of WAITING: for RENDEZVOUS_ALONE_US already */
    uint32_t partner;      /* of UP: with whom */
    const char *name;      /* of that partner; see tunnel/roster.h */
    size_t partners;       /* that are up, with that one */
    bool has_parted;       /* of UP: that one's session is over, as the problem says, and others
                              are up */
    struct peer_path path; /* of UP */
    uint64_t rtt_us;       /* of UP */
    bool is_path_news;     /* of UP: only the path is another one */
    const char *device;    /* of UP: who is at the other end, where its invite says; or NULL */
};

struct keeper_config {
    enum mux_role role;
    unsigned features; /* see mux_new() */
    const struct url *signal;
    const struct tls_client *tls; /* for a wss signal server */
    const struct egress *egress;  /* see signal/client.h; or NULL */
    const char *room;
    struct seal *seal; /* what is said there is sealed so; NULL for a room of version 1 */
    const struct cert *cert;
    struct ice_servers *servers;
    bool is_relay_only;     /* see rtc/peer.h */
    bool takes_relay;       /* the same */
    size_t partners_max;    /* with whom to have a session at a time; 0: KEEPER_PARTNERS_MAX */
    struct venue_near near; /* see tunnel/venue.h */
};

/* Partners are told apart by numbers, which are not given twice. */
struct keeper_handlers {
    /* A session with that partner is up: new streams to it belong on this mux.
     * Comes again when another one takes over, and after a doubt. */
    void (*on_up)(uint32_t partner, struct mux *mux, void *arg);
    /* No new streams are to go to that partner. why: the session is in doubt,
     * and what has begun goes on in it; NULL: it is over, and the status
     * tells. */
    void (*on_down)(uint32_t partner, const char *why, void *arg);
    /* One that was up is forgotten, and all of its sessions are over: the last
     * that comes with that number. */
    void (*on_gone)(uint32_t partner, void *arg);
    /* With each PONG of a session that is up, and maybe with one before. */
    void (*on_round_trip)(uint32_t partner, uint64_t round_trip_us, void *arg);
    /* Of a provider: a request of that partner, as on_request of a mux. */
    void (*on_request)(uint32_t partner, struct mux_stream *stream, const struct head *head,
                       void *arg);
    void (*on_status)(const struct keeper_status *status, void *arg);
    /* The signal server is gone, and a session goes on without it; or NULL. */
    void (*on_signal_away)(const char *text, void *arg);
    /* Of a provider: that member of a sealed room asks for a report; see
     * tunnel/report.h. Or NULL. */
    void (*on_question)(const char *peer, void *arg);
};

/* Everything that the config points to must outlive the keeper. The first
 * visit begins in the next turn. */
struct keeper *keeper_new(struct loop *loop, const struct keeper_config *config,
                          const struct keeper_handlers *handlers, void *arg);

struct keeper_stats {
    size_t partners;              /* with a session that is up, be it in doubt */
    struct session_stats session; /* of those the last one */
    size_t sessions;              /* with those that come to be, and those that drain */
    struct keeper_counts counts;
};
void keeper_stats(const struct keeper *keeper, struct keeper_stats *out);

/* One partner with a session that is up. */
struct partner_view {
    uint32_t number;
    const char *name; /* see tunnel/roster.h */
    struct session_stats session;
};
void keeper_each_partner(const struct keeper *keeper,
                         void (*each)(const struct partner_view *partner, void *arg), void *arg);

/* To a member that has asked for it, if it is still there. */
void keeper_report_to(struct keeper *keeper, const char *peer, const char *report);

/* What the device of that member has of sessions that are up. */
enum report_session keeper_session_of(const struct keeper *keeper, const char *peer);

/* Of a sealed provider: the sessions of that device end, since its invite is
 * not good any more. */
void keeper_end_device(struct keeper *keeper, const char *device);

/* Says bye, ends all streams, frees. No handler but those of streams is
 * called any more. */
void keeper_close(struct keeper *keeper);

#endif
