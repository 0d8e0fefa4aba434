/*
 * Sockets for the agent. One UDP socket for each address of this machine that
 * the other side might reach, as many as the agent takes of the best
 * (ice_interfaces.c); the loopback only where there is nothing else, which is
 * how two peers in a namespace with only `lo` meet. A connection to a TURN
 * server is opened when the agent asks for it.
 */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "rtc/ice_interfaces.h"
#include "rtc/ice_io_internal.h"

enum { STREAM_QUEUE_MAX = 256 << 10 }; /* to a TURN server; more is lost, as on any path */

#define STREAM_CONNECT_US (10 * US_PER_S)

/* ---- addresses ---- */

struct address ice_to_sockaddr(const struct ice_address *address)
{
    struct address out = {0};
    if (address->family == ICE_FAMILY_6) {
        struct sockaddr_in6 *v6 = (void *)&out.storage;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(address->port);
        memcpy(&v6->sin6_addr, address->ip, sizeof v6->sin6_addr);
        out.len = sizeof *v6;
    } else {
        struct sockaddr_in *v4 = (void *)&out.storage;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(address->port);
        memcpy(&v4->sin_addr, address->ip, sizeof v4->sin_addr);
        out.len = sizeof *v4;
    }
    return out;
}

struct ice_address ice_from_sockaddr(const struct address *address)
{
    struct ice_address out = {0};
    if (address->storage.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)&address->storage;
        out.family = ICE_FAMILY_6;
        out.port = ntohs(v6->sin6_port);
        memcpy(out.ip, &v6->sin6_addr, sizeof v6->sin6_addr);
    } else if (address->storage.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)&address->storage;
        out.family = ICE_FAMILY_4;
        out.port = ntohs(v4->sin_port);
        memcpy(out.ip, &v4->sin_addr, sizeof v4->sin_addr);
    }
    return out;
}

/* ---- UDP ---- */

static void on_burst(struct span bytes, size_t segment, const struct address *from, void *arg)
{
    struct ice_socket *socket = arg;
    struct ice_io *io = socket->io;
    int number = socket->number;
    struct ice_address remote = ice_from_sockaddr(from);
    uint64_t now_us = clock_now_us();
    bool was_for_agent = false;
    while (bytes.len > 0 && !io->is_closed) {
        struct span datagram = span_of(bytes.data, bytes.len < segment ? bytes.len : segment);
        struct span data;
        if (ice_agent_receive(io->agent, number, &remote, datagram, now_us, &data))
            io->path.handlers->on_datagram(data, io->path.arg);
        else
            was_for_agent = true;
        bytes = span_skip(bytes, datagram.len);
    }
    if (was_for_agent && !io->is_closed)
        ice_io_rearm(io);
}

static struct ice_socket *socket_new(struct ice_io *io)
{
    struct ice_socket *socket = xcalloc(1, sizeof *socket);
    socket->io = io;
    return socket;
}

/* The machine's addresses as they are now, those of use at the front. False: a
 * system that listed them before does not (no descriptor is free); they are
 * taken for what they were. */
static bool look(struct ice_io *io)
{
    struct interface *list;
    int error;
    int count = interfaces_list(&list, &error);
    bool is_first = !io->interfaces;
    if (error && !is_first && !io->is_guessing) {
        free(list);
        return false;
    }
    free(io->interfaces);
    io->interfaces = list;
    io->interface_count = count;
    io->useful_count = ice_interfaces_rank(list, count);
    io->is_guessing = error != 0;
    if (error && is_first)
        log_info("ice: this system does not list its addresses (%s); using those that packets to "
                 "the internet leave from",
                 strerror(-error));
    return true;
}

static bool is_pinned(const struct ice_io *io, const struct interface *interface)
{
    return ice_interfaces_is_uplink(io->interfaces, io->interface_count, interface);
}

static void pin(struct ice_socket *socket, const struct interface *interface)
{
    socket->is_pinned = is_pinned(socket->io, interface);
    udp_pin(socket->udp, socket->is_pinned ? if_nametoindex(interface->name) : 0);
}

/* Returns the socket, or NULL: an address that is just going away, or still
 * tentative. */
