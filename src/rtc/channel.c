/*
 * SCTP cannot carry an empty message: one zero byte under a PPID of its own
 * stands for it (RFC 8831 section 6.6). Two more PPIDs, deprecated since, mark
 * parts of a message that ends with the ordinary one; old Firefoxes send them.
 *
 * Whoever opens need not wait for the ACK, so there is no state between
 * opening and open.
 */
#include "rtc/channel.h"

#include <stdlib.h>

#include "rtc/dcep.h"

enum { PPID_BINARY_PARTIAL = 52, PPID_STRING_PARTIAL = 54 };

void channel_init(struct channel *channel, size_t message_max)
{
    *channel = (struct channel){0};
    buf_init(&channel->partial, message_max);
}

void channel_init_negotiated(struct channel *channel, size_t message_max, uint16_t stream_id)
{
    channel_init(channel, message_max);
    channel->has_stream = true;
    channel->stream_id = stream_id;
}

void channel_deinit(struct channel *channel)
{
    buf_deinit(&channel->partial);
}

void channel_free(struct channel *channel)
{
    if (channel)
        channel_deinit(channel);
    free(channel);
}

/* Ordered and reliable; without a lifetime, so that no time is needed. */
static int send_message(struct sctp_assoc *sctp, uint16_t stream_id, uint32_t ppid,
                        struct span head, struct span body)
{
    const struct sctp_outgoing message = {.stream = stream_id,
                                          .ppid = ppid,
                                          .head = head,
                                          .body = body};
    return sctp_assoc_send(sctp, &message, 0);
}

int channel_open(struct channel *channel, struct sctp_assoc *sctp, uint16_t stream_id,
                 const char *label)
{
    uint8_t message[DCEP_OPEN_HEADER_LEN + DCEP_LABEL_MAX];
    struct dcep_open open = {.label = span_from_string(label)};
    ssize_t len = dcep_open_encode(&open, message, sizeof message);
    if (len < 0)
        return (int)len;
    channel->has_stream = true;
    channel->stream_id = stream_id;
    return send_message(sctp, stream_id, PPID_DCEP, span_of(message, (size_t)len),
                        (struct span){0});
}

void channel_await(struct channel *channel, uint16_t stream_id)
{
    channel->has_stream = true;
    channel->is_awaited = true;
    channel->stream_id = stream_id;
}

static void send_ack(struct sctp_assoc *sctp, uint16_t stream_id)
{
    static const uint8_t ack[] = {DCEP_ACK};
    send_message(sctp, stream_id, PPID_DCEP, span_of(ack, sizeof ack), (struct span){0});
}

enum channel_event channel_feed_dcep(struct channel *channel, struct sctp_assoc *sctp,
                                     uint16_t stream_id, struct span message, uint64_t now_us)
{
    struct dcep_open open;
    if (!dcep_is_open(message))
        return CHANNEL_NOTHING; /* an ACK, or what does not exist yet */
    if (dcep_open_decode(message, &open) < 0)
        return CHANNEL_BROKEN;
    if (channel->is_awaited && stream_id == channel->stream_id) {
        channel->is_awaited = false;
        send_ack(sctp, stream_id);
        return CHANNEL_NOTHING;
    }
    if (channel->has_stream) {
        /* One channel that is opened is all that this project has a use for. */
        if (stream_id != channel->stream_id)
            sctp_assoc_reset_stream(sctp, stream_id, now_us);
        return CHANNEL_NOTHING;
    }
    channel->has_stream = true;
    channel->stream_id = stream_id;
    send_ack(sctp, stream_id);
    return CHANNEL_OPENED;
}

static enum channel_event feed_part(struct channel *channel, struct span message)
{
    return buf_append(&channel->partial, message) < 0 ? CHANNEL_BROKEN : CHANNEL_NOTHING;
}

static enum channel_event feed_message(struct channel *channel, struct span message,
                                       struct span *out)
{
    *out = message;
    if (channel->partial.len > 0) {
        if (buf_append(&channel->partial, message) < 0)
            return CHANNEL_BROKEN;
        *out = buf_bytes(&channel->partial);
        channel->is_delivered = true;
    }
    return CHANNEL_MESSAGE;
}

enum channel_event channel_feed(struct channel *channel, uint32_t ppid, struct span message,
                                struct span *out)
{
    if (channel->is_delivered) {
        buf_clear(&channel->partial);
        channel->is_delivered = false;
    }
    switch (ppid) {
    case PPID_STRING:
    case PPID_BINARY:
        return feed_message(channel, message, out);
    case PPID_STRING_EMPTY:
    case PPID_BINARY_EMPTY:
        *out = (struct span){0};
        return CHANNEL_MESSAGE;
    case PPID_BINARY_PARTIAL:
    case PPID_STRING_PARTIAL:
        return feed_part(channel, message);
    default:
        return CHANNEL_NOTHING;
    }
}

int channel_send(struct channel *channel, struct sctp_assoc *sctp, struct span head,
                 struct span body)
{
    static const uint8_t zero[1] = {0};
    if (head.len == 0 && body.len == 0)
        return send_message(sctp, channel->stream_id, PPID_BINARY_EMPTY, span_of(zero, sizeof zero),
                            (struct span){0});
    return send_message(sctp, channel->stream_id, PPID_BINARY, head, body);
}

size_t channel_unsent(const struct sctp_assoc *sctp, uint16_t stream_id)
{
    return sctp_assoc_unsent(sctp, stream_id, PPID_BINARY);
}
