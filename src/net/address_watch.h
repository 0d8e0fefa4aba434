/*
 * Tells when the machine's addresses, interfaces or default routes change, by
 * the kernel's messages (netlink, or a routing socket): a laptop goes from
 * cable to WLAN, a DHCP lease brings another address.
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

#define ADDRESS_WATCH_QUIET_US (100 * US_PER_MS)
#define ADDRESS_WATCH_MOST_US  (500 * US_PER_MS)
#define ADDRESS_WATCH_POLL_US  (2 * US_PER_S)

struct address_watch;

/* Never NULL. Where the system gives no such socket (a strict sandbox), it
 * looks now and then instead, and says so. */
struct address_watch *address_watch_new(struct loop *loop, void (*on_change)(void *arg), void *arg);
void address_watch_free(struct address_watch *watch); /* NULL is allowed */

#endif
