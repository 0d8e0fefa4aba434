/*
 * The kernel tells it of no socket but the asker's own user's, and of who has
 * one, not of what was closed: "nobody" cannot be told from "somebody else".
 */
#include "net/endpoint_owner.h"

enum peer_owner endpoint_owner(const struct endpoint *peer, const struct endpoint *own)
{
    (void)peer, (void)own;
    return PEER_REMOTE;
}
