/*
 * What names a STUN or TURN server: "stun:host[:port]" (RFC 7064),
 * "turn:host[:port][?transport=udp|tcp]" or "turns:…" (RFC 7065).
 */
#ifndef RTC_ICE_SERVER_URL_H
#define RTC_ICE_SERVER_URL_H

#include <stdint.h>

#include "base/span.h"
#include "ice/turn.h"

enum ice_server_type { ICE_SERVER_STUN, ICE_SERVER_TURN };

struct ice_server_url {
    enum ice_server_type type;
    enum turn_transport transport;
    struct span host; /* without brackets, within the text */
    uint16_t port;
};

/* NULL, or what is wrong (static) as in url_parse(). */
const char *ice_server_url_parse(const char *url, struct ice_server_url *out);

/* 0, or -EINVAL with *why, the same. */
int ice_server_url_check(const char *url, const char **why);

#endif
