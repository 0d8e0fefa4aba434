/*
 * ICE (RFC 8445) for one component: finds a UDP path to the other side and
 * carries datagrams over it. The first engine behind this header is libnice
 * (ice.c); nothing above knows.
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
     * "a=". NULL: no more will come. */
    void (*on_candidate)(const char *candidate, void *arg);
    /* A pair works: datagrams may be sent. Comes again when a better pair
     * takes over. */
    void (*on_connected)(void *arg);
    void (*on_datagram)(struct span datagram, void *arg);
    /* No pair works, or the path is lost: text says which were tried. Last. */
    void (*on_failed)(const char *text, void *arg);
};

/* controlling: the offerer. Handlers come in later turns. servers may be
 * NULL. */
struct ice *ice_new(struct loop *loop, bool controlling, const struct ice_servers *servers,
                    const struct ice_handlers *handlers, void *arg);

/* No handler is called any more; frees in a later turn. NULL is allowed. */
void ice_close(struct ice *ice);

/* Valid until ice_close(). */
const char *ice_local_ufrag(const struct ice *ice);
const char *ice_local_pwd(const struct ice *ice);

/* Begins to gather. Candidates of our own addresses come in the next turn;
 * those of servers when they answer. */
void ice_gather(struct ice *ice);

/* 0 or -EINVAL. */
int ice_set_remote_credentials(struct ice *ice, const char *ufrag, const char *pwd);

/* A remote candidate in the form of on_candidate. 0, or -EINVAL for one that
 * cannot be used. Credentials must have been set. */
int ice_add_remote_candidate(struct ice *ice, const char *candidate);
void ice_end_of_remote_candidates(struct ice *ice);

/* 0, -ENOTCONN, or -EAGAIN when the kernel has no room (the datagram is
 * lost, as on any path). */
int ice_send(struct ice *ice, struct span datagram);

/* False before on_connected. */
bool ice_get_path(const struct ice *ice, struct peer_path *out);

enum { ICE_TRIED_LEN = 512 };

/* The addresses of both sides that are being tried, for a person to read:
 * "ours host 192.168.1.5:40112, …; theirs host 10.0.0.2:5000, …". Returns
 * out. */
const char *ice_describe_tried(const struct ice *ice, char out[ICE_TRIED_LEN]);

#endif
