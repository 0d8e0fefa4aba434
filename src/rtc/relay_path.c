/*
 * Nothing of a burst is to be gained here: each datagram is a message.
 */
#include "rtc/relay_path.h"

#include <stddef.h>
#include <stdio.h>

static struct relay_path *relay_of(const struct rtc_path *path)
{
    return (struct relay_path *)(void *)((uintptr_t)path - offsetof(struct relay_path, path));
}

static void send_burst(struct rtc_path *path, struct burst *burst)
{
    struct relay_path *relay = relay_of(path);
    for (size_t i = 0; i < burst->count; i++) {
        size_t len = i + 1 < burst->count ? burst->datagram_len : burst->last_len;
        if (len <= RELAY_PATH_DATAGRAM_MAX)
            relay->send(span_of(burst->data + i * burst->segment, len), relay->arg);
    }
}

static size_t datagram_max(const struct rtc_path *path)
{
    (void)path;
    return RELAY_PATH_DATAGRAM_MAX;
}

static bool describe(const struct rtc_path *path, struct peer_path *out)
{
    if (!path->is_open)
        return false;
    *out = (struct peer_path){.is_relayed = true, .is_last_resort = true};
    snprintf(out->local, sizeof out->local, "signal");
    snprintf(out->remote, sizeof out->remote, "signal");
    return true;
}

static void describe_tried(struct rtc_path *path, char out[PEER_TRIED_MAX])
{
    (void)path;
    out[0] = '\0';
}

void relay_path_init(struct relay_path *relay, uint8_t *room,
                     void (*send)(struct span datagram, void *arg), void *arg)
{
    static const struct rtc_path_ops ops = {
        .send = send_burst,
        .datagram_max = datagram_max,
        .describe = describe,
        .describe_tried = describe_tried,
    };
    relay->send = send;
    relay->arg = arg;
    rtc_path_init(&relay->path, &ops, room);
}
