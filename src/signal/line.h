/*
 * One WebSocket to a server where others are met: connects, shakes hands, and
 * keeps watch over whether the server lives, until it is gone. What is said
 * over it is its owner's (signal/client.h, signal/tracker.h).
 */
#ifndef SIGNAL_LINE_H
#define SIGNAL_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "http/url.h"
#include "net/egress.h"
#include "net/loop.h"
#include "net/tls.h"

struct signal_line;

/* How a server is reached. */
struct signal_way {
    const struct url *url;        /* ws or wss. Copied */
    const struct tls_client *tls; /* outlives the line; NULL only for ws */
    const struct egress *egress;  /* outlives it too; NULL where there is none */
    bool prefers_ipv4;            /* where the name has addresses of both families */
};

struct signal_line_handlers {
    void (*on_open)(void *arg);
    /* Valid UTF-8, during the call. */
    void (*on_text)(struct span text, void *arg);
    /* It is still not open after SIGNAL_LINE_SLOW_US: text is a sentence that
     * names the server. At most once, and nothing is given up yet. */
    void (*on_slow)(const char *text, void *arg);
    /* A binary message, after signal_line_accept_datagrams(); valid during the
     * call. */
    void (*on_datagram)(struct span bytes, void *arg);
    /* Gone, once: text is a sentence for a person that names the server, as in
     * "the signal server at HOST:PORT cannot be reached: connection refused".
     * signal_line_close() is still the owner's duty. */
    void (*on_close)(const char *text, void *arg);
};

/* what: the server, as in "signal server", static. message_max: bytes of one
 * message of it. *handlers is not copied. */
struct signal_line *signal_line_new(struct loop *loop, const struct signal_way *way,
                                    const char *what, size_t message_max,
                                    const struct signal_line_handlers *handlers, void *arg);

#define SIGNAL_LINE_OPEN_US  (30 * US_PER_S) /* from the start to being open, at most */
#define SIGNAL_LINE_SLOW_US  (5 * US_PER_S)  /* of it, until a person should hear so */
#define SIGNAL_LINE_PROBE_US (5 * US_PER_S)

/* A server from which nothing comes is pinged, and given up when nothing has
 * come for the time of silence: what signal/server.h says of its own goes for
 * these. A server of ours pings earlier, and that will do for both. */
#define SIGNAL_LINE_PING_US    (40 * US_PER_S)
#define SIGNAL_LINE_SILENCE_US (75 * US_PER_S)

/* Other times than those, for tests; right behind signal_line_new(). What is
 * slow stays the same part of open_us. */
void signal_line_set_times(struct signal_line *line, uint64_t open_us, uint64_t ping_us,
                           uint64_t silence_us, uint64_t probe_us);

bool signal_line_is_open(const struct signal_line *line);

/* Dropped when not open. */
void signal_line_send(struct signal_line *line, struct span text);

/* Binary messages are datagrams to us: they may be lost, and must not be late.
 * From now on they are taken. */
void signal_line_accept_datagrams(struct signal_line *line);

/* Dropped when not open, and when those before it have not left for
 * SIGNAL_LINE_DATAGRAM_US: the uplink is slower than their sender thinks. */
void signal_line_send_datagram(struct signal_line *line, struct span bytes);

#define SIGNAL_LINE_DATAGRAM_US (200 * US_PER_MS)

/* There is reason to believe that the server cannot be reached any more:
 * pings, and gives it up when that is not answered in SIGNAL_LINE_PROBE_US.
 * Whatever else comes is no answer: the way there may be dead, and the way back
 * not. */
void signal_line_probe(struct signal_line *line);

/* False when the address from which it is connected is not this machine's any
 * more, or not the one from which this machine would reach the server now (a
 * VPN came up): nothing will ever come back. */
bool signal_line_has_address(const struct signal_line *line);

/* Ends it from our side, with on_close. The text continues "the signal server
 * at X". */
void signal_line_lose(struct signal_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Closes, frees. No handler is called any more. */
void signal_line_close(struct signal_line *line);

#endif
