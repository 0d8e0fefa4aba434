/*
 * Whether a TURN server is of use, tried once: it makes an allocation, and
 * carries a datagram from it to itself.
 */
#ifndef RTC_TURN_PROBE_H
#define RTC_TURN_PROBE_H

#include "rtc/ice_servers.h"

enum turn_probe_state {
    TURN_PROBE_ASKING,
    TURN_PROBE_FAILED,    /* no allocation; the text says why */
    TURN_PROBE_ALLOCATED, /* but nothing has come through it yet */
    TURN_PROBE_SHY,       /* the same: it does not send to its own addresses, by policy */
    TURN_PROBE_CARRIES
};

enum { TURN_PROBE_TEXT_LEN = 160 };

struct turn_probe;

/* server and its strings are not copied; servers, which it is one of, outlives
 * it. on_done comes once, in a later turn, where the state is the last one; who
 * loses patience before takes what there is. */
struct turn_probe *turn_probe_new(struct loop *loop, struct ice_servers *servers,
                                  const struct ice_server *server, void (*on_done)(void *arg),
                                  void *arg);
void turn_probe_free(struct turn_probe *probe); /* gives the allocation back. NULL is allowed */

/* text: of FAILED why, once there is an allocation its address. Valid as long
 * as the probe. */
enum turn_probe_state turn_probe_state(const struct turn_probe *probe, const char **text);

#endif
