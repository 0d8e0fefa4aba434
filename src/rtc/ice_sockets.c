/*
 * The sockets, and the addresses of this machine that they are for. Which of
 * them matter changes with the interfaces: ice_sockets_update() compares.
 */
#include "rtc/ice_sockets.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/udp.h"
#include "rtc/ice_address.h"
#include "rtc/ice_bind.h"
#include "rtc/ice_outside.h"
#include "rtc/ice_socket.h"

_Static_assert((int)PATH_BURST_MAX == (int)UDP_BURST_MAX &&
                   (int)PATH_BURST_BYTES == (int)UDP_BURST_BYTES,
               "a burst of a path is one of UDP");

/* ---- life ---- */

void ice_sockets_init(struct ice_sockets *s, struct loop *loop, struct ice_agent *agent,
                      struct ice_servers *servers, const struct ice_sockets_handlers *handlers,
                      void *arg)
{
    *s = (struct ice_sockets){
        .loop = loop, .agent = agent, .servers = servers, .handlers = handlers, .arg = arg};
    if (servers)
        s->fixed = *ice_servers_fixed(servers);
    s->machine.only = s->fixed.interface;
}

bool ice_sockets_close(struct ice_sockets *s)
{
    s->is_closed = true;
    return !s->is_handing_out;
}

void ice_sockets_deinit(struct ice_sockets *s)
{
    for (int i = 0; i < ICE_BASES_MAX; i++)
        ice_sockets_close_one(s, i);
    ice_interfaces_deinit(&s->machine);
}

/* ---- UDP ---- */

static void on_burst(struct span bytes, size_t segment, const struct address *from, void *arg)
{
    struct ice_socket *socket = arg;
    struct ice_sockets *s = socket->owner;
    int number = socket->number;
    struct ice_address remote = ice_from_sockaddr(from);
    uint64_t now_us = clock_now_us();
    while (bytes.len > 0 && !s->is_closed) {
        struct span datagram = udp_take_datagram(&bytes, segment);
        struct span data;
        if (ice_agent_receive(s->agent, number, &remote, datagram, now_us, &data))
            s->handlers->on_datagram(data, s->arg);
        else
            s->handlers->on_fed(s->arg);
    }
}

static uint64_t rtt_us(void *arg)
{
    const struct ice_socket *socket = arg;
    return ice_agent_rtt_us(socket->owner->agent, socket->number);
}

static bool is_pinned(const struct ice_sockets *s, const struct interface *interface)
{
    return ice_interfaces_is_uplink(s->machine.list, s->machine.count, interface);
}

static void pin(struct ice_socket *socket, const struct interface *interface)
{
    socket->is_pinned = is_pinned(socket->owner, interface);
    udp_pin(socket->udp, socket->is_pinned ? if_nametoindex(interface->name) : 0);
}

static void on_router(const struct address *outside, void *arg)
{
    struct ice_socket *socket = arg;
    struct ice_sockets *s = socket->owner;
    s->pending--;
    socket->awaits_router = false;
    if (outside) {
        struct ice_address mapped = ice_from_sockaddr(outside);
        ice_agent_set_mapped(s->agent, socket->number, &mapped, clock_now_us());
    }
    s->handlers->on_settled(s->arg);
}

static void learn_outside(struct ice_socket *socket, const struct interface *interface,
                          const struct address *local)
{
    struct ice_sockets *s = socket->owner;
    struct ice_address from = ice_from_sockaddr(local);
    struct ice_address mapped;
    enum ice_outside how = ice_outside_of(&s->fixed, &s->machine, interface, &from, &mapped);
    if (how == ICE_OUTSIDE_KNOWN)
        ice_agent_set_mapped(s->agent, socket->number, &mapped, clock_now_us());
    if (how != ICE_OUTSIDE_BY_ROUTER)
        return;
    s->pending++;
    socket->awaits_router = true;
    socket->mapping = port_mapping_new(ice_servers_mapper(s->servers), local, on_router, socket);
}

/* Returns the socket, or NULL: an address that is just going away, or still
 * tentative. */
