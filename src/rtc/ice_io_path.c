/*
 * A path by ICE: bursts go to where the agent's route leads, and the route is
 * described.
 */
#include <stddef.h>
#include <stdio.h>

#include "ice/turn_frame.h"
#include "net/udp.h"
#include "rtc/ice_address.h"
#include "rtc/ice_io_internal.h"

enum { ETHERNET_DATAGRAM_MAX = 1500 - 28 };

static struct ice_io *io_of(const struct rtc_path *path)
{
    return (struct ice_io *)(void *)((uintptr_t)path - offsetof(struct ice_io, path));
}

/* What a relay wants before each datagram. */
static void put_headers(struct burst *burst, uint16_t channel)
{
    for (size_t i = 0; i < burst->count; i++) {
        size_t len = i + 1 < burst->count ? burst->datagram_len : burst->last_len;
        turn_channel_encode(channel, (uint16_t)len, burst->data + i * burst->segment);
    }
}

static void send_burst(struct rtc_path *path, struct burst *burst)
{
    struct ice_io *io = io_of(path);
    const struct ice_route *route = ice_agent_route(io->agent);
    if (route->channel)
        put_headers(burst, route->channel);
    ice_sockets_send_burst(&io->sockets, route, &io->route_to, burst);
}

static size_t datagram_max(const struct rtc_path *path)
{
    const struct ice_io *io = io_of(path);
    /* Of the way from a relay on we know nothing. */
    if (ice_agent_route(io->agent)->is_stream)
        return ETHERNET_DATAGRAM_MAX;
    return udp_route_max(&io->route_to) - path->header_len;
}

static void describe_end(enum ice_candidate_type type, const struct ice_address *address, char *out,
                         size_t size)
{
    char text[ICE_ADDRESS_TEXT_LEN];
    snprintf(out, size, "%s %s", ice_candidate_type_name(type), ice_address_format(address, text));
}

static bool describe(const struct rtc_path *path, struct peer_path *out)
{
    struct ice_path found;
    if (!ice_agent_path(io_of(path)->agent, &found))
        return false;
    describe_end(found.local_type, &found.local, out->local, sizeof out->local);
    describe_end(found.remote_type, &found.remote, out->remote, sizeof out->remote);
    out->is_relayed = found.is_relayed;
    out->rtt_us = found.rtt_us;
    return true;
}

static void describe_tried(struct rtc_path *path, char out[PEER_TRIED_MAX])
{
    _Static_assert((int)PEER_TRIED_MAX >= (int)ICE_REPORT_MAX, "it holds the report");
    ice_agent_report(io_of(path)->agent, out);
}

const struct rtc_path_ops ice_io_path_ops = {
    .send = send_burst,
    .datagram_max = datagram_max,
    .describe = describe,
    .describe_tried = describe_tried,
};

struct rtc_path *ice_io_path(struct ice_io *io)
{
    return &io->path;
}
