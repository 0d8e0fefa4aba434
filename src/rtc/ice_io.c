/*
 * The agent decides, this file does: it calls the agent with what the sockets
 * bring and when its deadline comes, and turns its events into the owner's.
 *
 * Events come out of the agent while it is at work, so what may make the
 * owner close us (connected, failed) is told in a turn of its own; candidates
 * and datagrams are told at once.
 *
 * Servers are given to the agent as their names are resolved; host candidates
 * never wait for that.
 */
#include "rtc/ice_io.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "ice/turn_frame.h"
#include "net/deadline.h"
#include "rtc/ice_address.h"
#include "rtc/ice_io_internal.h"

_Static_assert((int)PATH_BURST_BYTES <= (int)LOOP_ROOM_LEN, "a burst fits its room");

static uint64_t next_us(void *arg)
{
    return ice_agent_deadline(((const struct ice_io *)arg)->agent);
}

static void on_due(void *arg)
{
    ice_agent_on_deadline(((struct ice_io *)arg)->agent, clock_now_us());
}

/* ---- events of the agent ---- */

static enum peer_path_state path_state(const struct ice_io *io)
{
    if (!ice_agent_route(io->agent))
        return PEER_PATH_LOST;
    return ice_agent_state(io->agent) == ICE_DISCONNECTED ? PEER_PATH_SILENT : PEER_PATH_WORKS;
}

static void tell_change(struct ice_io *io)
{
    enum peer_path_state state = path_state(io);
    bool is_other = io->has_new_route;
    if (state == io->told_path && !is_other)
        return;
    io->told_path = state;
    io->has_new_route = false;
    io->path.handlers->on_change(state, is_other, io->path.arg);
}

static void tell(void *arg)
{
    struct ice_io *io = arg;
    io->is_telling = false;
    if (io->is_closed)
        return;
    if (io->phase == FAILED) {
        io->phase = SEEKING; /* where it is restarted */
        io->path.handlers->on_failed(io->failure, io->path.arg);
    } else if (io->phase == FOUND) {
        io->phase = CONNECTED;
        io->has_new_route = false;
        io->path.handlers->on_connected(io->path.arg);
    }
    if (io->phase == CONNECTED && !io->is_closed)
        tell_change(io);
}

static void tell_later(struct ice_io *io)
{
    if (io->is_telling)
        return;
    io->is_telling = true;
    loop_defer(io->loop, tell, io);
}

static int on_agent_datagram(void *arg, int base, const struct ice_address *remote,
                             struct span bytes)
{
    struct ice_io *io = arg;
    return ice_sockets_send(&io->sockets, base, remote, bytes);
}

static void on_agent_candidate(void *arg, const char *line)
{
    struct ice_io *io = arg;
    io->on_candidate(line, io->arg);
}

static void on_agent_state(void *arg, enum ice_state state, const char *text)
{
    struct ice_io *io = arg;
    log_debug("ice: %s%s%s", ice_state_name(state), *text ? ": " : "", text);
    if (state == ICE_FAILED && io->phase == SEEKING) {
        io->phase = FAILED;
        char failure[ICE_REPORT_MAX + 128];
        snprintf(failure, sizeof failure, "no path to the other side works%s (%s)",
                 ice_servers_has_turn(io->servers) ? "" : ", and there is no TURN server", text);
        free(io->failure);
        io->failure = xstrdup(failure);
    }
    tell_later(io);
}

/* What the whole report says only when all else has been given up, too. */
static void on_agent_no_relay(void *arg, const struct ice_address *server, const char *text)
{
    struct ice_io *io = arg;
    char address[ICE_ADDRESS_TEXT_LEN];
    if (!io->has_told_no_relay)
        log_warn("ice: the TURN server %s gives no relay: %s", ice_address_format(server, address),
                 text);
    io->has_told_no_relay = true;
}

