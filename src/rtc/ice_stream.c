/*
 * Connections to TURN servers, over TCP and TLS, that are bases of the agent
 * like the sockets of UDP.
 */
#include <assert.h>
#include <errno.h>

#include "base/clock.h"
#include "net/conn.h"
#include "rtc/ice_address.h"
#include "rtc/ice_socket.h"

enum { STREAM_QUEUE_MAX = 256 << 10 }; /* more is lost, as on any path */

#define STREAM_CONNECT_US (10 * US_PER_S)

static void on_stream_open(void *arg)
{
    struct ice_socket *socket = arg;
    ice_agent_base_opened(socket->owner->agent, socket->number, clock_now_us());
    socket->owner->handlers->on_fed(socket->owner->arg);
}

static void on_stream_data(struct span bytes, void *arg)
{
    struct ice_socket *socket = arg;
    struct ice_sockets *s = socket->owner;
    int number = socket->number;
    uint64_t now_us = clock_now_us();
    struct span data;
    s->is_handing_out = true;
    /* -EINVAL: the agent has closed the base. */
    while (!s->is_closed && ice_agent_receive_stream(s->agent, number, &bytes, now_us, &data) > 0)
        s->handlers->on_datagram(data, s->arg);
    s->is_handing_out = false;
    s->handlers->on_fed(s->arg);
    if (s->is_closed)
        s->handlers->on_unread(s->arg);
}

/* Also for the server's FIN: it says no more. */
static void on_stream_close(int error, const char *text, void *arg)
{
    (void)error;
    struct ice_socket *socket = arg;
    struct ice_sockets *s = socket->owner;
    int number = socket->number;
    ice_sockets_close_one(s, number); /* the agent may take its number for another */
    ice_agent_base_closed(s->agent, number, text, clock_now_us());
    s->handlers->on_fed(s->arg);
}

static void on_stream_end(void *arg)
{
    on_stream_close(0, "the server closed the connection", arg);
}

static const struct conn_handlers stream_handlers = {
    .on_open = on_stream_open,
    .on_data = on_stream_data,
    .on_end = on_stream_end,
    .on_close = on_stream_close,
};

void ice_sockets_connect(struct ice_sockets *s, int number, const struct ice_agent_server *server)
{
    assert(number >= 0 && number < ICE_BASES_MAX && !s->all[number]);
    struct ice_socket *socket = ice_socket_new(s);
    socket->number = number;
    /* Not the name's addresses: the server may have sent us to another one. */
    char address[ICE_ADDRESS_TEXT_LEN];
    bool is_known = !ice_address_is_unusable(&server->address);
    const struct conn_target target = {
        .host = is_known ? ice_address_format_ip(&server->address, address) : server->host,
        .port = server->address.port,
        .tls = server->transport == TURN_TLS ? ice_servers_tls(s->servers) : NULL,
        .tls_host = server->host,
    };
    const struct egress *egress = ice_servers_egress(s->servers, server->host, target.port);
    socket->conn =
        conn_connect_through(s->loop, egress, &target, STREAM_CONNECT_US, &stream_handlers, socket);
    s->all[number] = socket;
}

int ice_stream_send(const struct ice_socket *socket, struct span bytes)
{
    if (conn_queued(socket->conn) + bytes.len > STREAM_QUEUE_MAX)
        return -EAGAIN;
    conn_write(socket->conn, bytes);
    return 0;
}
