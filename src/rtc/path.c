/*
 * The burst that all paths have in common. It takes datagrams of one length and
 * a shorter last one, since that is what the kernel cuts a burst into; one of
 * another kind makes what waits leave first.
 */
#include "rtc/path.h"

#include <string.h>

/* ---- nobody ---- */

static void ignore_connected(void *arg)
{
    (void)arg;
}

static void ignore_datagram(struct span datagram, void *arg)
{
    (void)datagram;
    (void)arg;
}

static void ignore_change(enum peer_path_state state, bool is_other, void *arg)
{
    (void)state;
    (void)is_other;
    (void)arg;
}

static void ignore_failed(const char *text, void *arg)
{
    (void)text;
    (void)arg;
}

static const struct rtc_path_handlers nobody = {ignore_connected, ignore_datagram, ignore_change,
                                                ignore_failed};

/* ---- for a carrier ---- */

void rtc_path_init(struct rtc_path *path, const struct rtc_path_ops *ops, uint8_t *room)
{
    path->ops = ops;
    path->burst.data = room;
    rtc_path_attach(path, NULL, NULL);
    rtc_path_shut(path);
}

static void clear(struct burst *burst)
{
    burst->len = burst->count = 0;
}

void rtc_path_open(struct rtc_path *path, size_t header_len, size_t alignment)
{
    path->is_open = true;
    path->header_len = header_len;
    path->alignment = alignment;
    clear(&path->burst);
}

void rtc_path_shut(struct rtc_path *path)
{
    path->is_open = false;
    clear(&path->burst);
}

/* ---- for a peer ---- */

void rtc_path_attach(struct rtc_path *path, const struct rtc_path_handlers *handlers, void *arg)
{
    path->handlers = handlers ? handlers : &nobody;
    path->arg = arg;
}

void rtc_path_flush(struct rtc_path *path)
{
    if (path->burst.count == 0)
        return;
    path->ops->send(path, &path->burst);
    clear(&path->burst);
}

/* Whether a datagram may stand behind those that wait. */
static bool fits(const struct burst *burst, size_t len, size_t whole, bool may_fragment)
{
    if (burst->count == 0)
        return true;
    return burst->last_len == burst->datagram_len && len <= burst->datagram_len &&
           burst->may_fragment == may_fragment && burst->count < PATH_BURST_MAX &&
           burst->len + whole <= PATH_BURST_BYTES;
}

uint8_t *rtc_path_queue(struct rtc_path *path, size_t len, bool may_fragment)
{
    struct burst *burst = &path->burst;
    size_t unpadded = path->header_len + len;
    if (!path->is_open)
        return NULL;
    size_t padding = (0 - unpadded) & (path->alignment - 1);
    size_t whole = unpadded + padding;
    if (!fits(burst, len, whole, may_fragment))
        rtc_path_flush(path);
    uint8_t *at = burst->data + burst->len;
    memset(at + unpadded, 0, padding);
    if (burst->count == 0) {
        burst->segment = whole;
        burst->datagram_len = len;
        burst->may_fragment = may_fragment;
    }
    burst->last_len = len;
    burst->len += whole;
    burst->count++;
    return at + path->header_len;
}

size_t rtc_path_datagram_max(const struct rtc_path *path)
{
    return path->is_open ? path->ops->datagram_max(path) : 0;
}

bool rtc_path_describe(const struct rtc_path *path, struct peer_path *out)
{
    return path->ops->describe(path, out);
}

const char *rtc_path_describe_tried(struct rtc_path *path, char out[PEER_TRIED_MAX])
{
    path->ops->describe_tried(path, out);
    return out;
}
