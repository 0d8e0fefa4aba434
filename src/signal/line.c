/*
 * The state says who listens to the connection:
 *
 *   CONNECTING --open--> SHAKING --101--> OPEN ------> CLOSED
 *       |                   |               |            ^
 *       +-------------------+---------------+--on_close--+
 *
 * One timer: up to OPEN it is the patience with the server, in two parts, from
 * then on with its silence, up to a ping and behind it. A server that accepts
 * TCP and then says nothing, that answers something else than WebSocket, or
 * that vanishes, ends in on_close with a sentence that says so.
 */
#include "signal/line.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "http/parse.h"
#include "net/interfaces.h"
#include "net/wake_watch.h"
#include "net/websocket.h"
#include "signal/handshake.h"

enum {
    /* An answer's head; a server that sends more is none of ours. Small,
     * because it is parsed anew with each piece that comes. */
    HEAD_MAX = 16 << 10,

    /* What we may owe a server that does not read; more is given up. */
    QUEUE_MAX = 1 << 20,

    /* Of datagrams, that the kernel is to hold beyond what is on its way: what
     * waits there nobody can drop. */
    UNSENT_MAX = 32 << 10,

    TEXT_MAX = 512
};

#define TLS_ALERT "\x15" /* the first byte of one: RFC 8446 section 5.1 */

/* The part of the patience behind which a server is slow. */
static uint64_t slow_us(uint64_t open_us)
{
    return open_us / (SIGNAL_LINE_OPEN_US / SIGNAL_LINE_SLOW_US);
}

enum line_state { LINE_CONNECTING, LINE_SHAKING, LINE_OPEN, LINE_CLOSED };

struct signal_line {
    struct loop *loop;
    const struct signal_line_handlers *handlers;
    void *arg;
    enum line_state state;
    const char *what;
    size_t message_max;
    char *authority;
    uint16_t default_port; /* of the scheme, where authority has none; else, or by a proxy: 0 */
    char *path;
    struct conn *conn;    /* until OPEN */
    struct websocket *ws; /* from OPEN on */
    struct buf head;
    char key[WEBSOCKET_KEY_LEN + 1];
    struct timer *timer;
    uint64_t open_us;
    uint64_t ping_us;
    uint64_t silence_us;
    bool is_slow; /* more than SIGNAL_LINE_SLOW_US, and not OPEN yet */
    uint64_t heard_at_us;
    uint64_t probe_us;
    uint64_t probes;          /* sent; each carries its number */
    uint64_t probes_answered; /* the highest number that came back */
    uint64_t drained_us;      /* when a datagram has last found the queue empty */
    struct wake_watch *wake;
    bool is_freed;
};

/* A busy server may answer yet. */
static void line_wait_on(struct signal_line *line)
{
    bool is_connected = line->state == LINE_SHAKING;
    char *text = xasprintf("the %s at %s %s", line->what, line->authority,
                           is_connected ? "accepts the connection, but does not answer yet"
                                        : "does not answer yet");
    line->is_slow = true;
    timer_start_in(line->timer, line->open_us - slow_us(line->open_us));
    line->handlers->on_slow(text, line->arg);
    free(text);
}

