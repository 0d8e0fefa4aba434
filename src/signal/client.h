/*
 * One visit to a signal server: connect, join a room, exchange messages until
 * bye or until the connection is gone. Coming back after a loss is the
 * owner's decision (tunnel/keeper).
 */
#ifndef SIGNAL_CLIENT_H
#define SIGNAL_CLIENT_H

#include <stdbool.h>

#include "signal/line.h"
#include "signal/message.h"
#include "signal/relay_frame.h"

struct signal_client;

enum {
    /* Messages a second of the server, on average, and at once; over it, it is
     * given up. A new negotiation for each of them would take our memory and
     * time. The other peer may send half as many (SIGNAL_MESSAGES_PER_S). */
    SIGNAL_CLIENT_MESSAGES_PER_S = 40,
    SIGNAL_CLIENT_MESSAGES_BURST = 400,

    /* Credentials that live longer are renewed as if they lived so long. */
    SIGNAL_CLIENT_LIFETIME_MAX_S = 7 * 24 * 60 * 60,

    /* So many times that in a shared room, where many may come at once. */
    SIGNAL_CLIENT_SHARED_FACTOR = 16,
};

struct signal_client_handlers {
    /* The WebSocket is open and the join is on its way. May be NULL. */
    void (*on_open)(void *arg);
    /* Any message of the server but malformed ones, which are logged and
     * dropped. Valid during the call. */
    void (*on_message)(const struct signal_message *message, void *arg);
    /* It is still not open after SIGNAL_CLIENT_SLOW_US: text is a sentence that
     * names the server. At most once, and nothing is given up yet. May be
     * NULL. */
    void (*on_slow)(const char *text, void *arg);
    /* A datagram that the server passes on, after signal_client_set_relay();
     * valid during the call. */
    void (*on_datagram)(const struct relay_frame *frame, void *arg);
    /* Gone, once: text is a sentence for a person that names the server, as
     * in "cannot reach the signal server at HOST:PORT: connection refused".
     * signal_client_close() is still the owner's duty. */
    void (*on_close)(const char *text, void *arg);
};

/* Connects and joins room, which is copied; *handlers is not. */
struct signal_client *signal_client_new(struct loop *loop, const struct signal_way *way,
                                        const char *room,
                                        const struct signal_client_handlers *handlers, void *arg);

/* Of its line. */
#define SIGNAL_CLIENT_OPEN_US    SIGNAL_LINE_OPEN_US
#define SIGNAL_CLIENT_SLOW_US    SIGNAL_LINE_SLOW_US
#define SIGNAL_CLIENT_PING_US    SIGNAL_LINE_PING_US
#define SIGNAL_CLIENT_SILENCE_US SIGNAL_LINE_SILENCE_US
#define SIGNAL_CLIENT_PROBE_US   SIGNAL_LINE_PROBE_US

/* Other times than those, for tests; right behind signal_client_new(). What is
 * slow stays the same part of open_us. */
void signal_client_set_times(struct signal_client *client, uint64_t open_us, uint64_t ping_us,
                             uint64_t silence_us, uint64_t probe_us);

/* The join carries the key: a visit with the same one takes over the place of
 * the one before, also while the server believes that to be alive. Right
 * behind signal_client_new(). Copied. */
void signal_client_set_key(struct signal_client *client, const char *key);

/* The join says that we share the room with others of our job: see
 * docs/PROTOCOL.md. Right behind signal_client_new(). */
void signal_client_set_job(struct signal_client *client, enum signal_job job);

/* The join says whether the server is to pass on datagrams for us. Right behind
 * signal_client_new(). */
void signal_client_set_relay(struct signal_client *client, bool takes_relay);

/* See signal/line.h. */
void signal_client_probe(struct signal_client *client);
bool signal_client_has_address(const struct signal_client *client);

/* Strings are copied. to: a member of the room; left out where the server has
 * not said that the room is shared. Dropped when not open. */
void signal_client_send_offer(struct signal_client *client, const char *to, const char *sdp);
void signal_client_send_answer(struct signal_client *client, const char *to, const char *sdp);
void signal_client_send_candidate(struct signal_client *client, const char *to,
                                  const char *candidate_json);

/* That member is of no use to us, since it does the same job. Only where the
 * room is shared. */
void signal_client_send_misfit(struct signal_client *client, const char *to);

/* Bits a second of datagrams that the server passes on for us; 0: it does not,
 * or has not let us in. */
uint64_t signal_client_relay_rate(const struct signal_client *client);

/* To that member, with the tag of the session at its end. Dropped where the
 * server passes none on; and see signal_line_send_datagram(). */
void signal_client_send_datagram(struct signal_client *client, const struct relay_frame *frame);

/* Says bye where it can, closes, frees. No handler is called any more. */
void signal_client_close(struct signal_client *client);

#endif
