/*
 * A room lives in one worker, and a socket is accepted where its address
 * belongs: its join says where it is to be. Its descriptor goes there, with
 * what was read of it. What cannot move, such as TLS, stays behind a pump, the
 * other end of which moves.
 *
 * A socket that is served by another worker than its owner, and has no room
 * there, was refused; its next join is its owner's to count, and goes back.
 */
#include <stdlib.h>

#include "base/log.h"
#include "net/pump.h"
#include "signal/server_internal.h"

/* From where it comes; all zero behind a pump. */
static struct address address_of(const struct socket *socket)
{
    struct address address = {0};
    conn_peer_address(websocket_conn(socket->ws), &address);
    bool is_ip = address.storage.ss_family == AF_INET || address.storage.ss_family == AF_INET6;
    return is_ip ? address : (struct address){0};
}

/* What the other worker is to have, or -1. *rest is what goes with it. */
static int descriptor_of(struct signal_server *server, struct conn *conn, struct span *rest)
{
    int fd = rest->len <= WORKER_REST_MAX ? conn_surrender(conn) : -1;
    if (fd >= 0)
        return fd;
    fd = pump_new(server->loop, conn, *rest, &server->pumps);
    *rest = (struct span){0};
    return fd;
}

static void send_away(struct socket *socket, const struct signal_message *join, int to)
{
    struct signal_server *server = socket->server;
    struct worker_message message = {
        .type = WORKER_SOCKET,
        .owner = (uint8_t)(socket->source ? worker_link_index(server->workers) : socket->owner),
        .number = socket->number,
        .bucket_filled_at = socket->bucket.filled_at_us,
        .address = address_of(socket),
    };
    log_debug("socket %u: goes to worker %d", socket->number, to);
    if (socket->source)
        worker_link_lend(server->workers, socket->number, socket->source, to);
    char *text = signal_message_encode(join);
    message.join = span_from_string(text);
    struct conn *conn = websocket_surrender(socket_let_go(socket), &message.rest);
    int fd = descriptor_of(server, conn, &message.rest);
    worker_link_send(server->workers, to, &message, fd);
    free(text);
}

bool socket_hand_over(struct socket *socket, const struct signal_message *join)
{
    struct worker_link *workers = socket->server->workers;
    int to = socket->source ? worker_link_find(workers, join->room) : socket->owner;
    if (to == worker_link_index(workers) || socket_is_in_room(socket))
        return false;
    if (worker_link_is_full(workers, to)) {
        log_warn("socket %u: join refused: worker %d does not keep up", socket->number, to);
        room_refuse(socket->server->rooms, &socket->member, SIGNAL_CODE_TOO_MANY_JOINS,
                    "too many joins at a time; try again later");
        return true;
    }
    send_away(socket, join, to);
    return true;
}

/* What is behind a pump ends with its owner. */
void socket_claim(struct socket *socket)
{
    struct worker_message claim = {.type = WORKER_CLAIM,
                                   .number = socket->number,
                                   .address = address_of(socket)};
    claim.owner = (uint8_t)socket->owner;
    if (claim.address.len > 0)
        worker_link_send(socket->server->workers, socket->owner, &claim, -1);
}

void socket_claim_all(int owner, void *arg)
{
    struct signal_server *server = arg;
    LIST_EACH(link, tmp, &server->sockets) {
        struct socket *socket = socket_of(link);
        if (!socket->source && socket->owner == owner)
            socket_claim(socket);
    }
}