static struct ice_socket *open_interface(struct ice_io *io, const struct interface *interface)
{
    static const struct udp_handlers handlers = {.on_burst = on_burst};
    struct ice_socket *socket = socket_new(io);
    socket->local = interface->address;
    socket->is_running = true;
    if (udp_new(io->loop, &interface->address, &handlers, socket, &socket->udp) < 0) {
        free(socket);
        return NULL;
    }
    struct address local;
    udp_local_address(socket->udp, &local);
    struct ice_address address = ice_from_sockaddr(&local);
    socket->number = ice_agent_add_interface(io->agent, &address, interface->name,
                                             interface->is_default, clock_now_us());
    if (socket->number < 0) {
        udp_close(socket->udp);
        free(socket);
        return NULL;
    }
    assert(socket->number < ICE_BASES_MAX && !io->sockets[socket->number]);
    io->sockets[socket->number] = socket;
    pin(socket, interface);
    return socket;
}

static int count_open(const struct ice_io *io)
{
    int count = 0;
    for (int i = 0; i < ICE_BASES_MAX; i++)
        count += io->sockets[i] && io->sockets[i]->udp;
    return count;
}

void ice_io_open_interfaces(struct ice_io *io)
{
    char names[ICE_INTERFACES_TEXT_LEN];
    int next = 0;
    look(io);
    while (next < io->useful_count && count_open(io) < ICE_INTERFACES_MAX)
        open_interface(io, &io->interfaces[next++]);
    if (next < io->useful_count)
        log_info("ice: %d of this machine's %d addresses are not used: those of %s",
                 io->useful_count - next, io->useful_count,
                 ice_interfaces_describe(io->interfaces + next, io->useful_count - next, names));
}

/* ---- addresses that come and go ---- */

/* Its place among those of use, the best first; -1: it is not there any more. */
static int find_interface(const struct ice_io *io, const struct address *local)
{
    for (int i = 0; i < io->interface_count; i++) {
        if (address_is_same_host(&io->interfaces[i].address, local))
            return i;
    }
    return -1;
}

static bool has_socket(const struct ice_io *io, const struct interface *interface)
{
    for (int i = 0; i < ICE_BASES_MAX; i++) {
        const struct ice_socket *socket = io->sockets[i];
        if (socket && socket->udp && address_is_same_host(&socket->local, &interface->address))
            return true;
    }
    return false;
}

static bool is_on_path(const struct ice_io *io, int number)
{
    const struct ice_route *route = ice_agent_route(io->agent);
    return route && route->base == number;
}

/* True when the path hung on it. */
static bool drop_socket(struct ice_io *io, int number)
{
    bool matters = is_on_path(io, number);
    uint64_t now_us = clock_now_us();
    if (io->sockets[number]->udp)
        ice_agent_remove_base(io->agent, number, now_us);
    else
        ice_agent_base_closed(io->agent, number, "its address is gone", now_us);
    ice_io_close_socket(io, number);
    return matters;
}

/* Whether a VPN leads there, so that nothing of ours may go another way. */
static bool is_tunnelled(const struct ice_io *io, const struct address *to)
{
    return ice_interfaces_is_tunnelled(io->interfaces, io->interface_count, to);
}

/* An interface that has lost its carrier keeps its socket, since a cable that
 * is pulled may come back; but the path is better led elsewhere at once. So is
 * one that passes by a VPN which has come up since. */
static bool check_socket(struct ice_io *io, int number)
{
    struct ice_socket *socket = io->sockets[number];
    if (socket->conn) {
        struct address local;
        conn_local_address(socket->conn, &local);
        return local.len > 0 && find_interface(io, &local) < 0 && drop_socket(io, number);
    }
    int index = find_interface(io, &socket->local);
    if (index < 0)
        return drop_socket(io, number);
    const struct interface *interface = &io->interfaces[index];
    bool was_pinned = socket->is_pinned;
    pin(socket, interface);
    if (is_on_path(io, number) && was_pinned && is_tunnelled(io, &io->route_to))
        return drop_socket(io, number);
    bool has_lost = socket->is_running && !interface->has_carrier;
    socket->is_running = interface->has_carrier;
    return has_lost && is_on_path(io, number);
}

/* Containers and virtual machines come and go all day, and lead nowhere that
 * the others do not; where there is no path any more, everything counts. */
static bool is_way_out(const struct ice_io *io, const struct interface *interface)
{
    struct ice_address parsed = ice_from_sockaddr(&interface->address);
    enum ice_interface_kind kind = ice_interface_kind(interface->name, &parsed);
    return kind == ICE_INTERFACE_PHYSICAL || kind == ICE_INTERFACE_VPN ||
           !ice_agent_route(io->agent);
}

