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
#include "rtc/ice_internal.h"

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
    struct base *base = arg;
    struct ice *ice = base->ice;
    int number = base->number;
    struct ice_address remote = ice_from_sockaddr(from);
    uint64_t now_us = clock_now_us();
    bool was_for_agent = false;
    while (bytes.len > 0 && !ice->is_closed) {
        struct span datagram = span_of(bytes.data, bytes.len < segment ? bytes.len : segment);
        struct span data;
        if (ice_agent_receive(ice->agent, number, &remote, datagram, now_us, &data))
            ice->handlers.on_datagram(data, ice->arg);
        else
            was_for_agent = true;
        bytes = span_skip(bytes, datagram.len);
    }
    if (was_for_agent && !ice->is_closed)
        ice_rearm(ice);
}

static struct base *base_new(struct ice *ice)
{
    struct base *base = xcalloc(1, sizeof *base);
    base->ice = ice;
    return base;
}

/* The machine's addresses as they are now, those of use at the front. False: a
 * system that listed them before does not (no descriptor is free); they are
 * taken for what they were. */
static bool look(struct ice *ice)
{
    struct interface *list;
    int error;
    int count = interfaces_list(&list, &error);
    bool is_first = !ice->interfaces;
    if (error && !is_first && !ice->is_guessing) {
        free(list);
        return false;
    }
    free(ice->interfaces);
    ice->interfaces = list;
    ice->interface_count = count;
    ice->useful_count = ice_interfaces_rank(list, count);
    ice->is_guessing = error != 0;
    if (error && is_first)
        log_info("ice: this system does not list its addresses (%s); using those that packets to "
                 "the internet leave from",
                 strerror(-error));
    return true;
}

static bool is_pinned(const struct ice *ice, const struct interface *interface)
{
    return ice_interfaces_is_uplink(ice->interfaces, ice->interface_count, interface);
}

static void pin(struct base *base, const struct interface *interface)
{
    base->is_pinned = is_pinned(base->ice, interface);
    udp_pin(base->udp, base->is_pinned ? if_nametoindex(interface->name) : 0);
}

/* Returns the base, or NULL: an address that is just going away, or still
 * tentative. */
static struct base *open_interface(struct ice *ice, const struct interface *interface)
{
    static const struct udp_handlers handlers = {.on_burst = on_burst};
    struct base *base = base_new(ice);
    base->local = interface->address;
    base->is_running = true;
    if (udp_new(ice->loop, &interface->address, &handlers, base, &base->udp) < 0) {
        free(base);
        return NULL;
    }
    struct address local;
    udp_local_address(base->udp, &local);
    struct ice_address address = ice_from_sockaddr(&local);
    base->number = ice_agent_add_interface(ice->agent, &address, interface->name,
                                           interface->is_default, clock_now_us());
    if (base->number < 0) {
        udp_close(base->udp);
        free(base);
        return NULL;
    }
    assert(base->number < ICE_BASES_MAX && !ice->bases[base->number]);
    ice->bases[base->number] = base;
    pin(base, interface);
    return base;
}

static int count_open(const struct ice *ice)
{
    int count = 0;
    for (int i = 0; i < ICE_BASES_MAX; i++)
        count += ice->bases[i] && ice->bases[i]->udp;
    return count;
}

void ice_open_interfaces(struct ice *ice)
{
    char names[ICE_INTERFACES_TEXT_LEN];
    int next = 0;
    look(ice);
    while (next < ice->useful_count && count_open(ice) < ICE_INTERFACES_MAX)
        open_interface(ice, &ice->interfaces[next++]);
    if (next < ice->useful_count)
        log_info("ice: %d of this machine's %d addresses are not used: those of %s",
                 ice->useful_count - next, ice->useful_count,
                 ice_interfaces_describe(ice->interfaces + next, ice->useful_count - next, names));
}

/* ---- addresses that come and go ---- */

/* Its place among those of use, the best first; -1: it is not there any more. */
static int find_interface(const struct ice *ice, const struct address *local)
{
    for (int i = 0; i < ice->interface_count; i++) {
        if (address_is_same_host(&ice->interfaces[i].address, local))
            return i;
    }
    return -1;
}

static bool has_base(const struct ice *ice, const struct interface *interface)
{
    for (int i = 0; i < ICE_BASES_MAX; i++) {
        const struct base *base = ice->bases[i];
        if (base && base->udp && address_is_same_host(&base->local, &interface->address))
            return true;
    }
    return false;
}

static bool is_on_path(const struct ice *ice, int number)
{
    const struct ice_route *route = ice_agent_route(ice->agent);
    return route && route->base == number;
}

/* True when the path hung on it. */
static bool drop_base(struct ice *ice, int number)
{
    bool matters = is_on_path(ice, number);
    uint64_t now_us = clock_now_us();
    if (ice->bases[number]->udp)
        ice_agent_remove_base(ice->agent, number, now_us);
    else
        ice_agent_base_closed(ice->agent, number, "its address is gone", now_us);
    ice_close_base(ice, number);
    return matters;
}

/* Whether a VPN leads there, so that nothing of ours may go another way. */
static bool is_tunnelled(const struct ice *ice, const struct address *to)
{
    return ice_interfaces_is_tunnelled(ice->interfaces, ice->interface_count, to);
}

/* An interface that has lost its carrier keeps its base, since a cable that
 * is pulled may come back; but the path is better led elsewhere at once. So is
 * one that passes by a VPN which has come up since. */
