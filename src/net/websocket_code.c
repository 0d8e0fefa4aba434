#include "net/websocket_code.h"

#include <stddef.h>

bool websocket_is_close_code(int code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != WEBSOCKET_NO_STATUS &&
            code != WEBSOCKET_ABNORMAL) ||
           (code >= 3000 && code <= 4999);
}

const char *websocket_breach_text(int code)
{
    switch (code) {
    case WEBSOCKET_UNSUPPORTED:
        return "a binary message came where only text is understood";
    case WEBSOCKET_INVALID_TEXT:
        return "a message is not UTF-8";
    case WEBSOCKET_TOO_BIG:
        return "a message is too big";
    default:
        return "the WebSocket protocol was broken";
    }
}

const char *websocket_code_text(int code)
{
    static const struct {
        int code;
        const char *text;
    } texts[] = {
        {WEBSOCKET_NORMAL, "it has ended the visit"},
        {WEBSOCKET_GOING_AWAY, "it is going away"},
        {WEBSOCKET_PROTOCOL_ERROR, "it says that we broke the WebSocket protocol"},
        {WEBSOCKET_UNSUPPORTED, "it does not take that kind of message"},
        {WEBSOCKET_INVALID_TEXT, "it says that a message of ours is not UTF-8"},
        {WEBSOCKET_POLICY, "we broke a rule of its own"},
        {WEBSOCKET_TOO_BIG, "a message of ours is too big for it"},
        {1010, "it misses an extension"},
        {1011, "it has failed"},
        {1012, "it restarts"},
        {WEBSOCKET_TRY_LATER, "it has too much to do; try again later"},
        {1014, "what stands in front of it does not reach it"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].code == code)
            return texts[i].text;
    }
    return "no reason given";
}
