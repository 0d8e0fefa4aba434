/*
 * Where a room is met in this network: who has it tells by multicast DNS
 * (signal/dns_sd.h), and who wants it asks. By IPv4 and IPv6, where
 * net/multicast.h goes.
 */
#ifndef SIGNAL_LAN_H
#define SIGNAL_LAN_H

#include "base/clock.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "signal/dns_sd.h"

struct lan_advert;

/* hash: DNS_SD_HASH_LEN characters, copied. interface: that one alone,
 * borrowed; NULL: all, as they come and go. */
struct lan_advert *lan_advert_new(struct loop *loop, const char *hash, uint16_t port,
                                  const char *interface);
void lan_advert_free(struct lan_advert *advert); /* says that it goes. NULL is allowed */

/* Questions are asked at once, and again after so long. */
#define LAN_ASK_US      (250 * US_PER_MS)
#define LAN_ASK_MORE_US (1 * US_PER_S)
#define LAN_ASK_LAST_US (3 * US_PER_S)

struct lan_search;

/* server: where the room's signal server listens. At most once, and not under
 * lan_search_new(). */
struct lan_search *lan_search_new(struct loop *loop, const char *hash, const char *interface,
                                  void (*on_found)(const struct address *server, void *arg),
                                  void *arg);
void lan_search_free(struct lan_search *search); /* NULL is allowed; also from on_found() */

#endif
