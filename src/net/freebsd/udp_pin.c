/*
 * No option leads a socket past the routing table but another table
 * (SO_SETFIB), which somebody would have to fill.
 */
#include "net/udp_internal.h"

void udp_pin(const struct udp *udp, unsigned interface_index)
{
    (void)udp, (void)interface_index;
}
