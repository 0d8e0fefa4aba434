/*
 * What ice_io.c (the agent, its deadline, events and life) and ice_io_path.c
 * (the path that it is to a peer) share.
 */
#ifndef RTC_ICE_IO_INTERNAL_H
#define RTC_ICE_IO_INTERNAL_H

#include "net/deadline.h"
#include "rtc/ice_io.h"
#include "rtc/ice_lookups.h"
#include "rtc/ice_sockets.h"

/* FOUND: a path works, which is to be told. */
enum phase { SEEKING, FOUND, CONNECTED, FAILED };

struct ice_io {
    struct rtc_path path;
    struct loop *loop;
    void (*on_candidate)(const char *candidate, void *arg);
    void (*on_fill)(struct stun_writer *w, bool is_first, void *arg);
    void (*on_binding)(const struct stun_message *m, void *arg);
    void *arg;
    struct ice_agent *agent;
    struct deadline *deadline;
    struct ice_sockets sockets;
    struct ice_lookups lookups;

    struct ice_servers *servers; /* or NULL */
    struct ice_servers_watch watch;
    bool has_server[ICE_ADDRESSES_MAX]; /* the agent has it */

    enum phase phase;
    enum peer_path_state told_path; /* once CONNECTED */
    bool has_new_route;             /* since on_change was called */
    bool is_telling;                /* a deferred call of tell() is on its way */
    bool is_closed;
    bool has_told_no_relay;
    char *failure; /* once FAILED */

    struct address route_to; /* where the route's datagrams go */
};

/* ---- ice_io_path.c ---- */

extern const struct rtc_path_ops ice_io_path_ops;

#endif
