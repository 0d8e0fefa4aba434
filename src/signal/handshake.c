/*
 * Both halves of section 4, side by side so that one can be read against the
 * other. Extensions are never offered and never accepted.
 */
#include "signal/handshake.h"

#include <errno.h>

#include "base/alloc.h"
#include "http/write.h"

static bool field_is(struct http_fields fields, const char *name, const char *value)
{
    const struct http_field *field = http_fields_find(fields, name);
    return field && span_is_string(field->value, value);
}

bool handshake_is_upgrade(const struct http_request *request)
{
    return http_fields_list_has(request->fields, "Upgrade", "websocket");
}

/* 16 bytes in base64: 22 characters that matter, and "==". */
static bool is_key(struct span key)
{
    if (key.len != WEBSOCKET_KEY_LEN || key.data[22] != '=' || key.data[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++) {
        uint8_t c = key.data[i];
        if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
            c != '+' && c != '/')
            return false;
    }
    return true;
}

/* Section 4.2.1. */
const char *handshake_check_request(const struct http_request *request, struct span *key)
{
    if (!span_is_string(request->method, "GET") || request->minor_version < 1)
        return "a WebSocket handshake is a GET of HTTP/1.1";
    if (!http_fields_list_has(request->fields, "Connection", "upgrade"))
        return "the WebSocket handshake lacks Connection: Upgrade";
    if (request->framing != HTTP_BODY_PIPE)
        return "a WebSocket handshake has no content";
    if (!field_is(request->fields, "Sec-WebSocket-Version", "13"))
        return "the WebSocket version must be 13";
    const struct http_field *field = http_fields_find(request->fields, "Sec-WebSocket-Key");
    if (!field || !is_key(field->value))
        return "the WebSocket handshake lacks a Sec-WebSocket-Key of 16 bytes";
    *key = field->value;
    return NULL;
}

struct span handshake_subprotocol(const struct http_request *request)
{
    const struct http_field *field = http_fields_find(request->fields, "Sec-WebSocket-Protocol");
    struct span first = field ? field->value : (struct span){0};
    for (size_t i = 0; i < first.len; i++) {
        if (first.data[i] == ',' || first.data[i] == ' ' || first.data[i] == '\t')
            first.len = i;
    }
    return http_is_token(first) ? first : (struct span){0};
}

int handshake_write_request(struct buf *out, const char *path, const char *authority,
                            const char *key)
{
    const struct {
        const char *name;
        const char *value;
    } fields[] = {{"Host", authority},
                  {"Upgrade", "websocket"},
                  {"Connection", "Upgrade"},
                  {"Sec-WebSocket-Key", key},
                  {"Sec-WebSocket-Version", "13"}};
    int error = http_write_request_line(out, SPAN_LITERAL("GET"), span_from_string(path));
    for (size_t i = 0; i < sizeof fields / sizeof *fields && error == 0; i++)
        error = http_write_field(out, span_from_string(fields[i].name),
                                 span_from_string(fields[i].value));
    return error ? error : http_write_end_of_head(out);
}

/* Where a redirect leads, as a URL for WebSocket. */
static char *explain_redirect(const struct http_response *response)
{
    const struct http_field *field = http_fields_find(response->fields, "Location");
    struct span to = field ? field->value : (struct span){0};
    if (to.len == 0)
        return xasprintf("answered HTTP %d, and not where to go", response->status);
    bool is_http = span_starts_with(to, "http://") || span_starts_with(to, "https://");
    if (is_http)
        to = span_skip(to, 4);
    return xasprintf("answered HTTP %d: it has moved to %s%.*s", response->status,
                     is_http ? "ws" : "", SPAN_ARG(to));
}

#define IN_BETWEEN                                                               \
    "a web server in front of it does not pass WebSocket on (nginx needs three " \
    "lines: see README.md)"

char *handshake_explain(const struct http_response *response)
{
    static const struct {
        int status;
        const char *text;
    } hints[] = {
        {400, IN_BETWEEN ", or its port speaks TLS: wss://"},
        {401, "something in front of it wants a login"},
        {403, "something in front of it does not let us in"},
        {404, "there is no signal server at that path"},
        {426, IN_BETWEEN},
        {429, "it has too many connections from this address (behind a web server, it needs "
              "--max-per-address 0)"},
        {502, "the web server in front of it does not reach it; is it running?"},
        {503, "it is full, or the web server in front of it does not reach it"},
        {504, "the web server in front of it does not reach it; is it running?"},
    };
    int status = response->status;
    if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308)
        return explain_redirect(response);
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        if (hints[i].status == status)
            return xasprintf("answered HTTP %d: %s", status, hints[i].text);
    }
    return xasprintf("answered HTTP %d, not a WebSocket handshake", status);
}

/* Section 4.1, the list at its end. */
bool handshake_is_accepted(const struct http_response *response, const char *key)
{
    char accept[WEBSOCKET_ACCEPT_LEN + 1];
    websocket_accept_key(span_from_string(key), accept);
    return http_fields_list_has(response->fields, "Upgrade", "websocket") &&
           http_fields_list_has(response->fields, "Connection", "upgrade") &&
           field_is(response->fields, "Sec-WebSocket-Accept", accept) &&
           !http_fields_find(response->fields, "Sec-WebSocket-Extensions");
}
