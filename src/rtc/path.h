/*
 * A path: how the datagrams of a peer get to the other side, and theirs to us.
 * DTLS and SCTP know no more of it than this. ICE is one (rtc/ice_io.h),
 * the relay of last resort is another (rtc/relay_path.h); whatever else can
 * carry datagrams is one too, by embedding a struct rtc_path and giving it
 * operations.
 *
 *   peer                                   carrier
 *                                      ◄── rtc_path_open(), on_connected()
 *   rtc_path_queue()*, rtc_path_flush() ──► ops->send() of the whole burst
 *                                      ◄── on_datagram()*
 *                                      ◄── rtc_path_open() again, on_change()
 *
 * Outgoing datagrams are written where they leave from. However many there
 * are in a burst, it costs one call of an operation.
 */
#ifndef RTC_PATH_H
#define RTC_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* How the two ends reach each other, for a person to read. */
struct peer_path {
    char local[80];  /* "host 192.168.1.5:40112" */
    char remote[80]; /* "srflx 203.0.113.9:51820" */
    bool is_relayed;
    bool is_last_resort; /* by the signal server (rtc/relay_path.h); the two say nothing then */
    uint64_t rtt_us;     /* as last measured; 0: not yet */
};

/* What has become of a path that once worked. */
enum peer_path_state {
    PEER_PATH_WORKS,
    PEER_PATH_SILENT,  /* nobody answers on it, for some seconds now */
    PEER_PATH_RELAYED, /* the same, or it is lost, but the relay of last resort works */
    PEER_PATH_LOST     /* there is none */
};

enum {
    PEER_TRIED_MAX = 768,    /* the text of rtc_path_describe_tried() */
    PATH_BURST_MAX = 64,     /* datagrams: no more go in one system call */
    PATH_BURST_BYTES = 65000 /* nor more bytes */
};

struct rtc_path_handlers {
    /* Datagrams may be sent. Once, in a turn of its own. */
    void (*on_connected)(void *arg);
    void (*on_datagram)(struct span datagram, void *arg);
    /* After on_connected: what has become of the path, or that another one is
     * used now (is_other). In a turn of its own. */
    void (*on_change)(enum peer_path_state state, bool is_other, void *arg);
    /* There will be none, unless ICE is restarted: text says what was tried and
     * why it failed, and is valid until the handler returns, even if that
     * closes the path. Never after on_connected. In a turn of its own. */
    void (*on_failed)(const char *text, void *arg);
};

/* Datagrams that wait for rtc_path_flush(), next to each other as udp_send()
 * wants them. Each stands behind the carrier's header, which send() has to fill
 * in, and before its padding, which is zeros. */
struct burst {
    uint8_t *data;       /* PATH_BURST_BYTES, free between two bursts */
    size_t len;          /* of data */
    size_t segment;      /* bytes from one datagram's header to the next's */
    size_t count;        /* of datagrams */
    size_t datagram_len; /* of each but the last, without header and padding */
    size_t last_len;     /* the same or less: nothing may follow then */
    bool may_fragment;   /* all of them, or none */
};

struct rtc_path;

struct rtc_path_ops {
    /* Sends all of the burst, which is not empty. What the carrier has no room
     * for is lost, as on any path. */
    void (*send)(struct rtc_path *path, struct burst *burst);
    /* As rtc_path_datagram_max(), while it is open. */
    size_t (*datagram_max)(const struct rtc_path *path);
    bool (*describe)(const struct rtc_path *path, struct peer_path *out);
    void (*describe_tried)(struct rtc_path *path, char out[PEER_TRIED_MAX]);
};

/* Embedded in its carrier, who reads handlers and arg only. */
struct rtc_path {
    const struct rtc_path_ops *ops;
    const struct rtc_path_handlers *handlers;
    void *arg;
    bool is_open;
    size_t header_len;
    size_t alignment;
    struct burst burst;
};

/* ---- for a carrier ---- */

/* Not open, and nobody listens: handlers that do nothing. room: where bursts
 * are put together, PATH_BURST_BYTES that paths may share. */
void rtc_path_init(struct rtc_path *path, const struct rtc_path_ops *ops, uint8_t *room);

/* From now on datagrams may be queued, each behind header_len bytes and padded
 * to a multiple of alignment, a power of two. What waits belongs to the way
 * before, and is lost. */
void rtc_path_open(struct rtc_path *path, size_t header_len, size_t alignment);

/* There is no way now. What waits is lost. */
void rtc_path_shut(struct rtc_path *path);

/* ---- for a peer ---- */

/* Who hears of it from now on; handlers NULL: nobody. */
void rtc_path_attach(struct rtc_path *path, const struct rtc_path_handlers *handlers, void *arg);

/* Queues a datagram of len bytes for the path as it is now, and returns where
 * the caller is to write it, before any other call; NULL where it is not open.
 * A full queue leaves first. may_fragment: it may be larger than the path takes
 * whole. */
uint8_t *rtc_path_queue(struct rtc_path *path, size_t len, bool may_fragment);

/* Sends what is queued. */
void rtc_path_flush(struct rtc_path *path);

/* The largest datagram that the path takes as far as this machine knows; 0
 * where it is not open. */
size_t rtc_path_datagram_max(const struct rtc_path *path);

/* False before on_connected. */
bool rtc_path_describe(const struct rtc_path *path, struct peer_path *out);

/* What was tried and how it went, for a person to read. Returns out. */
const char *rtc_path_describe_tried(struct rtc_path *path, char out[PEER_TRIED_MAX]);

#endif
