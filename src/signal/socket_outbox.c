/*
 * What waits for a socket.
 */
#include "signal/server_internal.h"

void socket_look_at_outbox(struct socket *socket, uint64_t now_us)
{
    /* What is doomed counts for nothing any more. */
    size_t len = socket->doom ? 0 : websocket_queued(socket->ws);
    outbox_look(&socket->outbox, &socket->server->queued, len, now_us);
    uint64_t stuck_at_us = socket->outbox.moved_at_us + socket->server->config.stuck_us;
    if (socket->outbox.len > 0 && stuck_at_us < socket->check.at_us)
        wheel_put(&socket->server->checks, &socket->check, stuck_at_us);
}
