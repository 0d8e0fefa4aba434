/*
 * The agent of src/ice with a loop and real sockets under it: a path over UDP
 * to the other side, or through a TURN server, over UDP, TCP or TLS.
 *
 * As many datagrams of a burst leave in one system call as the kernel takes; a
 * burst that comes in is handed up datagram by datagram under one call, too.
 */
#ifndef RTC_ICE_IO_H
#define RTC_ICE_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "net/loop.h"
#include "rtc/ice_servers.h"
#include "rtc/path.h"

struct ice_io;

struct ice_io_config {
    bool is_controlling;         /* the offerer */
    bool is_relay_only;          /* nobody but the TURN server learns our addresses */
    struct ice_servers *servers; /* or NULL */
    /* As those of struct ice_agent_handlers, or NULL. Nothing but an answer to
     * on_fill may be made of what comes, while they are called. */
    void (*on_fill)(struct stun_writer *w, bool is_first, void *arg);
    void (*on_binding)(const struct stun_message *m, void *arg);
};

/* on_candidate is told a local candidate: "candidate:…" as in RFC 8839 section
 * 5.1, without "a=". NULL: no more will come. May come under
 * ice_io_gather(). */
struct ice_io *ice_io_new(struct loop *loop, const struct ice_io_config *config,
                          void (*on_candidate)(const char *candidate, void *arg), void *arg);

/* Where the datagrams go; as long as the ice_io. */
struct rtc_path *ice_io_path(struct ice_io *io);

/* Gives TURN allocations back, closes the sockets; on_candidate and the path's
 * handlers are not called any more. Not under on_candidate. NULL is allowed. */
void ice_io_close(struct ice_io *io);

/* Valid until the next restart. */
const char *ice_io_local_ufrag(const struct ice_io *io);
const char *ice_io_local_pwd(const struct ice_io *io);

/* Opens a socket on each of our addresses and begins to gather. Host
 * candidates come under this call, those of servers when they answer. */
void ice_io_gather(struct ice_io *io);

/* Looks which addresses the machine has now; opens and closes sockets. True
 * when a restart is worth while: what the path hung on is gone, or there is
 * another way out of this machine. */
bool ice_io_update_addresses(struct ice_io *io);

/* New credentials, all candidates anew by on_candidate, as under
 * ice_io_gather(); the path stays until there is another. */
void ice_io_restart(struct ice_io *io);

/* There is reason to doubt the path: the other side is asked now. */
void ice_io_ask(struct ice_io *io);

/* 0 or -EINVAL. Different ones than before are a restart by the other side,
 * and one of ours too unless ice_io_restart() was called since then. */
int ice_io_set_remote_credentials(struct ice_io *io, const char *ufrag, const char *pwd);

/* What the other side has proposed for a=ice-pacing; 0: nothing. */
void ice_io_set_remote_pacing(struct ice_io *io, unsigned pacing_ms);

/* A remote candidate in the form of on_candidate. 0, or -EINVAL for one that
 * cannot be used. Credentials must have been set. */
int ice_io_add_remote_candidate(struct ice_io *io, const char *candidate);
void ice_io_end_of_remote_candidates(struct ice_io *io);

#endif
