/*
 * ICE at work: the agent of src/ice with real sockets under it. Finds a UDP
 * path to the other side (or one through a TURN server, over UDP, TCP or TLS)
 * and carries datagrams over it.
 *
 * Outgoing datagrams are queued and leave by ice_flush(), as many in one
 * system call as the kernel takes; a burst that comes in is handed up datagram
 * by datagram under one call, too.
 */
#ifndef RTC_ICE_H
#define RTC_ICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "net/loop.h"
#include "rtc/ice_servers.h"
#include "rtc/peer.h"

struct ice;

struct ice_handlers {
    /* A local candidate: "candidate:…" as in RFC 8839 section 5.1, without
     * "a=". NULL: no more will come. May come under ice_gather(). */
    void (*on_candidate)(const char *candidate, void *arg);
    /* A pair works: datagrams may be sent. Once, in a turn of its own. */
    void (*on_connected)(void *arg);
    void (*on_datagram)(struct span datagram, void *arg);
    /* After on_connected: what has become of the path, or that another one is
     * used now (is_other). In a turn of its own. */
    void (*on_path)(enum peer_path_state state, bool is_other, void *arg);
    /* No pair works: text says which were tried and why they failed. Never
     * after on_connected. Last, in a turn of its own. */
    void (*on_failed)(const char *text, void *arg);
};

struct ice_config {
    bool is_controlling;         /* the offerer */
    bool is_relay_only;          /* nobody but the TURN server learns our addresses */
    struct ice_servers *servers; /* or NULL */
};

struct ice *ice_new(struct loop *loop, const struct ice_config *config,
                    const struct ice_handlers *handlers, void *arg);

/* Gives TURN allocations back, closes the sockets; no handler is called any
 * more. Not under on_candidate. NULL is allowed. */
void ice_close(struct ice *ice);

/* Valid until the next restart. */
const char *ice_local_ufrag(const struct ice *ice);
const char *ice_local_pwd(const struct ice *ice);

/* Opens a socket on each of our addresses and begins to gather. Host
 * candidates come under this call, those of servers when they answer. */
void ice_gather(struct ice *ice);

/* Looks which addresses the machine has now; opens and closes sockets. True
 * when a restart is worth while: what the path hung on is gone, or there is
 * another way out of this machine. */
bool ice_update_addresses(struct ice *ice);

/* New credentials, all candidates anew by on_candidate, as under ice_gather();
 * the path stays until there is another. */
void ice_restart(struct ice *ice);

/* 0 or -EINVAL. Different ones than before are a restart by the other side,
 * and one of ours too unless ice_restart() was called since then. */
int ice_set_remote_credentials(struct ice *ice, const char *ufrag, const char *pwd);

/* What the other side has proposed for a=ice-pacing; 0: nothing. */
void ice_set_remote_pacing(struct ice *ice, unsigned pacing_ms);

/* A remote candidate in the form of on_candidate. 0, or -EINVAL for one that
 * cannot be used. Credentials must have been set. */
int ice_add_remote_candidate(struct ice *ice, const char *candidate);
void ice_end_of_remote_candidates(struct ice *ice);

/* Queues a datagram of len bytes for the path as it is now, and returns where
 * the caller is to write it, before any other call; NULL without a path. A full
 * queue leaves first. may_fragment: it may be larger than the path takes
 * whole. */
uint8_t *ice_queue(struct ice *ice, size_t len, bool may_fragment);

/* Sends what is queued. Where the kernel has no room, it is lost. */
void ice_flush(struct ice *ice);

/* The largest datagram that the path takes as far as this machine knows; 0
 * without a path. */
size_t ice_datagram_max(const struct ice *ice);

/* False before on_connected. */
bool ice_get_path(const struct ice *ice, struct peer_path *out);

/* What was tried and how it went, for a person to read. Returns out. */
const char *ice_describe_tried(struct ice *ice, char out[PEER_TRIED_MAX]);

#endif
