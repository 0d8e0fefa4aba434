/*
 * From INIT to COOKIE-ACK (RFC 9260 section 5).
 */
#ifndef SCTP_HANDSHAKE_H
#define SCTP_HANDSHAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "sctp/chunk.h"

enum { MAX_COOKIE = 4096 /* of the peer's, kept to be echoed */ };

struct sctp_assoc;
struct peer_offer;

struct handshake {
    struct buf cookie; /* to be echoed */
    unsigned tries;
    uint64_t sent_us;
    bool due; /* INIT or COOKIE-ECHO is to be sent */
};

void handshake_init(struct handshake *h);
void handshake_deinit(struct handshake *h);

void handshake_start(struct sctp_assoc *a);

/* What the other side offers is known, as is ours there: established. */
void handshake_skip(struct sctp_assoc *a, const struct peer_offer *peer, uint64_t now_us);
void handshake_write(struct sctp_assoc *a, uint64_t now_us);
void handshake_on_timer(struct sctp_assoc *a);
void handshake_on_init(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us);
void handshake_on_init_ack(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us);
/* `tag` is that of the packet. */
void handshake_on_cookie_echo(struct sctp_assoc *a, const struct chunk *c, uint32_t tag,
                              uint64_t now_us);
void handshake_on_cookie_ack(struct sctp_assoc *a, uint64_t now_us);
void handshake_on_stale_cookie(struct sctp_assoc *a);

#endif
