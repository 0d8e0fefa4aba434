/*
 * The state says who listens to the connection:
 *
 *   CONNECTING --open--> SHAKING --101--> OPEN ------> CLOSED
 *       |                   |               |            ^
 *       +-------------------+---------------+--on_close--+
 *
 * One timer: up to OPEN it is the patience with the server, in two parts, from
 * then on it comes at each ping. A server that accepts TCP and then says
 * nothing, that answers something else than WebSocket, or that vanishes, ends
 * in on_close with a sentence that says so.
 */
#include "signal/client.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bucket.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/parse.h"
#include "net/interfaces.h"
#include "net/wake_watch.h"
#include "net/websocket.h"
#include "signal/handshake.h"

enum {
    /* An answer's head; a server that sends more is none of ours. Small,
     * because it is parsed anew with each piece that comes. */
    HEAD_MAX = 16 << 10,

    /* A server adds the sender's id to what has SIGNAL_MESSAGE_MAX at most. */
    MESSAGE_MAX = SIGNAL_MESSAGE_MAX + 1024,

    /* What we may owe a server that does not read; more is given up. */
    QUEUE_MAX = 1 << 20,

    TEXT_MAX = 512
};

#define TLS_ALERT "\x15" /* the first byte of one: RFC 8446 section 5.1 */

/* The part of the patience behind which a server is slow. */
static uint64_t slow_us(uint64_t open_us)
{
    return open_us / (SIGNAL_CLIENT_OPEN_US / SIGNAL_CLIENT_SLOW_US);
}

enum client_state { CLIENT_CONNECTING, CLIENT_SHAKING, CLIENT_OPEN, CLIENT_CLOSED };

struct signal_client {
    struct loop *loop;
    const struct signal_client_handlers *handlers;
    void *arg;
    enum client_state state;
    char *authority;
    char *path;
    char *room;
    char *room_key;       /* or NULL */
    enum signal_job job;  /* that the join says */
    bool is_shared;       /* the room, by the server */
    struct conn *conn;    /* until OPEN */
    struct websocket *ws; /* from OPEN on */
    struct buf head;
    char key[WEBSOCKET_KEY_LEN + 1];
    struct timer *timer;
    uint64_t open_us;
    uint64_t ping_us;
    uint64_t silence_us;
    bool is_slow; /* more than SIGNAL_CLIENT_SLOW_US, and not OPEN yet */
    uint64_t heard_at_us;
    uint64_t probe_us;
    uint64_t probes;          /* sent; each carries its number */
    uint64_t probes_answered; /* the highest number that came back */
    struct wake_watch *wake;
    struct bucket bucket; /* of messages that the server may send */
    bool is_freed;
};

/* A busy server may answer yet. */
static void client_wait_on(struct signal_client *client)
{
    bool is_connected = client->state == CLIENT_SHAKING;
    char *text = xasprintf("the signal server at %s %s", client->authority,
                           is_connected ? "accepts the connection, but does not answer yet"
                                        : "does not answer yet");
    client->is_slow = true;
    timer_start_in(client->timer, client->open_us - slow_us(client->open_us));
    if (client->handlers->on_slow)
        client->handlers->on_slow(text, client->arg);
    free(text);
}

