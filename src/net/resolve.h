/*
 * Names to addresses, in libuv's thread pool so that a slow DNS server never
 * stops the loop; and never a look-up that somebody waits for, be it of a name
 * in /etc/hosts, by those that can wait.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/loop.h"

enum {
    RESOLVE_ADDRESSES_MAX = 8, /* of one name that are tried, at most */
    RESOLVE_PATIENT_MAX = 2    /* look-ups of resolve_patiently() at the same time */
};

struct address {
    struct sockaddr_storage storage;
    socklen_t len;
};

/* Of the longest, "[ADDRESS%INTERFACE]:65535". */
enum { ADDRESS_TEXT_LEN = INET6_ADDRSTRLEN + IF_NAMESIZE + sizeof "[]:65535" - 1 };

/* "192.0.2.1:80", "[2001:db8::1]:80" or "[fe80::1%eth0]:80". Returns out. */
const char *address_format(const struct address *address, char out[ADDRESS_TEXT_LEN]);

/* Parses a literal IPv4 or IPv6 address (no brackets). 0 or -EINVAL. */
int address_parse(const char *host, uint16_t port, struct address *out);
uint16_t address_port(const struct address *address);
void address_set_port(struct address *address, uint16_t port);

struct resolution;

/* Looks up host (a name, or an IPv4 or IPv6 literal without brackets).
 * on_done comes in a later turn, once: count > 0 addresses in the resolver's
 * order, or count 0 and a negative errno:
 *   -ENOENT         no such name
 *   -EAGAIN         the name server did not answer or failed for now
 * The resolution is freed after on_done. */
struct resolution *resolve(struct loop *loop, const char *host, uint16_t port,
                           void (*on_done)(const struct address *addresses, int count, int error,
                                           void *arg),
                           void *arg);

/* The same for what can wait: no more than RESOLVE_PATIENT_MAX at a time, so
 * that however many of them a name server leaves without an answer, others have
 * their turn. */
struct resolution *resolve_patiently(struct loop *loop, const char *host, uint16_t port,
                                     void (*on_done)(const struct address *addresses, int count,
                                                     int error, void *arg),
                                     void *arg);

/* on_done will not come. Not to be called after it came. */
void resolution_cancel(struct resolution *resolution);

#endif