static bool check_base(struct ice *ice, int number)
{
    struct base *base = ice->bases[number];
    if (base->conn) {
        struct address local;
        conn_local_address(base->conn, &local);
        return local.len > 0 && find_interface(ice, &local) < 0 && drop_base(ice, number);
    }
    int index = find_interface(ice, &base->local);
    if (index < 0)
        return drop_base(ice, number);
    const struct interface *interface = &ice->interfaces[index];
    bool was_pinned = base->is_pinned;
    pin(base, interface);
    if (is_on_path(ice, number) && was_pinned && is_tunnelled(ice, &ice->route_to))
        return drop_base(ice, number);
    bool has_lost = base->is_running && !interface->has_carrier;
    base->is_running = interface->has_carrier;
    return has_lost && is_on_path(ice, number);
}

/* Containers and virtual machines come and go all day, and lead nowhere that
 * the others do not; where there is no path any more, everything counts. */
static bool is_way_out(const struct ice *ice, const struct interface *interface)
{
    struct ice_address parsed = ice_from_sockaddr(&interface->address);
    enum ice_interface_kind kind = ice_interface_kind(interface->name, &parsed);
    return kind == ICE_INTERFACE_PHYSICAL || kind == ICE_INTERFACE_VPN ||
           !ice_agent_route(ice->agent);
}

/* Room for an address of that rank: the least of those in use gives way, but
 * for what the path hangs on. */
static bool make_room(struct ice *ice, int rank)
{
    int least = -1;
    int least_rank = rank;
    if (count_open(ice) < ICE_INTERFACES_MAX)
        return true;
    for (int i = 0; i < ICE_BASES_MAX; i++) {
        const struct base *base = ice->bases[i];
        int its_rank = base && base->udp ? find_interface(ice, &base->local) : -1;
        if (its_rank > least_rank && !is_on_path(ice, i)) {
            least = i;
            least_rank = its_rank;
        }
    }
    if (least >= 0)
        drop_base(ice, least);
    return least >= 0;
}

bool ice_update_addresses(struct ice *ice)
{
    bool matters = false;
    if (!look(ice))
        return false;
    for (int i = 0; i < ICE_BASES_MAX; i++) {
        if (ice->bases[i])
            matters |= check_base(ice, i);
    }
    for (int i = 0; i < ice->useful_count && !ice->interfaces[i].is_loopback; i++) {
        const struct interface *interface = &ice->interfaces[i];
        if (!has_base(ice, interface) && make_room(ice, i) && open_interface(ice, interface))
            matters |= is_way_out(ice, interface);
    }
    ice_rearm(ice);
    return matters;
}

/* ---- connections to TURN servers ---- */

static void on_stream_open(void *arg)
{
    struct base *base = arg;
    ice_agent_base_opened(base->ice->agent, base->number, clock_now_us());
    ice_rearm(base->ice);
}

static void on_stream_application_data(void *arg, struct span data)
{
    struct ice *ice = arg;
    if (!ice->is_closed)
        ice->handlers.on_datagram(data, ice->arg);
}

static void on_stream_data(struct span bytes, void *arg)
{
    struct base *base = arg;
    struct ice *ice = base->ice;
    ice->is_in_agent = true;
    /* -EINVAL: the agent has closed the base. */
    int ignored = ice_agent_receive_stream(ice->agent, base->number, bytes, clock_now_us(),
                                           on_stream_application_data);
    (void)ignored;
    ice->is_in_agent = false;
    if (ice->is_closed)
        ice_shut(ice);
    else
        ice_rearm(ice);
}

/* Also for the server's FIN: it says no more. */
static void on_stream_close(int error, const char *text, void *arg)
{
    (void)error;
    struct base *base = arg;
    struct ice *ice = base->ice;
    int number = base->number;
    ice_agent_base_closed(ice->agent, number, text, clock_now_us());
    ice_close_base(ice, number);
    ice_rearm(ice);
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

void ice_open_stream(struct ice *ice, int number, const struct ice_agent_server *server)
{
    assert(number >= 0 && number < ICE_BASES_MAX && !ice->bases[number]);
    struct base *base = base_new(ice);
    base->number = number;
    /* Not the name's addresses: the server may have sent us to another one. */
    struct address address = ice_to_sockaddr(&server->address);
    bool is_tls = server->transport == TURN_TLS;
    base->conn = conn_connect_to(ice->loop, &address, is_tls ? ice_servers_tls(ice->servers) : NULL,
                                 server->host, STREAM_CONNECT_US, &stream_handlers, base);
    ice->bases[number] = base;
}

/* ---- both ---- */

void ice_close_base(struct ice *ice, int number)
{
    struct base *base = ice->bases[number];
    if (!base)
        return;
    ice->bases[number] = NULL;
    if (base->udp)
        udp_close(base->udp);
    if (base->conn)
        conn_close(base->conn);
    /* Its own handler may be on the stack. */
    loop_defer(ice->loop, free, base);
}

int ice_base_send(struct ice *ice, int number, const struct ice_address *remote, struct span bytes)
{
    const struct base *base = ice->bases[number];
    if (!base)
        return -ENETUNREACH;
    if (base->conn) {
        if (conn_queued(base->conn) + bytes.len > STREAM_QUEUE_MAX)
            return -EAGAIN;
        conn_write(base->conn, bytes);
        return 0;
    }
    struct address to = ice_to_sockaddr(remote);
    if (base->is_pinned && is_tunnelled(ice, &to))
        return -EHOSTUNREACH;
    return udp_send(base->udp, bytes, bytes.len, &to);
}
