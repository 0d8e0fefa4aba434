/*
 * The messages of a visit, over a line (signal/line.h) that is its own.
 */
#include "signal/client.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/bucket.h"
#include "base/log.h"

enum {
    /* A server adds the sender's id to what has SIGNAL_MESSAGE_MAX at most. */
    MESSAGE_MAX = SIGNAL_MESSAGE_MAX + 1024,
};

struct signal_client {
    struct loop *loop;
    const struct signal_client_handlers *handlers;
    void *arg;
    struct signal_line *line;
    char *room;
    char *room_key;        /* or NULL */
    enum signal_job job;   /* that the join says */
    bool takes_relay;      /* the same */
    bool is_shared;        /* the room, by the server */
    uint64_t relay_rate;   /* the same; 0: it passes no datagrams on */
    struct timer *renewal; /* of what iceServers said */
    struct bucket bucket;  /* of messages that the server may send */
};

static void client_send(struct signal_client *client, const struct signal_message *message)
{
    if (!signal_line_is_open(client->line))
        return;
    char *text = signal_message_encode(message);
    signal_line_send(client->line, span_from_string(text));
    free(text);
}

/* --- the line ------------------------------------------------------------- */

static void on_open(void *arg)
{
    struct signal_client *client = arg;
    const struct signal_message join = {.type = SIGNAL_JOIN,
                                        .room = client->room,
                                        .key = client->room_key,
                                        .job = client->job,
                                        .takes_relay = client->takes_relay};
    client_send(client, &join);
    if (client->handlers->on_open)
        client->handlers->on_open(client->arg);
}

static void join(struct signal_client *client, const struct signal_message *joined)
{
    client->is_shared = joined->is_shared;
    client->relay_rate = client->takes_relay ? joined->relay_rate : 0;
    if (client->relay_rate > 0)
        signal_line_accept_datagrams(client->line);
}

/* Who restarts ICE needs credentials that are good, whenever that is. */
static void renew_in_time(struct signal_client *client, const struct signal_message *message)
{
    uint64_t lifetime_s = message->ice_lifetime_s;
    if (lifetime_s > SIGNAL_CLIENT_LIFETIME_MAX_S)
        lifetime_s = SIGNAL_CLIENT_LIFETIME_MAX_S;
    if (lifetime_s > 0)
        timer_start_in(client->renewal, lifetime_s * US_PER_S / 2);
}

static void on_renewal(void *arg)
{
    client_send(arg, &(struct signal_message){.type = SIGNAL_ICE_SERVERS});
}

static void on_datagram(struct span bytes, void *arg)
{
    struct signal_client *client = arg;
    struct relay_frame frame;
    if (relay_frame_decode(bytes, &frame))
        client->handlers->on_datagram(&frame, client->arg);
}

static void on_text(struct span text, void *arg)
{
    struct signal_client *client = arg;
    unsigned factor = client->is_shared ? SIGNAL_CLIENT_SHARED_FACTOR : 1;
    if (!bucket_take(&client->bucket, factor * SIGNAL_CLIENT_MESSAGES_PER_S,
                     factor * SIGNAL_CLIENT_MESSAGES_BURST, clock_now_us())) {
        signal_line_lose(client->line, "sends too many messages; given up");
        return;
    }
    struct signal_message message;
    int error = signal_message_decode(text, &message);
    if (error < 0) {
        log_warn("signal server: a message of %zu bytes is malformed; dropped", text.len);
        return;
    }
    if (message.type == SIGNAL_JOINED)
        join(client, &message);
    renew_in_time(client, &message);
    client->handlers->on_message(&message, client->arg);
    signal_message_deinit(&message);
}

static void on_slow(const char *text, void *arg)
{
    struct signal_client *client = arg;
    if (client->handlers->on_slow)
        client->handlers->on_slow(text, client->arg);
}

static void on_close(const char *text, void *arg)
{
    struct signal_client *client = arg;
    if (client->handlers->on_close)
        client->handlers->on_close(text, client->arg);
}

/* --- the client ----------------------------------------------------------- */

struct signal_client *signal_client_new(struct loop *loop, const struct signal_way *way,
                                        const char *room,
                                        const struct signal_client_handlers *handlers, void *arg)
{
    static const struct signal_line_handlers line_handlers = {
        .on_open = on_open,
        .on_text = on_text,
        .on_datagram = on_datagram,
        .on_slow = on_slow,
        .on_close = on_close,
    };
    struct signal_client *client = xcalloc(1, sizeof *client);
    client->loop = loop;
    client->handlers = handlers;
    client->arg = arg;
    client->room = xstrdup(room);
    client->renewal = timer_new(loop, on_renewal, client);
    client->line = signal_line_new(loop, way, "signal server", MESSAGE_MAX, &line_handlers, client);
    return client;
}

void signal_client_set_times(struct signal_client *client, uint64_t open_us, uint64_t ping_us,
                             uint64_t silence_us, uint64_t probe_us)
{
    signal_line_set_times(client->line, open_us, ping_us, silence_us, probe_us);
}

void signal_client_set_key(struct signal_client *client, const char *key)
{
    client->room_key = xstrdup(key);
}

void signal_client_set_job(struct signal_client *client, enum signal_job job)
{
    client->job = job;
}

void signal_client_set_relay(struct signal_client *client, bool takes_relay)
{
    client->takes_relay = takes_relay;
}

void signal_client_probe(struct signal_client *client)
{
    signal_line_probe(client->line);
}

bool signal_client_has_address(const struct signal_client *client)
{
    return signal_line_has_address(client->line);
}

/* The strings are only read. */
static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

static char *to_of(const struct signal_client *client, const char *to)
{
    return client->is_shared && to && *to ? text_of(to) : NULL;
}

void signal_client_send_offer(struct signal_client *client, const char *to, const char *sdp)
{
    client_send(client, &(struct signal_message){.type = SIGNAL_OFFER,
                                                 .to = to_of(client, to),
                                                 .sdp = text_of(sdp)});
}

void signal_client_send_answer(struct signal_client *client, const char *to, const char *sdp)
{
    client_send(client, &(struct signal_message){.type = SIGNAL_ANSWER,
                                                 .to = to_of(client, to),
                                                 .sdp = text_of(sdp)});
}

void signal_client_send_candidate(struct signal_client *client, const char *to,
                                  const char *candidate_json)
{
    client_send(client, &(struct signal_message){.type = SIGNAL_CANDIDATE,
                                                 .to = to_of(client, to),
                                                 .candidate = text_of(candidate_json)});
}

void signal_client_send_misfit(struct signal_client *client, const char *to)
{
    if (client->is_shared)
        client_send(client, &(struct signal_message){.type = SIGNAL_MISFIT, .to = text_of(to)});
}

uint64_t signal_client_relay_rate(const struct signal_client *client)
{
    return signal_line_is_open(client->line) ? client->relay_rate : 0;
}

void signal_client_send_datagram(struct signal_client *client, const struct relay_frame *frame)
{
    uint8_t bytes[RELAY_FRAME_MAX];
    if (signal_client_relay_rate(client) > 0)
        signal_line_send_datagram(client->line, relay_frame_encode(frame, bytes));
}

static void client_destroy(void *arg)
{
    struct signal_client *client = arg;
    free_secret_string(client->room);
    free_secret_string(client->room_key);
    free(client);
}

void signal_client_close(struct signal_client *client)
{
    client_send(client, &(struct signal_message){.type = SIGNAL_BYE});
    signal_line_close(client->line);
    timer_free(client->renewal);
    loop_defer(client->loop, client_destroy, client);
}