void signal_line_lose(struct signal_line *line, const char *format, ...)
{
    if (line->state == LINE_CLOSED)
        return;
    line->state = LINE_CLOSED;
    timer_stop(line->timer);
    char what[TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    char *text = xasprintf("the %s at %s %s", line->what, line->authority, what);
    line->handlers->on_close(text, line->arg);
    free(text);
}

/* --- the WebSocket -------------------------------------------------------- */

static void on_ws_message(struct span text, void *arg)
{
    struct signal_line *line = arg;
    if (line->state == LINE_OPEN)
        line->handlers->on_text(text, line->arg);
}

static void on_ws_binary(struct span bytes, void *arg)
{
    struct signal_line *line = arg;
    if (line->state == LINE_OPEN)
        line->handlers->on_datagram(bytes, line->arg);
}

static void on_ws_alive(void *arg)
{
    ((struct signal_line *)arg)->heard_at_us = clock_now_us();
}

/* That anything else comes does not show that the server hears us. */
static void on_ws_pong(struct span payload, void *arg)
{
    struct signal_line *line = arg;
    if (line->state != LINE_OPEN || payload.len != sizeof(uint64_t))
        return;
    uint64_t number = get_u64be(payload.data);
    if (number <= line->probes_answered || number > line->probes)
        return;
    line->probes_answered = number;
    timer_start_in(line->timer, number < line->probes ? line->probe_us : line->ping_us);
}

static void on_ws_close(const struct websocket_end *end, void *arg)
{
    struct signal_line *line = arg;
    const char *reason = *end->reason ? end->reason : websocket_code_text(end->code);
    if (end->by == WEBSOCKET_BY_NOBODY)
        signal_line_lose(line, "is gone: %s", reason);
    else if (end->by == WEBSOCKET_BY_US)
        signal_line_lose(line, "breaks the rules: %s; we closed the connection (%d)", reason,
                         end->code);
    else if (end->code == WEBSOCKET_GOING_AWAY)
        signal_line_lose(line, "is going away%s%s", *end->reason ? ": " : "", end->reason);
    else
        signal_line_lose(line, "closed the connection: %s (%d)", reason, end->code);
}

static void line_open(struct signal_line *line, struct span early)
{
    static const struct websocket_handlers handlers = {
        .on_message = on_ws_message,
        .on_alive = on_ws_alive,
        .on_close = on_ws_close,
        .on_pong = on_ws_pong,
        .on_binary = on_ws_binary,
    };
    line->state = LINE_OPEN;
    line->heard_at_us = clock_now_us();
    line->ws = websocket_new(line->loop, line->conn, WEBSOCKET_CLIENT, line->message_max, early,
                             &handlers, line);
    line->conn = NULL;
    timer_start_in(line->timer, line->ping_us);
    line->handlers->on_open(line->arg);
}

/* --- the handshake -------------------------------------------------------- */

static void on_conn_open(void *arg)
{
    struct signal_line *line = arg;
    struct buf request;
    buf_init(&request, HEAD_MAX + HTTP_TARGET_MAX);
    websocket_make_key(line->key);
    line->state = LINE_SHAKING;
    if (handshake_write_request(&request, line->path, line->authority, line->key) < 0)
        signal_line_lose(line, "has a URL that cannot be sent");
    else
        conn_write(line->conn, buf_bytes(&request));
    buf_deinit(&request);
}

static void line_explain(struct signal_line *line, const struct http_response *response)
{
    char *text = handshake_explain(response);
    signal_line_lose(line, "%s", text);
    free(text);
}

static void on_conn_data(struct span bytes, void *arg)
{
    struct signal_line *line = arg;
    if (line->state != LINE_SHAKING)
        return;
    struct http_response response;
    struct http_field fields[HTTP_FIELDS_MAX];
    int error = buf_append(&line->head, bytes);
    assert(error == 0); /* there is room for one read behind an incomplete head */
    (void)error;
    ssize_t len = http_parse_response(buf_bytes(&line->head), &response, fields);
    if (len == 0 && line->head.len <= HEAD_MAX)
        return;
    if (len == 0 || len > HEAD_MAX)
        len = HTTP_HEAD_TOO_LARGE;
    if (len < 0 && span_starts_with(buf_bytes(&line->head), TLS_ALERT))
        signal_line_lose(line, "speaks TLS at that port: wss://, not ws://");
    else if (len < 0)
        signal_line_lose(line, "does not speak HTTP, let alone WebSocket");
    else if (response.status != 101)
        line_explain(line, &response);
    else if (!handshake_is_accepted(&response, line->key))
        signal_line_lose(line, "answered the WebSocket handshake wrongly");
    else
        line_open(line, span_skip(buf_bytes(&line->head), (size_t)len));
    if (!line->is_freed)
        buf_deinit(&line->head);
}

static void on_conn_end(void *arg)
{
    signal_line_lose(arg, "ended the connection instead of answering");
}

static void on_conn_close(int error, const char *text, void *arg)
{
    struct signal_line *line = arg;
    char port[32] = "";
    if (error == -ECONNREFUSED && line->default_port > 0)
        snprintf(port, sizeof port, " at port %u", line->default_port);
    if (line->state == LINE_CONNECTING)
        signal_line_lose(line, "cannot be reached: %s%s", text, port);
    else
        signal_line_lose(line, "ended the connection instead of answering: %s", text);
}

/* It may have been silent, or not. */
static void line_look(struct signal_line *line)
{
    uint64_t silent_us = clock_now_us() - line->heard_at_us;
    if (line->probes > line->probes_answered || silent_us >= line->silence_us) {
        signal_line_lose(line, "is silent; given up");
    } else if (websocket_queued(line->ws) > QUEUE_MAX) {
        signal_line_lose(line, "does not read; given up");
    } else if (silent_us < line->ping_us) {
        timer_start_in(line->timer, line->ping_us - silent_us);
    } else {
        websocket_ping(line->ws, (struct span){0});
        timer_start_in(line->timer, line->silence_us - silent_us);
    }
}

static void on_timer(void *arg)
{
    struct signal_line *line = arg;
    if (line->state == LINE_OPEN)
        line_look(line);
    else if (!line->is_slow)
        line_wait_on(line);
    else if (line->state == LINE_CONNECTING)
        signal_line_lose(line, "cannot be reached: timed out");
    else
        signal_line_lose(line, "accepted the connection but did not answer in time");
}

/* What it says now may be from before, and it may have given us up. */
static void on_wake(uint64_t since_us, void *arg)
{
    (void)since_us;
    signal_line_probe(arg);
}

/* --- the line ------------------------------------------------------------- */

static bool has_port(const char *authority)
{
    const char *end = strchr(authority, ']');
    return strchr(end ? end : authority, ':') != NULL;
}

struct signal_line *signal_line_new(struct loop *loop, const struct signal_way *way,
                                    const char *what, size_t message_max,
                                    const struct signal_line_handlers *handlers, void *arg)
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
                                       .tls = url->is_tls ? way->tls : NULL,
                                       .prefers_ipv4 = way->prefers_ipv4};
    bool leads_out = egress_leads_to(way->egress, url->host, url->port);
    assert(!url->is_tls || way->tls);
    struct signal_line *line = xcalloc(1, sizeof *line);
    line->loop = loop;
    line->handlers = handlers;
    line->arg = arg;
    line->what = what;
    line->message_max = message_max;
    line->authority = xstrdup(url->authority);
    line->default_port = has_port(url->authority) || leads_out ? 0 : url->port;
    line->path = xstrdup(url->path);
    buf_init(&line->head, HEAD_MAX + CONN_READ_MAX);
    line->timer = timer_new(loop, on_timer, line);
    line->wake = wake_watch_new(loop, on_wake, line);
    signal_line_set_times(line, SIGNAL_LINE_OPEN_US, SIGNAL_LINE_PING_US, SIGNAL_LINE_SILENCE_US,
                          SIGNAL_LINE_PROBE_US);
    /* The conn's own patience is never the shorter one. */
    line->conn = conn_connect_through(loop, leads_out ? way->egress : NULL, &target,
                                      2 * SIGNAL_LINE_OPEN_US, &conn_handlers, line);
    return line;
}