/* Room for an address of that rank: the least of those in use gives way, but
 * for what the path hangs on. */
static bool make_room(struct ice_io *io, int rank)
{
    int least = -1;
    int least_rank = rank;
    if (count_open(io) < ICE_INTERFACES_MAX)
        return true;
    for (int i = 0; i < ICE_BASES_MAX; i++) {
        const struct ice_socket *socket = io->sockets[i];
        int its_rank = socket && socket->udp ? find_interface(io, &socket->local) : -1;
        if (its_rank > least_rank && !is_on_path(io, i)) {
            least = i;
            least_rank = its_rank;
        }
    }
    if (least >= 0)
        drop_socket(io, least);
    return least >= 0;
}

bool ice_io_update_addresses(struct ice_io *io)
{
    bool matters = false;
    if (!look(io))
        return false;
    for (int i = 0; i < ICE_BASES_MAX; i++) {
        if (io->sockets[i])
            matters |= check_socket(io, i);
    }
    for (int i = 0; i < io->useful_count && !io->interfaces[i].is_loopback; i++) {
        const struct interface *interface = &io->interfaces[i];
        if (!has_socket(io, interface) && make_room(io, i) && open_interface(io, interface))
            matters |= is_way_out(io, interface);
    }
    ice_io_rearm(io);
    return matters;
}

/* ---- connections to TURN servers ---- */

static void on_stream_open(void *arg)
{
    struct ice_socket *socket = arg;
    ice_agent_base_opened(socket->io->agent, socket->number, clock_now_us());
    ice_io_rearm(socket->io);
}

static void on_stream_data(struct span bytes, void *arg)
{
    struct ice_socket *socket = arg;
    struct ice_io *io = socket->io;
    int number = socket->number;
    uint64_t now_us = clock_now_us();
    struct span data;
    io->is_handing_out = true;
    /* -EINVAL: the agent has closed the base. */
    while (!io->is_closed && ice_agent_receive_stream(io->agent, number, &bytes, now_us, &data) > 0)
        io->path.handlers->on_datagram(data, io->path.arg);
    io->is_handing_out = false;
    if (io->is_closed)
        ice_io_shut(io);
    else
        ice_io_rearm(io);
}

/* Also for the server's FIN: it says no more. */
static void on_stream_close(int error, const char *text, void *arg)
{
    (void)error;
    struct ice_socket *socket = arg;
    struct ice_io *io = socket->io;
    int number = socket->number;
    ice_agent_base_closed(io->agent, number, text, clock_now_us());
    ice_io_close_socket(io, number);
    ice_io_rearm(io);
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

void ice_io_open_stream(struct ice_io *io, int number, const struct ice_agent_server *server)
{
    assert(number >= 0 && number < ICE_BASES_MAX && !io->sockets[number]);
    struct ice_socket *socket = socket_new(io);
    socket->number = number;
    /* Not the name's addresses: the server may have sent us to another one. */
    struct address address = ice_to_sockaddr(&server->address);
    bool is_tls = server->transport == TURN_TLS;
    socket->conn = conn_connect_to(io->loop, &address, is_tls ? ice_servers_tls(io->servers) : NULL,
                                   server->host, STREAM_CONNECT_US, &stream_handlers, socket);
    io->sockets[number] = socket;
}

/* ---- both ---- */

void ice_io_close_socket(struct ice_io *io, int number)
{
    struct ice_socket *socket = io->sockets[number];
    if (!socket)
        return;
    io->sockets[number] = NULL;
    if (socket->udp)
        udp_close(socket->udp);
    if (socket->conn)
        conn_close(socket->conn);
    /* Its own handler may be on the stack. */
    loop_defer(io->loop, free, socket);
}

int ice_socket_send(struct ice_io *io, int number, const struct ice_address *remote,
                    struct span bytes)
{
    const struct ice_socket *socket = io->sockets[number];
    if (!socket)
        return -ENETUNREACH;
    if (socket->conn) {
        if (conn_queued(socket->conn) + bytes.len > STREAM_QUEUE_MAX)
            return -EAGAIN;
        conn_write(socket->conn, bytes);
        return 0;
    }
    struct address to = ice_to_sockaddr(remote);
    if (socket->is_pinned && is_tunnelled(io, &to))
        return -EHOSTUNREACH;
    return udp_send(socket->udp, bytes, bytes.len, &to);
}
