/*
 * What comes in, told apart by its first byte (RFC 7983). Application data on
 * the path in use is found with two comparisons and no search; from elsewhere
 * it counts when it comes from a candidate that the other side has, since DTLS
 * must not be bothered by strangers. Such a one is also who checked us before
 * signalling brought its credentials: a check needs our password, and who had
 * an answer may send at once (libdatachannel begins DTLS before its answer).
 */
#include <errno.h>

#include "ice/agent_internal.h"
#include "ice/turn_frame.h"

static void receive_stun(struct ice_agent *a, int base, int local, const struct ice_address *source,
                         struct span bytes, uint64_t now_us)
{
    struct stun_message m;
    if (stun_decode(bytes, &m) != (int)bytes.len || !stun_check_fingerprint(&m) ||
        m.method != STUN_BINDING)
        return;
    if (m.class == STUN_REQUEST) {
        bool is_hidden = a->config.is_relay_only && a->locals[local]->relay < 0;
        if (!is_hidden)
            request_receive(a, local, source, &m, now_us);
    } else if (m.class != STUN_INDICATION && !gather_on_answer(a, base, &m, now_us)) {
        check_on_answer(a, local, source, &m, now_us);
    }
    agent_finish(a, now_us);
}

static bool is_peer(const struct ice_agent *a, const struct ice_address *remote)
{
    return remote_find(a->now, remote) >= 0 || (a->old && remote_find(a->old, remote) >= 0) ||
           early_checks_has(&a->now->early, remote);
}

/* Data that did not come by the route in use: from the other side all the
 * same? If so, and we still use the path before a restart, it does not. */
static bool accept_data(struct ice_agent *a, const struct ice_address *remote, uint64_t now_us)
{
    if (!is_peer(a, remote))
        return false;
    if (a->selected && a->selected == a->old_pair && !a->is_old_left &&
        !ice_address_is_equal(remote, pair_remote(a->old, a->old_pair))) {
        a->is_old_left = true;
        agent_finish(a, now_us);
    }
    return true;
}

static bool receive_relayed(struct ice_agent *a, struct ice_relay *relay, struct span frame,
                            uint64_t now_us, struct span *data)
{
    struct ice_address peer;
    struct span inner;
    if (!turn_client_feed(relay->client, frame, now_us, &peer, &inner)) {
        agent_finish(a, now_us);
        return false;
    }
    switch (ice_packet_class(inner)) {
    case ICE_PACKET_DTLS:
        *data = inner;
        return accept_data(a, &peer, now_us);
    case ICE_PACKET_STUN: {
        int local = local_find_relayed(a, relay->index);
        if (local >= 0)
            receive_stun(a, relay->base, local, &peer, inner, now_us);
        return false;
    }
    case ICE_PACKET_CHANNEL:
    case ICE_PACKET_OTHER:
        break;
    }
    return false;
}

/* Data on the route in use; nothing else needs to be quick. */
static bool is_on_route(struct ice_agent *a, int base, const struct ice_address *remote)
{
    return a->has_route && base == a->route.base && ice_address_is_equal(remote, &a->route.remote);
}

bool ice_agent_receive(struct ice_agent *a, int base, const struct ice_address *remote,
                       struct span datagram, uint64_t now_us, struct span *data)
{
    enum ice_packet class = ice_packet_class(datagram);
    uint16_t channel;
    if (is_on_route(a, base, remote)) {
        bool is_data = class == ICE_PACKET_DTLS && !a->route.channel;
        *data = datagram;
        if (class == ICE_PACKET_CHANNEL && a->route.channel)
            is_data = turn_channel_decode(datagram, &channel, data) > 0 &&
                      channel == a->route.channel && ice_packet_class(*data) == ICE_PACKET_DTLS;
        if (is_data) {
            a->data_us = now_us;
            return true;
        }
    }
    if (!agent_has_base(a, base, false))
        return false;
    a->clock_us = now_us;
    struct ice_relay *relay = relay_find(a, base, remote);
    struct stun_message m;
    /* A server may be STUN and TURN at one address: its answers to Binding
     * requests are not the TURN client's. */
    bool is_binding =
        class == ICE_PACKET_STUN && stun_decode(datagram, &m) > 0 && m.method == STUN_BINDING;
    if (relay && !is_binding)
        return receive_relayed(a, relay, datagram, now_us, data);
    if (class == ICE_PACKET_STUN) {
        int local = local_find_host(a, base);
        if (local >= 0)
            receive_stun(a, base, local, remote, datagram, now_us);
        return false;
    }
    *data = datagram;
    return class == ICE_PACKET_DTLS && !a->config.is_relay_only && accept_data(a, remote, now_us);
}

/* The frame at the front of what has come: its length, 0 or -EINVAL as
 * turn_stream_decode(). Takes from *bytes what it needs. */
static int next_frame(struct ice_base *b, struct span *bytes, struct span *frame)
{
    for (;;) {
        int len = turn_stream_decode(buf_bytes(&b->stream), frame);
        size_t room = buf_room(&b->stream);
        size_t take = bytes->len < room ? bytes->len : room;
        if (len != 0 || take == 0)
            return len;
        buf_append(&b->stream, span_of(bytes->data, take));
        *bytes = span_skip(*bytes, take);
    }
}

int ice_agent_receive_stream(struct ice_agent *a, int base, struct span *bytes, uint64_t now_us,
                             struct span *data)
{
    struct span frame;
    int len = 0;
    if (!agent_has_base(a, base, true))
        return 0;
    struct ice_base *b = a->bases[base];
    struct ice_relay *relay = &a->relays[b->relay];
    uint64_t serial = b->serial;
    a->clock_us = now_us;
    buf_consume(&b->stream, b->handed_out);
    b->handed_out = 0;
    while ((len = next_frame(b, bytes, &frame)) > 0) {
        if (receive_relayed(a, relay, frame, now_us, data)) {
            if (a->has_route && a->route.base == base)
                a->data_us = now_us;
            b->handed_out = (size_t)len;
            return 1;
        }
        if (!b->is_used || b->serial != serial)
            return 0; /* the client failed or was sent elsewhere */
        buf_consume(&b->stream, (size_t)len);
    }
    if (len < 0) {
        turn_client_stop(relay->client); /* while it may still hear of it */
        relay_on_close(a, base, "the server talks nonsense");
        a->handlers.on_close_base(a->arg, base);
        agent_finish(a, now_us);
    }
    return len;
}
