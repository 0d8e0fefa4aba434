/*
 * A data channel of a peer (RFC 8831) on an SCTP association. The first is
 * opened by DCEP; the stream ids of further ones are known to both sides
 * (negotiated out of band, RFC 8832 section 1), so that they are just there.
 *
 * Embedded in its owner, who hands it what SCTP brings and acts on what it
 * says.
 */
#ifndef RTC_CHANNEL_H
#define RTC_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "sctp/sctp.h"

struct channel {
    bool has_stream; /* a channel is there: opened by us or by them */
    bool is_awaited; /* their OPEN is still to come */
    uint16_t stream_id;
    struct buf partial; /* of a message that comes in parts */
    bool is_delivered;  /* what is in it: cleared by the next call */
};

enum channel_event {
    CHANNEL_NOTHING,
    CHANNEL_OPENED,  /* by the other side */
    CHANNEL_MESSAGE, /* *out */
    CHANNEL_BROKEN   /* the other side broke the protocol */
};

void channel_init(struct channel *channel, size_t message_max);
void channel_deinit(struct channel *channel);
void channel_free(struct channel *channel); /* of the heap; NULL is allowed */

/* A channel that both sides know of. */
void channel_init_negotiated(struct channel *channel, size_t message_max, uint16_t stream_id);

/* Sends OPEN: ordered and reliable. Messages may follow at once (RFC 8832
 * section 6). 0 or an error of sctp_assoc_send(). */
int channel_open(struct channel *channel, struct sctp_assoc *sctp, uint16_t stream_id,
                 const char *label);

/* The other side will open it on that stream: messages may go before that, to
 * who takes them. */
void channel_await(struct channel *channel, uint16_t stream_id);

/* Takes a DCEP message that came on a stream: the first OPEN is answered and
 * taken whatever its label; streams of further ones are reset. */
enum channel_event channel_feed_dcep(struct channel *channel, struct sctp_assoc *sctp,
                                     uint16_t stream_id, struct span message, uint64_t now_us);

/* Takes any other message that came on the channel's stream. *out is valid
 * until the next call or as long as message. */
enum channel_event channel_feed(struct channel *channel, uint32_t ppid, struct span message,
                                struct span *out);

/* Sends a binary message, also an empty one. As sctp_assoc_send(). */
int channel_send(struct channel *channel, struct sctp_assoc *sctp, struct span head,
                 struct span body);

/* How many messages that were sent on the channel of that stream, and are not
 * empty, have not left: the last of them. DCEP's do not count, of which the ACK
 * may stand behind what was sent before the OPEN had come. */
size_t channel_unsent(const struct sctp_assoc *sctp, uint16_t stream_id);

#endif