static struct ice_socket *open_interface(struct ice_sockets *s, const struct interface *interface)
{
    static const struct udp_handlers handlers = {.on_burst = on_burst, .rtt_us = rtt_us};
    struct ice_socket *socket = ice_socket_new(s);
    socket->local = interface->address;
    socket->is_running = true;
    if (ice_bind(s->loop, &s->fixed, &interface->address, &handlers, socket, &socket->udp) < 0) {
        free(socket);
        return NULL;
    }
    struct address local;
    udp_local_address(socket->udp, &local);
    struct ice_address address = ice_from_sockaddr(&local);
    socket->number = ice_agent_add_interface(s->agent, &address, interface->name,
                                             interface->is_default, clock_now_us());
    if (socket->number < 0) {
        udp_close(socket->udp);
        free(socket);
        return NULL;
    }
    assert(socket->number < ICE_BASES_MAX && !s->all[socket->number]);
    s->all[socket->number] = socket;
    socket->is_default = interface->is_default;
    pin(socket, interface);
    learn_outside(socket, interface, &local);
    return socket;
}

static int count_open(const struct ice_sockets *s)
{
    int count = 0;
    for (int i = 0; i < ICE_BASES_MAX; i++)
        count += s->all[i] && s->all[i]->udp;
    return count;
}

void ice_sockets_open(struct ice_sockets *s)
{
    char names[ICE_INTERFACES_TEXT_LEN];
    int next = 0;
    ice_interfaces_look(&s->machine);
    ice_servers_seek_nat64(s->servers, ice_interfaces_is_ipv6_only(&s->machine));
    while (next < s->machine.useful_count && count_open(s) < ICE_INTERFACES_MAX)
        open_interface(s, &s->machine.list[next++]);
    if (next < s->machine.useful_count)
        log_info("ice: %d of this machine's %d addresses are not used: those of %s",
                 s->machine.useful_count - next, s->machine.useful_count,
                 ice_interfaces_describe(s->machine.list + next, s->machine.useful_count - next,
                                         names));
}

/* ---- addresses that come and go ---- */

static bool has_socket(const struct ice_sockets *s, const struct interface *interface)
{
    for (int i = 0; i < ICE_BASES_MAX; i++) {
        const struct ice_socket *socket = s->all[i];
        if (socket && socket->udp && address_is_same_host(&socket->local, &interface->address))
            return true;
    }
    return false;
}

static bool is_on_path(const struct ice_sockets *s, int number)
{
    const struct ice_route *route = ice_agent_route(s->agent);
    return route && route->base == number;
}

/* True when the path hung on it. */
static bool drop_socket(struct ice_sockets *s, int number)
{
    bool matters = is_on_path(s, number);
    bool is_udp = s->all[number]->udp != NULL;
    uint64_t now_us = clock_now_us();
    ice_sockets_close_one(s, number); /* the agent may take its number for another */
    if (is_udp)
        ice_agent_remove_base(s->agent, number, now_us);
    else
        ice_agent_base_closed(s->agent, number, "its address is gone", now_us);
    return matters;
}

/* Whether a VPN leads there, so that nothing of ours may go another way. */
static bool is_tunnelled(const struct ice_sockets *s, const struct address *to)
{
    return ice_interfaces_is_tunnelled(s->machine.list, s->machine.count, to);
}

/* There is a route. */
static bool is_route_tunnelled(const struct ice_sockets *s)
{
    struct address to = ice_to_sockaddr(&ice_agent_route(s->agent)->remote);
    return is_tunnelled(s, &to);
}

/* Containers and virtual machines come and go all day, and lead nowhere that
 * the others do not; where there is no path any more, everything counts. */
static bool is_way_out(const struct ice_sockets *s, const struct interface *interface)
{
    struct ice_address parsed = ice_from_sockaddr(&interface->address);
    enum ice_interface_kind kind = ice_interface_kind(interface->name, &parsed);
    return kind == ICE_INTERFACE_PHYSICAL || kind == ICE_INTERFACE_VPN ||
           !ice_agent_route(s->agent);
}