/* Ends the visit from our side. format continues "the signal server at X". */
__attribute__((format(printf, 2, 3))) static void client_lose(struct signal_client *client,
                                                              const char *format, ...)
{
    if (client->state == CLIENT_CLOSED)
        return;
    client->state = CLIENT_CLOSED;
    timer_stop(client->timer);
    char what[TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    char *text = xasprintf("the signal server at %s %s", client->authority, what);
    if (client->handlers->on_close)
        client->handlers->on_close(text, client->arg);
    free(text);
}

static void client_send(struct signal_client *client, const struct signal_message *message)
{
    if (client->state != CLIENT_OPEN)
        return;
    char *text = signal_message_encode(message);
    websocket_send(client->ws, span_from_string(text));
    free(text);
}

/* --- the WebSocket -------------------------------------------------------- */

static void on_ws_message(struct span text, void *arg)
{
    struct signal_client *client = arg;
    if (client->state != CLIENT_OPEN)
        return;
    unsigned factor = client->is_shared ? SIGNAL_CLIENT_SHARED_FACTOR : 1;
    if (!bucket_take(&client->bucket, factor * SIGNAL_CLIENT_MESSAGES_PER_S,
                     factor * SIGNAL_CLIENT_MESSAGES_BURST, clock_now_us())) {
        client_lose(client, "sends too many messages; given up");
        return;
    }
    struct signal_message message;
    int error = signal_message_decode(text, &message);
    if (error < 0) {
        log_warn("signal server: a message of %zu bytes is malformed; dropped", text.len);
        return;
    }
    if (message.type == SIGNAL_JOINED)
        client->is_shared = message.is_shared;
    client->handlers->on_message(&message, client->arg);
    signal_message_deinit(&message);
}

static void on_ws_alive(void *arg)
{
    ((struct signal_client *)arg)->heard_at_us = clock_now_us();
}

/* That anything else comes does not show that the server hears us. */
static void on_ws_pong(struct span payload, void *arg)
{
    struct signal_client *client = arg;
    if (client->state != CLIENT_OPEN || payload.len != sizeof(uint64_t))
        return;
    uint64_t number = get_u64be(payload.data);
    if (number <= client->probes_answered || number > client->probes)
        return;
    client->probes_answered = number;
    timer_start_in(client->timer, number < client->probes ? client->probe_us : client->ping_us);
}

static void on_ws_close(const struct websocket_end *end, void *arg)
{
    struct signal_client *client = arg;
    const char *reason = *end->reason ? end->reason : websocket_code_text(end->code);
    if (end->by == WEBSOCKET_BY_NOBODY)
        client_lose(client, "is gone: %s", reason);
    else if (end->by == WEBSOCKET_BY_US)
        client_lose(client, "breaks the rules: %s; we closed the connection (%d)", reason,
                    end->code);
    else if (end->code == WEBSOCKET_GOING_AWAY)
        client_lose(client, "is going away%s%s", *end->reason ? ": " : "", end->reason);
    else
        client_lose(client, "closed the connection: %s (%d)", reason, end->code);
}

static void client_open(struct signal_client *client, struct span early)
{
    static const struct websocket_handlers handlers = {
        .on_message = on_ws_message,
        .on_alive = on_ws_alive,
        .on_close = on_ws_close,
        .on_pong = on_ws_pong,
    };
    client->state = CLIENT_OPEN;
    client->heard_at_us = clock_now_us();
    client->ws = websocket_new(client->loop, client->conn, WEBSOCKET_CLIENT, MESSAGE_MAX, early,
                               &handlers, client);
    client->conn = NULL;
    timer_start_in(client->timer, client->ping_us);
    const struct signal_message join = {.type = SIGNAL_JOIN,
                                        .room = client->room,
                                        .key = client->room_key,
                                        .job = client->job};
    client_send(client, &join);
    if (client->handlers->on_open)
        client->handlers->on_open(client->arg);
}

/* --- the handshake -------------------------------------------------------- */

static void on_conn_open(void *arg)
{
    struct signal_client *client = arg;
    struct buf request;
    buf_init(&request, HEAD_MAX + HTTP_TARGET_MAX);
    websocket_make_key(client->key);
    client->state = CLIENT_SHAKING;
    if (handshake_write_request(&request, client->path, client->authority, client->key) < 0)
        client_lose(client, "has a URL that cannot be sent");
    else
        conn_write(client->conn, buf_bytes(&request));
    buf_deinit(&request);
}

static void client_explain(struct signal_client *client, const struct http_response *response)
{
    char *text = handshake_explain(response);
    client_lose(client, "%s", text);
    free(text);
}

static void on_conn_data(struct span bytes, void *arg)
{
    struct signal_client *client = arg;
    if (client->state != CLIENT_SHAKING)
        return;
    struct http_response response;
    struct http_field fields[HTTP_FIELDS_MAX];
    int error = buf_append(&client->head, bytes);
    assert(error == 0); /* there is room for one read behind an incomplete head */
    (void)error;
    ssize_t len = http_parse_response(buf_bytes(&client->head), &response, fields);
    if (len == 0 && client->head.len <= HEAD_MAX)
        return;
    if (len == 0 || len > HEAD_MAX)
        len = HTTP_HEAD_TOO_LARGE;
    if (len < 0 && span_starts_with(buf_bytes(&client->head), TLS_ALERT))
        client_lose(client, "speaks TLS at that port: wss://, not ws://");
    else if (len < 0)
        client_lose(client, "does not speak HTTP, let alone WebSocket");
    else if (response.status != 101)
        client_explain(client, &response);
    else if (!handshake_is_accepted(&response, client->key))
        client_lose(client, "answered the WebSocket handshake wrongly");
    else
        client_open(client, span_skip(buf_bytes(&client->head), (size_t)len));
    if (!client->is_freed)
        buf_deinit(&client->head);
}

static void on_conn_end(void *arg)
{
    client_lose(arg, "ended the connection instead of answering");
}

static void on_conn_close(int error, const char *text, void *arg)
{
    (void)error;
    struct signal_client *client = arg;
    if (client->state == CLIENT_CONNECTING)
        client_lose(client, "cannot be reached: %s", text);
    else
        client_lose(client, "ended the connection instead of answering: %s", text);
}

static void on_timer(void *arg)
{
    struct signal_client *client = arg;
    uint64_t silent_us = clock_now_us() - client->heard_at_us;
    if (client->state < CLIENT_OPEN && !client->is_slow) {
        client_wait_on(client);
    } else if (client->state == CLIENT_CONNECTING) {
        client_lose(client, "cannot be reached: timed out");
    } else if (client->state == CLIENT_SHAKING) {
        client_lose(client, "accepted the connection but did not answer in time");
    } else if (client->probes > client->probes_answered ||
               silent_us >= client->silence_us - client->ping_us) {
        /* At the next ping it would be over the time. */
        client_lose(client, "is silent; given up");
    } else if (websocket_queued(client->ws) > QUEUE_MAX) {
        client_lose(client, "does not read; given up");
    } else {
        websocket_ping(client->ws, (struct span){0});
        timer_start_in(client->timer, client->ping_us);
    }
}

/* What it says now may be from before, and it may have given us up. */
static void on_wake(uint64_t since_us, void *arg)
{
    (void)since_us;
    signal_client_probe(arg);
}

/* --- the client ----------------------------------------------------------- */

struct signal_client *signal_client_new(struct loop *loop, const struct signal_way *way,
                                        const char *room,
                                        const struct signal_client_handlers *handlers, void *arg)
{
    static const struct conn_handlers conn_handlers = {
        .on_open = on_conn_open,
        .on_data = on_conn_data,
        .on_end = on_conn_end,
        .on_close = on_conn_close,
    };
    const struct url *url = way->url;
    const struct conn_target target = {.host = url->host,
                                       .port = url->port,
                                       .tls = url->is_tls ? way->tls : NULL};
    bool leads_out = egress_leads_to(way->egress, url->host, url->port);
    assert(!url->is_tls || way->tls);
    struct signal_client *client = xcalloc(1, sizeof *client);
    client->loop = loop;
    client->handlers = handlers;
    client->arg = arg;
    client->authority = xstrdup(url->authority);
    client->path = xstrdup(url->path);
    client->room = xstrdup(room);
    buf_init(&client->head, HEAD_MAX + CONN_READ_MAX);
    client->timer = timer_new(loop, on_timer, client);
    client->wake = wake_watch_new(loop, on_wake, client);
    signal_client_set_times(client, SIGNAL_CLIENT_OPEN_US, SIGNAL_CLIENT_PING_US,
                            SIGNAL_CLIENT_SILENCE_US, SIGNAL_CLIENT_PROBE_US);
    /* The conn's own patience is never the shorter one. */
    client->conn = conn_connect_through(loop, leads_out ? way->egress : NULL, &target,
                                        2 * SIGNAL_CLIENT_OPEN_US, &conn_handlers, client);
    return client;
}

void signal_client_set_times(struct signal_client *client, uint64_t open_us, uint64_t ping_us,
                             uint64_t silence_us, uint64_t probe_us)
{
    assert(silence_us >= 2 * ping_us);
    client->ping_us = ping_us;
    client->silence_us = silence_us;
    client->probe_us = probe_us;
    client->open_us = open_us;
    timer_start_in(client->timer, slow_us(open_us));
}

void signal_client_set_key(struct signal_client *client, const char *key)
{
    client->room_key = xstrdup(key);
}

void signal_client_set_job(struct signal_client *client, enum signal_job job)
{
    client->job = job;
}

void signal_client_probe(struct signal_client *client)
{
    uint8_t number[sizeof(uint64_t)];
    if (client->state != CLIENT_OPEN)
        return;
    bool is_first = client->probes == client->probes_answered;
    put_u64be(number, ++client->probes);
    websocket_ping(client->ws, span_of(number, sizeof number));
    if (is_first)
        timer_start_in(client->timer, client->probe_us);
}

bool signal_client_has_address(const struct signal_client *client)
{
    const struct conn *conn = client->ws ? websocket_conn(client->ws) : client->conn;
    struct address local = {0};
    struct address server = {0};
    if (conn) {
        conn_local_address(conn, &local);
        conn_peer_address(conn, &server);
    }
    if (local.len == 0 || server.len == 0)
        return true;
    return address_is_ours(&local) && address_is_source(&local, &server);
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

static void client_destroy(void *arg)
{
    struct signal_client *client = arg;
    buf_deinit(&client->head);
    free(client->authority);
    free(client->path);
    free_secret_string(client->room);
    free_secret_string(client->room_key);
    free(client);
}

void signal_client_close(struct signal_client *client)
{
    client_send(client, &(struct signal_message){.type = SIGNAL_BYE});
    client->state = CLIENT_CLOSED;
    client->is_freed = true;
    timer_free(client->timer);
    wake_watch_free(client->wake);
    if (client->ws)
        websocket_close(client->ws, WEBSOCKET_NORMAL, "");
    if (client->conn)
        conn_close(client->conn);
    loop_defer(client->loop, client_destroy, client);
}