static void on_agent_route(void *arg)
{
    struct ice_io *io = arg;
    const struct ice_route *route = ice_agent_route(io->agent);
    if (!route) {
        rtc_path_shut(&io->path);
    } else {
        rtc_path_open(&io->path, route->channel ? TURN_CHANNEL_HEADER_LEN : 0,
                      route->is_stream ? TURN_STREAM_ALIGNMENT : 1);
        io->route_to = ice_to_sockaddr(&route->remote);
        io->has_new_route = true;
        if (io->phase != CONNECTED)
            io->phase = FOUND;
    }
    tell_later(io);
}

static void on_agent_open_base(void *arg, int base, const struct ice_agent_server *server)
{
    ice_sockets_connect(&((struct ice_io *)arg)->sockets, base, server);
}

static void on_agent_close_base(void *arg, int base)
{
    ice_sockets_close_one(&((struct ice_io *)arg)->sockets, base);
}

static void on_agent_resolve(void *arg, int id, const char *name)
{
    ice_lookups_start(&((struct ice_io *)arg)->lookups, id, name);
}

static void on_agent_fill(void *arg, struct stun_writer *w, bool is_first)
{
    struct ice_io *io = arg;
    if (io->on_fill && !io->is_closed)
        io->on_fill(w, is_first, io->arg);
}

static void on_agent_binding(void *arg, const struct stun_message *m)
{
    struct ice_io *io = arg;
    if (io->on_binding && !io->is_closed)
        io->on_binding(m, io->arg);
}

/* ---- what sockets and look-ups bring ---- */

static void free_io(void *arg)
{
    struct ice_io *io = arg;
    free(io->failure);
    free(io);
}

/* Who is told of the failure closes, and says why afterwards. */
static void shut(struct ice_io *io)
{
    ice_lookups_stop(&io->lookups);
    ice_agent_free(io->agent, clock_now_us());
    ice_sockets_deinit(&io->sockets);
    loop_defer(io->loop, free_io, io);
}

static void on_datagram(struct span datagram, void *arg)
{
    struct ice_io *io = arg;
    io->path.handlers->on_datagram(datagram, io->path.arg);
}

static void on_fed(void *arg)
{
    deadline_touch(((struct ice_io *)arg)->deadline);
}

static void on_unread(void *arg)
{
    shut(arg);
}

static void on_resolved(int id, const struct ice_address *address, void *arg)
{
    struct ice_io *io = arg;
    ice_agent_resolved(io->agent, id, address, clock_now_us());
    deadline_touch(io->deadline);
}

/* ---- servers ---- */

/* When nothing but the servers themselves is waited for. */
static void on_settled(void *arg)
{
    struct ice_io *io = arg;
    if (!ice_servers_is_pending(io->servers) && !ice_sockets_is_pending(&io->sockets))
        ice_agent_end_servers(io->agent, clock_now_us());
    deadline_touch(io->deadline);
}

static void give_servers(struct ice_io *io)
{
    if (io->servers)
        ice_servers_give(io->servers, io->agent, io->has_server, clock_now_us());
}

static void on_servers_change(void *arg)
{
    give_servers(arg);
    on_settled(arg);
}

/* ---- life ---- */

static const struct ice_agent_handlers agent_handlers = {
    .on_datagram = on_agent_datagram,
    .on_candidate = on_agent_candidate,
    .on_state = on_agent_state,
    .on_route = on_agent_route,
    .on_open_base = on_agent_open_base,
    .on_close_base = on_agent_close_base,
    .on_resolve = on_agent_resolve,
    .on_fill = on_agent_fill,
    .on_binding = on_agent_binding,
    .on_no_relay = on_agent_no_relay,
};

