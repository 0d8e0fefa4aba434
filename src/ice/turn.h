/*
 * A TURN client (RFC 8656): one allocation at one server, and a channel for
 * each peer. A ChannelBind installs the permission as well (section 12), so
 * there is no CreatePermission; the refresh of a channel, every 4 minutes,
 * renews both. Sans-I/O: what it sends goes out by on_send, over UDP as
 * datagrams, over TCP or TLS as pieces of a stream.
 *
 *   IDLE ─ start() ─► ALLOCATING ─ success ─► ALLOCATED ── Refresh ──┐
 *                      │  ▲  │ 401, 438: again      │  ▲             │
 *                      │  └──┘ with credentials     │  └─────────────┘
 *                      └────── other error, 437 ────┴──► FAILED ─ start() ─► …
 *
 * A 437 to an Allocate says that the server has an allocation of our address
 * already: of a process before this one, or one whose answer was lost. Nobody
 * else can use it, so it is given back in CLEARING, by a Refresh with lifetime
 * 0, and then the Allocate goes out once more.
 */
#ifndef ICE_TURN_H
#define ICE_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "ice/address.h"
#include "ice/stun_auth.h"

enum turn_transport { TURN_UDP, TURN_TCP, TURN_TLS };
const char *turn_transport_name(enum turn_transport transport);

enum turn_state { TURN_IDLE, TURN_ALLOCATING, TURN_CLEARING, TURN_ALLOCATED, TURN_FAILED };

struct turn_client;

struct turn_handlers {
    /* One STUN message, or one ChannelData with its padding on a stream. */
    void (*on_send)(void *arg, const struct ice_address *server, struct span bytes);
    /* mapped is our address as the server sees it: server-reflexive. */
    void (*on_allocated)(void *arg, const struct ice_address *relayed,
                         const struct ice_address *mapped);
    /* No allocation, or no longer; text says why. code is that of STUN by which
     * the server refused it, or 0; 437: it has lost it, or another's stands in
     * its place. start() may be called later, not from
     * within. */
    void (*on_failed)(void *arg, int code, const char *text);
    /* Go to this server instead: the client is IDLE again. On a stream the
     * owner connects there, then calls start(). */
    void (*on_redirect)(void *arg, const struct ice_address *server);
    /* The peer's channel is bound (code 0), or refused: an error code of
     * STUN, or -1 when the server did not answer. */
    void (*on_channel)(void *arg, const struct ice_address *peer, int code);
};

/* user and pass are copied. random outlives the client. */
struct turn_client *turn_client_new(enum turn_transport transport, const struct ice_address *server,
                                    const char *user, const char *pass, struct ice_random *random,
                                    const struct turn_handlers *handlers, void *arg);
/* Silently; call turn_client_stop() first where the server is to know. */
void turn_client_free(struct turn_client *t);

/* Others from the next start on: an allocation keeps those that it was made
 * with (RFC 8656 section 7.2). Copied. */
void turn_client_set_user(struct turn_client *t, const char *user, const char *pass);

/* Asks for an allocation. */
void turn_client_start(struct turn_client *t, uint64_t now_us);
/* Refreshes the allocation now: a server that has lost it, since it was
 * restarted, says so. Nothing when there is none. */
void turn_client_refresh(struct turn_client *t);
/* Whether an Allocate or a Refresh has not been answered yet. */
bool turn_client_is_asking(const struct turn_client *t);
/* Gives the allocation up: one Refresh with lifetime 0 where there is one,
 * nothing is waited for. IDLE afterwards. */
void turn_client_stop(struct turn_client *t);

/* One frame from the server. True: it is data of a peer. */
bool turn_client_feed(struct turn_client *t, struct span frame, uint64_t now_us,
                      struct ice_address *peer, struct span *data);

uint64_t turn_client_deadline(const struct turn_client *t);
void turn_client_on_deadline(struct turn_client *t, uint64_t now_us);

/* Wants a channel to the peer; on_channel() tells. Nothing new when there is
 * one. -ENOTCONN without an allocation, -ENOSPC over TURN_CHANNELS_MAX. */
int turn_client_bind(struct turn_client *t, const struct ice_address *peer, uint64_t now_us);
/* Binds a channel that is bound once more, now: a server that was restarted, or
 * has lost the permission, is told again. */
void turn_client_rebind(struct turn_client *t, const struct ice_address *peer);
/* No longer wants it: it is left to expire. */
void turn_client_release(struct turn_client *t, const struct ice_address *peer);
/* The peer's channel, or 0 while it is not bound. */
uint16_t turn_client_channel(const struct turn_client *t, const struct ice_address *peer);

/* Sends data to the peer: ChannelData, or a Send indication while no channel
 * is bound. */
void turn_client_send(struct turn_client *t, const struct ice_address *peer, struct span data);

enum turn_state turn_client_state(const struct turn_client *t);
enum turn_transport turn_client_transport(const struct turn_client *t);
const struct ice_address *turn_client_server(const struct turn_client *t);

#endif
