/*
 * How large packets to a STUN server may be: Binding requests of all sizes,
 * which may not be fragmented. It is the way there that is measured; answers
 * are small.
 */
#ifndef RTC_MTU_PROBE_H
#define RTC_MTU_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "net/loop.h"
#include "net/resolve.h"

struct mtu_probe;

/* server: one that answers; rtt_us: after so long. Copied. on_done comes once,
 * in a later turn. */
struct mtu_probe *mtu_probe_new(struct loop *loop, const struct address *server, uint64_t rtt_us,
                                void (*on_done)(void *arg), void *arg);
void mtu_probe_free(struct mtu_probe *probe); /* NULL is allowed */

bool mtu_probe_is_done(const struct mtu_probe *probe);

/* The largest packet that is answered, in bytes with all headers; 0: it is not
 * known, or not yet. */
size_t mtu_probe_get(const struct mtu_probe *probe);

#endif
