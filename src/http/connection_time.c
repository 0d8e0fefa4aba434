/*
 * What the time brings to a connection. A client that neither sends nor takes
 * anything may be gone; where its FIN cannot be read, since a body stands in
 * front of it that nobody takes, it is not even seen to have left. Its kernel
 * would go on for minutes offering the rest of that body. So the kernel is
 * asked, again and again, for as long as that lasts.
 */
#include "http/server_internal.h"

static void check_tail(struct http_connection *c)
{
    if (conn_queued(c->conn) == c->tail) {
        connection_reset(c);
        return;
    }
    c->tail = conn_queued(c->conn);
    server_schedule(c, TIMEOUT_TAIL);
}

/* A socket that is not found may be behind NAT, unless it was found before. */
static bool is_gone(struct http_connection *c, enum peer_owner owner)
{
    if (owner == PEER_OWNED)
        c->had_owner = true;
    return owner == PEER_ORPHANED || (owner == PEER_MISSING && c->had_owner);
}

void connection_check_client(struct http_connection *c)
{
    enum peer_owner owner = conn_peer_owner(c->conn, c->server->inquiry);
    bool is_late = c->has_ended && http_exchange_has_responded(c->exchange) && !c->is_half_closed;
    if (is_gone(c, owner) || (is_late && owner != PEER_OWNED)) {
        connection_abort(c);
        return;
    }
    c->is_half_closed = c->has_ended;
    if (owner == PEER_OWNED)
        server_schedule(c, TIMEOUT_CLIENT);
}

/* What stands in front of the client's FIN is less than the body still lacks,
 * or than the chunk under way does. TLS makes it no less than it was. */
static bool is_cut_off(const struct http_connection *c)
{
    size_t unread;
    return conn_has_end_behind(c->conn, &unread) && unread < c->body.left;
}

static void check_stalled(struct http_connection *c)
{
    if (is_gone(c, conn_peer_owner(c->conn, c->server->inquiry)) || is_cut_off(c))
        connection_abort(c);
    else
        server_schedule(c, TIMEOUT_STALL);
}

void connection_on_timeout(struct http_connection *c)
{
    if (c->state == CONNECTION_RESPONSE)
        connection_check_client(c);
    else if (c->state == CONNECTION_BODY)
        check_stalled(c);
    else if (c->state == CONNECTION_TAIL)
        check_tail(c);
    else if (c->state == CONNECTION_HEAD && c->in.bytes.len > 0)
        connection_refuse(c, 408);
    else
        connection_finish(c);
}
