/*
 * The peer of the allocation is the allocation: what is sent on the channel
 * leaves the server at the relayed address, arrives there, and comes back on
 * the channel. So no NAT of ours is on the way.
 */
#include "rtc/turn_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/random.h"
#include "ice/turn.h"
#include "ice/turn_frame.h"
#include "net/conn.h"
#include "net/udp.h"
#include "rtc/ice_address.h"

enum { PAYLOAD_LEN = 16, STREAM_MAX = 64 << 10 };

#define CONNECT_US (10 * US_PER_S)
#define AGAIN_US   (500 * US_PER_MS)

struct turn_probe {
    struct loop *loop;
    struct ice_server server;
    struct ice_random random;
    struct turn_client *client;
    struct udp *udp;   /* one of the two */
    struct conn *conn; /* NULL once it is closed */
    struct buf stream; /* of conn: what is no whole frame yet */
    struct timer *due; /* of the client */
    struct timer *again;
    struct ice_address relayed;
    uint8_t payload[PAYLOAD_LEN];
    enum turn_probe_state state;
    char text[TURN_PROBE_TEXT_LEN];
    void (*on_done)(void *arg);
    void *arg;
};

static void finish(struct turn_probe *probe, enum turn_probe_state state)
{
    probe->state = state;
    timer_stop(probe->due);
    timer_stop(probe->again);
    loop_defer(probe->loop, probe->on_done, probe->arg);
}

static bool is_over(const struct turn_probe *probe)
{
    return probe->state != TURN_PROBE_ASKING && probe->state != TURN_PROBE_ALLOCATED;
}

static void fail(struct turn_probe *probe, const char *why)
{
    if (is_over(probe))
        return;
    snprintf(probe->text, sizeof probe->text, "%s", why);
    finish(probe, TURN_PROBE_FAILED);
}

static void schedule(struct turn_probe *probe)
{
    if (!is_over(probe))
        timer_start_at(probe->due, turn_client_deadline(probe->client));
}

/* ---- of the client ---- */

static void on_send(void *arg, const struct ice_address *server, struct span bytes)
{
    struct turn_probe *probe = arg;
    struct address to = ice_to_sockaddr(server);
    if (probe->udp)
        udp_send(probe->udp, bytes, bytes.len, &to);
    else if (probe->conn)
        conn_write(probe->conn, bytes);
}

static void on_allocated(void *arg, const struct ice_address *relayed,
                         const struct ice_address *mapped)
{
    struct turn_probe *probe = arg;
    (void)mapped;
    probe->relayed = *relayed;
    probe->state = TURN_PROBE_ALLOCATED;
    ice_address_format(relayed, probe->text);
    turn_client_bind(probe->client, relayed, clock_now_us());
}

static void on_failed(void *arg, int code, const char *text)
{
    (void)code;
    fail(arg, text);
}

static void on_redirect(void *arg, const struct ice_address *server)
{
    char to[ICE_ADDRESS_TEXT_LEN];
    char text[TURN_PROBE_TEXT_LEN];
    snprintf(text, sizeof text, "sends everybody to %s", ice_address_format(server, to));
    fail(arg, text);
}

static void send_to_itself(void *arg)
{
    struct turn_probe *probe = arg;
    turn_client_send(probe->client, &probe->relayed, span_of(probe->payload, PAYLOAD_LEN));
    timer_start_in(probe->again, AGAIN_US);
}

static void on_channel(void *arg, const struct ice_address *peer, int code)
{
    struct turn_probe *probe = arg;
    (void)peer;
    if (is_over(probe))
        return;
    if (code != 0)
        finish(probe, TURN_PROBE_SHY);
    else
        timer_start_in(probe->again, 0);
}

static const struct turn_handlers turn_handlers = {
    .on_send = on_send,
    .on_allocated = on_allocated,
    .on_failed = on_failed,
    .on_redirect = on_redirect,
    .on_channel = on_channel,
};

static void on_due(void *arg)
{
    struct turn_probe *probe = arg;
    turn_client_on_deadline(probe->client, clock_now_us());
    schedule(probe);
}

