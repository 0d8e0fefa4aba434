/*
 * What names a STUN or TURN server: "stun:host[:port]" (RFC 7064),
 * "turn:host[:port][?transport=udp|tcp]" or "turns:…" (RFC 7065).
 */
#ifndef NET_ICE_SERVER_URL_H
#define NET_ICE_SERVER_URL_H

#include <stdint.h>

#include "base/span.h"

enum ice_server_type { ICE_SERVER_STUN, ICE_SERVER_TURN };
enum ice_server_transport { ICE_SERVER_UDP, ICE_SERVER_TCP, ICE_SERVER_TLS };

struct ice_server_url {
    enum ice_server_type type;
    enum ice_server_transport transport;
    struct span host; /* without brackets, within the text */
    uint16_t port;
};

/* NULL, or what is wrong (static) as in url_parse(). */
const char *ice_server_url_parse(const char *url, struct ice_server_url *out);

#endif