void signal_line_set_times(struct signal_line *line, uint64_t open_us, uint64_t ping_us,
                           uint64_t silence_us, uint64_t probe_us)
{
    assert(silence_us > ping_us);
    line->ping_us = ping_us;
    line->silence_us = silence_us;
    line->probe_us = probe_us;
    line->open_us = open_us;
    timer_start_in(line->timer, slow_us(open_us));
}

bool signal_line_is_open(const struct signal_line *line)
{
    return line->state == LINE_OPEN;
}

void signal_line_send(struct signal_line *line, struct span text)
{
    if (line->state == LINE_OPEN)
        websocket_send(line->ws, text);
}

void signal_line_accept_datagrams(struct signal_line *line)
{
    assert(line->handlers->on_datagram);
    if (line->state != LINE_OPEN)
        return;
    websocket_accept_binary(line->ws);
    websocket_limit_unsent(line->ws, UNSENT_MAX);
}

void signal_line_send_datagram(struct signal_line *line, struct span bytes)
{
    uint64_t now_us = clock_now_us();
    if (line->state != LINE_OPEN)
        return;
    size_t queued = websocket_queued(line->ws);
    if (queued == 0)
        line->drained_us = now_us;
    if (now_us - line->drained_us <= SIGNAL_LINE_DATAGRAM_US && queued < QUEUE_MAX / 2)
        websocket_send_binary(line->ws, bytes);
}

void signal_line_probe(struct signal_line *line)
{
    uint8_t number[sizeof(uint64_t)];
    if (line->state != LINE_OPEN)
        return;
    bool is_first = line->probes == line->probes_answered;
    put_u64be(number, ++line->probes);
    websocket_ping(line->ws, span_of(number, sizeof number));
    if (is_first)
        timer_start_in(line->timer, line->probe_us);
}

bool signal_line_has_address(const struct signal_line *line)
{
    const struct conn *conn = line->ws ? websocket_conn(line->ws) : line->conn;
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

static void line_destroy(void *arg)
{
    struct signal_line *line = arg;
    buf_deinit(&line->head);
    free(line->authority);
    free(line->path);
    free(line);
}

void signal_line_close(struct signal_line *line)
{
    line->state = LINE_CLOSED;
    line->is_freed = true;
    timer_free(line->timer);
    wake_watch_free(line->wake);
    if (line->ws)
        websocket_close(line->ws, WEBSOCKET_NORMAL, "");
    if (line->conn)
        conn_close(line->conn);
    loop_defer(line->loop, line_destroy, line);
}
