/*
 * A socket of a server in a cluster has a seat from its first message on, and
 * no place in the server's own rooms.
 */
#include "base/log.h"
#include "signal/server_internal.h"

static void on_deliver(void *owner, const struct signal_message *message, void *arg)
{
    struct socket *socket = owner;
    (void)arg;
    socket_tell(socket, seat_id(socket->seat), message);
}

static void on_pass(void *owner, struct span text, void *arg)
{
    (void)arg;
    socket_pass(owner, text);
}

static void on_expel(void *owner, const char *why, void *arg)
{
    struct socket *socket = owner;
    (void)arg;
    log_debug("socket %u: out of its room: %s", socket->number, why);
    if (!socket->doom && !socket->server->is_closed)
        socket_doom(socket, DOOM_PLACE);
}

void socket_seat_start(struct signal_server *server)
{
    const struct cluster_handlers handlers = {on_deliver, on_pass, on_expel, server};
    const struct signal_server_config *config = &server->config;
    if (config->cluster)
        server->cluster = cluster_redis_new(server->loop, config->cluster, config->cluster_tls,
                                            config->per_room_max, &handlers);
}

static struct seat *seat_of(struct socket *socket)
{
    if (!socket->seat)
        socket->seat = seat_new(cluster_redis_cluster(socket->server->cluster), socket);
    return socket->seat;
}

void socket_seat_take(struct socket *socket, struct span text, const struct signal_message *message)
{
    seat_take(seat_of(socket), text, message, clock_now_us());
}

void socket_seat_take_malformed(struct socket *socket, struct span text, int error,
                                enum signal_type type)
{
    seat_take_malformed(seat_of(socket), text, error, type, clock_now_us());
}
