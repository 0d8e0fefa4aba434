/*
 * The status codes that a close frame carries (RFC 6455 section 7.4, and the
 * registry of IANA), and what they mean to a person.
 */
#ifndef NET_WEBSOCKET_CODE_H
#define NET_WEBSOCKET_CODE_H

#include <stdbool.h>

enum {
    WEBSOCKET_NORMAL = 1000,
    WEBSOCKET_GOING_AWAY = 1001,
    WEBSOCKET_PROTOCOL_ERROR = 1002,
    WEBSOCKET_UNSUPPORTED = 1003,
    WEBSOCKET_NO_STATUS = 1005, /* never on the wire */
    WEBSOCKET_ABNORMAL = 1006,  /* never on the wire */
    WEBSOCKET_INVALID_TEXT = 1007,
    WEBSOCKET_POLICY = 1008,
    WEBSOCKET_TOO_BIG = 1009,
    WEBSOCKET_TRY_LATER = 1013
};

/* Whether it may stand in a close frame. */
bool websocket_is_close_code(int code);

/* What the peer did, whom we close on with that code. */
const char *websocket_breach_text(int code);

/* Why the peer closes on us with that code, as in "a message of ours is too
 * big for it"; "no reason given" where the code says nothing. */
const char *websocket_code_text(int code);

#endif