struct ice_io *ice_io_new(struct loop *loop, const struct ice_io_config *config,
                          void (*on_candidate)(const char *candidate, void *arg), void *arg)
{
    static const struct ice_sockets_handlers socket_handlers = {
        .on_datagram = on_datagram,
        .on_fed = on_fed,
        .on_unread = on_unread,
        .on_settled = on_settled,
    };
    struct ice_io *io = xcalloc(1, sizeof *io);
    io->loop = loop;
    io->on_candidate = on_candidate;
    io->on_fill = config->on_fill;
    io->on_binding = config->on_binding;
    io->arg = arg;
    rtc_path_init(&io->path, &ice_io_path_ops, loop_room(loop, LOOP_ROOM_BURST));
    io->deadline = deadline_new_touched(loop, next_us, on_due, io);
    io->servers = config->servers;
    list_init(&io->watch.link);
    io->watch.on_change = on_servers_change;
    io->watch.arg = io;
    struct ice_agent_config agent_config = {
        .is_controlling = config->is_controlling,
        .is_relay_only = config->is_relay_only,
        .budget = config->servers ? ice_servers_budget(config->servers) : NULL,
        .mappings = config->servers ? ice_servers_mappings(config->servers) : NULL,
    };
    random_bytes(agent_config.seed, sizeof agent_config.seed);
    io->agent = ice_agent_new(&agent_config, &agent_handlers, io);
    ice_sockets_init(&io->sockets, loop, io->agent, config->servers, &socket_handlers, io);
    ice_lookups_init(&io->lookups, loop, on_resolved, io);
    return io;
}

void ice_io_close(struct ice_io *io)
{
    if (!io || io->is_closed)
        return;
    io->is_closed = true;
    ice_servers_unwatch(&io->watch);
    deadline_free(io->deadline);
    io->deadline = NULL;
    if (ice_sockets_close(&io->sockets))
        shut(io);
}

const char *ice_io_local_ufrag(const struct ice_io *io)
{
    return ice_agent_local_ufrag(io->agent);
}

const char *ice_io_local_pwd(const struct ice_io *io)
{
    return ice_agent_local_pwd(io->agent);
}

void ice_io_gather(struct ice_io *io)
{
    ice_sockets_open(&io->sockets);
    bool is_pending = false;
    if (io->servers) {
        give_servers(io);
        is_pending = ice_servers_is_pending(io->servers);
        if (is_pending)
            ice_servers_watch(io->servers, &io->watch);
        is_pending |= ice_sockets_is_pending(&io->sockets);
    }
    ice_agent_gather(io->agent, is_pending, clock_now_us());
    deadline_touch(io->deadline);
}

bool ice_io_update_addresses(struct ice_io *io)
{
    deadline_touch(io->deadline);
    return ice_sockets_update(&io->sockets);
}

void ice_io_restart(struct ice_io *io)
{
    ice_lookups_stop(&io->lookups); /* of candidates that no longer count */
    give_servers(io);
    ice_agent_restart(io->agent, clock_now_us());
    deadline_touch(io->deadline);
}

void ice_io_ask(struct ice_io *io)
{
    ice_agent_ask(io->agent, clock_now_us());
    deadline_touch(io->deadline);
}

/* ---- the other side ---- */

int ice_io_set_remote_credentials(struct ice_io *io, const char *ufrag, const char *pwd)
{
    give_servers(io);
    int result = ice_agent_set_remote(io->agent, ufrag, pwd, clock_now_us());
    deadline_touch(io->deadline);
    if (result > 0)
        ice_lookups_stop(&io->lookups);
    return result < 0 ? result : 0;
}

void ice_io_set_remote_pacing(struct ice_io *io, unsigned pacing_ms)
{
    ice_agent_set_remote_pacing(io->agent, pacing_ms * US_PER_MS);
}

int ice_io_add_remote_candidate(struct ice_io *io, const char *candidate)
{
    deadline_touch(io->deadline);
    return ice_agent_add_remote(io->agent, span_from_string(candidate), clock_now_us());
}

void ice_io_end_of_remote_candidates(struct ice_io *io)
{
    ice_agent_end_remote(io->agent, clock_now_us());
    deadline_touch(io->deadline);
}
