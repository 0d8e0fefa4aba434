/*
 * Tells when the machine's addresses or interfaces change, by netlink: a
 * laptop goes from cable to WLAN, a DHCP lease brings another address.
 *
 * One change makes several messages (down, address gone, up, tentative, there
 * for good), so the owner is told once they have been quiet for
 * ADDRESS_WATCH_QUIET_US, or have gone on for ADDRESS_WATCH_MOST_US. What has
 * changed it finds out by looking; often it is nothing.
 */
#ifndef NET_ADDRESS_WATCH_H
#define NET_ADDRESS_WATCH_H

#include <stdbool.h>

#include "base/clock.h"
#include "net/loop.h"
#include "net/resolve.h"

#define ADDRESS_WATCH_QUIET_US (100 * US_PER_MS)
#define ADDRESS_WATCH_MOST_US  (500 * US_PER_MS)

struct address_watch;

/* Never NULL. Where the system gives no netlink socket (a strict sandbox),
 * on_change just never comes. */
struct address_watch *address_watch_new(struct loop *loop, void (*on_change)(void *arg), void *arg);
void address_watch_free(struct address_watch *watch); /* NULL is allowed */

/* Whether an interface of this machine has the address, whatever its port. */
bool address_is_ours(const struct address *address);

/* Whether what this machine sends to that address now leaves from local, so that
 * a connection between the two has a way. True where there is no way at all:
 * that may pass. */
bool address_is_source(const struct address *local, const struct address *to);

#endif