/* True when the default route has come to lead there: it is the way out now. */
static bool rank_anew(struct ice_socket *socket, const struct interface *interface)
{
    bool was_default = socket->is_default;
    if (interface->is_default == was_default)
        return false;
    socket->is_default = interface->is_default;
    ice_agent_set_default(socket->owner->agent, socket->number, interface->is_default);
    return !was_default && is_way_out(socket->owner, interface);
}

/* An interface that has lost its carrier keeps its socket, since a cable that
 * is pulled may come back; but the path is better led elsewhere at once. So is
 * one that passes by a VPN which has come up since. */
static bool check_socket(struct ice_sockets *s, int number)
{
    struct ice_socket *socket = s->all[number];
    if (socket->conn) {
        struct address local;
        conn_local_address(socket->conn, &local);
        return local.len > 0 && ice_interfaces_find(&s->machine, &local) < 0 &&
               drop_socket(s, number);
    }
    int index = ice_interfaces_find(&s->machine, &socket->local);
    if (index < 0)
        return drop_socket(s, number);
    const struct interface *interface = &s->machine.list[index];
    bool was_pinned = socket->is_pinned;
    pin(socket, interface);
    if (is_on_path(s, number) && (was_pinned || socket->is_pinned) && is_route_tunnelled(s))
        return drop_socket(s, number);
    bool has_lost = socket->is_running && !interface->has_carrier;
    socket->is_running = interface->has_carrier;
    bool is_new_way = rank_anew(socket, interface);
    return is_new_way || (has_lost && is_on_path(s, number));
}

/* Room for an address of that rank: the least of those in use gives way, but
 * for what the path hangs on. */
static bool make_room(struct ice_sockets *s, int rank)
{
    int least = -1;
    int least_rank = rank;
    if (count_open(s) < ICE_INTERFACES_MAX)
        return true;
    for (int i = 0; i < ICE_BASES_MAX; i++) {
        const struct ice_socket *socket = s->all[i];
        int its_rank =
            socket && socket->udp ? ice_interfaces_find(&s->machine, &socket->local) : -1;
        if (its_rank > least_rank && !is_on_path(s, i)) {
            least = i;
            least_rank = its_rank;
        }
    }
    if (least >= 0)
        drop_socket(s, least);
    return least >= 0;
}

bool ice_sockets_update(struct ice_sockets *s)
{
    bool matters = false;
    if (!ice_interfaces_look(&s->machine))
        return false;
    ice_servers_seek_nat64(s->servers, ice_interfaces_is_ipv6_only(&s->machine));
    for (int i = 0; i < ICE_BASES_MAX; i++) {
        if (s->all[i])
            matters |= check_socket(s, i);
    }
    for (int i = 0; i < s->machine.useful_count && !s->machine.list[i].is_loopback; i++) {
        const struct interface *interface = &s->machine.list[i];
        if (!has_socket(s, interface) && make_room(s, i) && open_interface(s, interface))
            matters |= is_way_out(s, interface);
    }
    return matters;
}

/* ---- sending ---- */

int ice_sockets_send(struct ice_sockets *s, int number, const struct ice_address *remote,
                     struct span bytes)
{
    const struct ice_socket *socket = s->all[number];
    if (!socket)
        return -ENETUNREACH;
    if (socket->conn)
        return ice_stream_send(socket, bytes);
    struct address to = ice_to_sockaddr(remote);
    if (socket->is_pinned && is_tunnelled(s, &to))
        return -EHOSTUNREACH;
    return udp_send(socket->udp, bytes, bytes.len, &to);
}

void ice_sockets_send_burst(struct ice_sockets *s, const struct ice_route *route,
                            const struct address *to, struct burst *burst)
{
    const struct ice_socket *socket = s->all[route->base];
    struct span bytes = span_of(burst->data, burst->len);
    int ignored = 0;
    if (socket && socket->conn)
        ignored = ice_sockets_send(s, route->base, NULL, bytes);
    else if (socket && burst->may_fragment)
        ignored = udp_send_in_fragments(socket->udp, bytes, burst->segment, to);
    else if (socket)
        ignored = udp_send(socket->udp, bytes, burst->segment, to);
    (void)ignored;
}
