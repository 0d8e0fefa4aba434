/*
 * What is said to a network's proxy until it has connected us to somebody:
 * CONNECT of HTTP (RFC 9110 section 9.3.6) with Basic credentials (RFC 7617),
 * or SOCKS 5 (RFC 1928) with user and password (RFC 1929). Sans-I/O.
 *
 *   ASKING ──► THROUGH    the connection is the other side's from here on
 *      └─────► REFUSED
 */
#ifndef NET_EGRESS_TALK_H
#define NET_EGRESS_TALK_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "net/egress.h"

enum egress_status { EGRESS_ASKING, EGRESS_THROUGH, EGRESS_REFUSED };

struct egress_talk;

/* To be connected to host, a name or a literal without brackets, and port. The
 * egress must outlive it. */
struct egress_talk *egress_talk_new(const struct egress *egress, const char *host, uint16_t port);
void egress_talk_free(struct egress_talk *talk); /* zeroes what it said; NULL is allowed */

/* What is to be sent now; may be empty. Each byte comes once. Valid until the
 * next call. */
struct span egress_talk_take(struct egress_talk *talk);

/* The most bytes that may be fed: what comes behind the proxy's last answer is
 * the other side's. Above 0 while ASKING, and no more than EGRESS_WANTS_MAX. */
enum { EGRESS_WANTS_MAX = 512 };
size_t egress_talk_wants(const struct egress_talk *talk);

/* Takes what the proxy has said; only while ASKING. */
enum egress_status egress_talk_feed(struct egress_talk *talk, struct span bytes);

/* Of REFUSED: what the proxy did, as in "does not know this user or
 * password". */
const char *egress_talk_error(const struct egress_talk *talk);

#endif
