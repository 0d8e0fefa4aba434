/*
 * Whether a NAT leads back in what hosts behind it send to its outside
 * (hairpinning, RFC 5780 section 4.5): as two machines behind it need, which
 * are not in one local network.
 */
#ifndef RTC_HAIRPIN_PROBE_H
#define RTC_HAIRPIN_PROBE_H

#include "net/loop.h"
#include "net/resolve.h"

struct hairpin_probe;

enum hairpin {
    HAIRPIN_UNKNOWN, /* nothing has come back so far */
    HAIRPIN_NONE,
    HAIRPIN_LEADS_BACK
};

/* server: a STUN server that answers. Copied. on_done comes once, in a later
 * turn, after a second at most. */
struct hairpin_probe *hairpin_probe_new(struct loop *loop, const struct address *server,
                                        void (*on_done)(void *arg), void *arg);
void hairpin_probe_free(struct hairpin_probe *probe); /* NULL is allowed */

enum hairpin hairpin_probe_get(const struct hairpin_probe *probe);

#endif
