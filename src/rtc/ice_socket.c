#include "rtc/ice_socket.h"

#include <stdlib.h>

#include "base/alloc.h"

struct ice_socket *ice_socket_new(struct ice_sockets *s)
{
    struct ice_socket *socket = xcalloc(1, sizeof *socket);
    socket->owner = s;
    return socket;
}

void ice_sockets_close_one(struct ice_sockets *s, int number)
{
    struct ice_socket *socket = s->all[number];
    if (!socket)
        return;
    s->all[number] = NULL;
    if (socket->udp)
        udp_close(socket->udp);
    port_mapping_close(socket->mapping);
    s->pending -= socket->awaits_router;
    if (socket->conn)
        conn_close(socket->conn);
    /* Its own handler may be on the stack. */
    loop_defer(s->loop, free, socket);
}