static void feed(struct turn_probe *probe, struct span frame)
{
    struct ice_address peer;
    struct span data;
    if (is_over(probe))
        return;
    if (turn_client_feed(probe->client, frame, clock_now_us(), &peer, &data) &&
        data.len == PAYLOAD_LEN && memcmp(data.data, probe->payload, PAYLOAD_LEN) == 0)
        finish(probe, TURN_PROBE_CARRIES);
    schedule(probe);
}

/* ---- by UDP ---- */

static void on_burst(struct span bytes, size_t segment, const struct address *from, void *arg)
{
    (void)from;
    while (bytes.len > 0)
        feed(arg, udp_take_datagram(&bytes, segment));
}

static void start(void *arg)
{
    struct turn_probe *probe = arg;
    turn_client_start(probe->client, clock_now_us());
    schedule(probe);
}

static void open_udp(struct turn_probe *probe)
{
    static const struct udp_handlers handlers = {.on_burst = on_burst};
    struct address any;
    bool is_v6 = probe->server.address.storage.ss_family == AF_INET6;
    address_parse(is_v6 ? "::" : "0.0.0.0", 0, &any);
    if (udp_new(probe->loop, &any, &handlers, probe, &probe->udp) == 0)
        start(probe);
    else
        fail(probe, "no UDP socket can be had");
}

/* ---- by TCP and TLS ---- */

static void on_data(struct span bytes, void *arg)
{
    struct turn_probe *probe = arg;
    struct span frame;
    int len = 0;
    if (buf_append(&probe->stream, bytes) < 0)
        len = -1;
    while (len >= 0 && !is_over(probe) &&
           (len = turn_stream_decode(buf_bytes(&probe->stream), &frame)) > 0) {
        feed(probe, frame);
        buf_consume(&probe->stream, (size_t)len);
    }
    if (len < 0)
        fail(probe, "what answers speaks no TURN");
}

static void on_end(void *arg)
{
    fail(arg, "ended the connection");
}

static void on_close(int error, const char *text, void *arg)
{
    (void)error;
    fail(arg, text);
}

static void open_stream(struct turn_probe *probe, struct ice_servers *servers)
{
    static const struct conn_handlers handlers = {
        .on_open = start,
        .on_data = on_data,
        .on_end = on_end,
        .on_close = on_close,
    };
    const struct conn_target target = {
        .host = probe->server.host,
        .port = address_port(&probe->server.address),
        .tls = probe->server.transport == TURN_TLS ? ice_servers_tls(servers) : NULL,
    };
    const struct egress *egress = ice_servers_egress(servers, target.host, target.port);
    probe->conn = conn_connect_through(probe->loop, egress, &target, CONNECT_US, &handlers, probe);
}

/* ---- life ---- */

struct turn_probe *turn_probe_new(struct loop *loop, struct ice_servers *servers,
                                  const struct ice_server *server, void (*on_done)(void *arg),
                                  void *arg)
{
    struct turn_probe *probe = xcalloc(1, sizeof *probe);
    struct ice_address address = ice_from_sockaddr(&server->address);
    probe->loop = loop;
    probe->server = *server;
    probe->on_done = on_done;
    probe->arg = arg;
    random_bytes(probe->random.seed, sizeof probe->random.seed);
    random_bytes(probe->payload, sizeof probe->payload);
    buf_init(&probe->stream, STREAM_MAX);
    probe->due = timer_new(loop, on_due, probe);
    probe->again = timer_new(loop, send_to_itself, probe);
    probe->client = turn_client_new(server->transport, &address, server->user, server->pass,
                                    &probe->random, &turn_handlers, probe);
    if (server->transport == TURN_UDP)
        open_udp(probe);
    else
        open_stream(probe, servers);
    return probe;
}

void turn_probe_free(struct turn_probe *probe)
{
    if (!probe)
        return;
    turn_client_stop(probe->client);
    turn_client_free(probe->client);
    timer_free(probe->due);
    timer_free(probe->again);
    if (probe->udp)
        udp_close(probe->udp);
    if (probe->conn)
        conn_close(probe->conn);
    buf_deinit(&probe->stream);
    free(probe);
}

enum turn_probe_state turn_probe_state(const struct turn_probe *probe, const char **text)
{
    *text = probe->text;
    return probe->state;
}
