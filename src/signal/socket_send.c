/*
 * What a socket is told, as long as it reads.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "signal/server_internal.h"

/* Looks at all; the one whose messages have not moved for longest, or NULL. */
static struct socket *longest_stuck(struct signal_server *server, uint64_t now_us)
{
    struct socket *longest = NULL;
    uint64_t longest_us = 0;
    LIST_EACH(link, tmp, &server->sockets) {
        struct socket *socket = socket_of(link);
        socket_look_at_outbox(socket, now_us);
        uint64_t stuck_us = outbox_stuck_us(&socket->outbox, now_us);
        if (socket->outbox.len > 0 && (!longest || stuck_us > longest_us)) {
            longest = socket;
            longest_us = stuck_us;
        }
    }
    return longest;
}

static void keep_to_budget(struct signal_server *server, uint64_t now_us)
{
    while (server->queued > server->config.queues_max) {
        struct socket *socket = longest_stuck(server, now_us);
        /* Looking may have shown that they are shorter by now. */
        if (server->queued > server->config.queues_max)
            socket_doom(socket, DOOM_CROWD);
    }
}

size_t socket_rate(const struct socket *socket)
{
    size_t others =
        socket->seat ? seat_count_others(socket->seat) : room_count_others(&socket->member);
    return (others > 1 ? others : 1) * socket->server->config.messages_per_s;
}

/* A text in parts. */
static void send_text(struct socket *socket, const struct span *parts, size_t count)
{
    struct signal_server *server = socket->server;
    uint64_t now_us = loop_now_us(server->loop);
    socket_look_at_outbox(socket, now_us);
    websocket_send_soon(socket->ws, parts, count);
    server->counts.messages_sent++;
    server->counts.sent_bytes += span_total(parts, count);
    socket_look_at_outbox(socket, now_us);
    if (socket->outbox.len > server->config.queue_max)
        socket_doom(socket, DOOM_SLOW);
    keep_to_budget(server, now_us);
}

void socket_pass(struct socket *socket, struct span text)
{
    if (!socket->doom && !socket->server->is_closed)
        send_text(socket, &text, 1);
}

/* What one member says to another. */
static void pass_on(struct socket *socket, const struct signal_message *message)
{
    struct span parts[SIGNAL_PASSED_ON_PARTS];
    signal_message_pass_on(message, parts);
    send_text(socket, parts, SIGNAL_PASSED_ON_PARTS);
}

void socket_tell(struct socket *socket, const char *peer_id, const struct signal_message *message)
{
    struct signal_server *server = socket->server;
    if (socket->doom || server->is_closed) /* nobody leaves when all go */
        return;
    if (message->raw.len > 0) {
        pass_on(socket, message);
        return;
    }
    struct signal_message sent = *message;
    if (sent.type == SIGNAL_JOINED || sent.type == SIGNAL_ICE_SERVERS)
        ice_credentials_make(&server->config.ice, peer_id, time(NULL), &sent);
    if (sent.type == SIGNAL_JOINED)
        socket_relay_join(socket, &sent);
    char *text = signal_message_encode(&sent);
    struct span whole = span_from_string(text);
    ice_credentials_clear(&sent);
    if (sent.type == SIGNAL_ERROR && sent.code == SIGNAL_CODE_ROOM_FULL)
        server->counts.limits[SIGNAL_LIMIT_ROOM]++;
    /* Who comes again and again must not make others talk too much. */
    if (message->type == SIGNAL_PEER_JOINED)
        bucket_give(&socket->bucket, socket_rate(socket), server->config.messages_per_s);
    send_text(socket, &whole, 1);
    free(text);
}

void socket_on_room_send(struct room_member *to, const struct signal_message *message, void *arg)
{
    (void)arg;
    socket_tell(LIST_ENTRY(to, struct socket, member), to->id, message);
}
