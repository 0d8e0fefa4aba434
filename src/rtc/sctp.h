/*
 * SCTP over DTLS (RFC 8261) as data channels need it (RFC 8831): one
 * association, packets and the time in, packets and messages out. The first
 * engine behind this header is usrsctp (sctp.c); nothing above knows.
 */
#ifndef RTC_SCTP_H
#define RTC_SCTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct sctp;

/* Under on_packet nothing of this header may be called: the packet may be
 * made anywhere inside. Under the others everything but sctp_feed(),
 * sctp_on_deadline() and sctp_free() may. */
struct sctp_handlers {
    void (*on_packet)(struct span packet, void *arg); /* to be sent, at most the MTU */
    void (*on_connected)(void *arg);
    void (*on_message)(uint16_t stream_id, uint32_t ppid, struct span message, void *arg);
    /* The send queue, once over send_high, fell to send_low. */
    void (*on_writable)(void *arg);
    /* The other side reset its outgoing stream: the channel closes. */
    void (*on_stream_reset)(uint16_t stream_id, void *arg);
    /* The association has ended. Last. */
    void (*on_closed)(const char *text, void *arg);
};

struct sctp_config {
    uint16_t local_port, remote_port; /* of the SDP; 5000 */
    size_t mtu;                       /* of packets, without DTLS's share; a multiple of 4 */
    size_t message_max;               /* larger received messages end the association */
    size_t send_high, send_low;       /* marks of the send queue, bytes */
};

struct sctp *sctp_new(const struct sctp_config *config, const struct sctp_handlers *handlers,
                      void *arg);

/* Without a word to the other side; NULL is allowed. */
void sctp_free(struct sctp *sctp);

/* Both ends call this; simultaneous INITs are resolved by RFC 9260. A packet
 * that is fed before is lost, as on any path. */
void sctp_connect(struct sctp *sctp, uint64_t now_us);
void sctp_feed(struct sctp *sctp, struct span packet, uint64_t now_us);

/* Sends one ordered, reliable message, head and body joined; together not
 * empty. 0; -ENOTCONN; -EMSGSIZE; -EAGAIN while sctp_queued() is over twice
 * send_high. */
int sctp_send(struct sctp *sctp, uint16_t stream_id, uint32_t ppid, struct span head,
              struct span body, uint64_t now_us);

/* What the queue holds until it is acknowledged: bytes, and a fixed cost for
 * each message, so that many small ones fill it too. */
size_t sctp_queued(const struct sctp *sctp);

/* While false, no on_message comes, what arrives is kept up to the receive
 * window, and the window closes. The end of the association still shows.
 * After true, on_message comes by sctp_on_deadline(), which is then due. */
void sctp_set_reading(struct sctp *sctp, bool reading, uint64_t now_us);
void sctp_reset_stream(struct sctp *sctp, uint16_t stream_id, uint64_t now_us);

/* Sends ABORT. No handler but on_packet, for it, is called any more. */
void sctp_abort(struct sctp *sctp, uint64_t now_us);

uint64_t sctp_deadline_us(const struct sctp *sctp);
void sctp_on_deadline(struct sctp *sctp, uint64_t now_us);

#endif
