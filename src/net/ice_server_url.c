#include "net/ice_server_url.h"

#include <string.h>

enum {
    PORT_DEFAULT = 3478, /* RFC 7064 section 3.2, RFC 7065 section 3.2 */
    PORT_TLS_DEFAULT = 5349,
    HOST_MAX = 255, /* of a DNS name */
};

static bool strip_prefix(struct span *text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (text->len < len || !span_is_string_nocase(span_of(text->data, len), prefix))
        return false;
    *text = span_skip(*text, len);
    return true;
}

static bool parse_scheme(struct span *rest, struct ice_server_url *out)
{
    *out = (struct ice_server_url){.type = ICE_SERVER_TURN, .port = PORT_DEFAULT};
    if (strip_prefix(rest, "stun:")) {
        out->type = ICE_SERVER_STUN;
    } else if (strip_prefix(rest, "turns:")) {
        out->transport = ICE_SERVER_TLS;
        out->port = PORT_TLS_DEFAULT;
    } else if (!strip_prefix(rest, "turn:")) {
        return false;
    }
    return true;
}

static bool parse_port(struct span text, uint16_t *out)
{
    uint32_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || value > UINT16_MAX)
            return false;
        value = value * 10 + (uint32_t)(text.data[i] - '0');
    }
    *out = (uint16_t)value;
    return text.len > 0 && value > 0 && value <= UINT16_MAX;
}

/* "host", "host:port", "[v6]" or "[v6]:port". */
static const char *parse_authority(struct span text, struct ice_server_url *out)
{
    size_t host_len;
    bool is_bracketed = text.len > 0 && text.data[0] == '[';
    if (is_bracketed) {
        const uint8_t *end = memchr(text.data, ']', text.len);
        if (!end)
            return "has a '[' without ']'";
        host_len = (size_t)(end - text.data) + 1;
        out->host = span_of(text.data + 1, host_len - 2);
    } else {
        const uint8_t *end = memchr(text.data, ':', text.len);
        host_len = end ? (size_t)(end - text.data) : text.len;
        out->host = span_of(text.data, host_len);
    }
    if (out->host.len == 0 || out->host.len > HOST_MAX)
        return "has no host, or one whose name is longer than 255 bytes";
    for (size_t i = 0; i < out->host.len; i++) {
        if (out->host.data[i] <= ' ' || strchr("/@?#[]", out->host.data[i]))
            return "has a host with a character that no name has";
    }
    struct span port = span_skip(text, host_len);
    if (port.len == 0)
        return NULL;
    if (port.data[0] != ':' || !parse_port(span_skip(port, 1), &out->port))
        return "must have a port of 1 to 65535 behind the host's ':'";
    return NULL;
}

static const char *parse_query(struct span text, struct ice_server_url *out)
{
    if (out->type == ICE_SERVER_STUN)
        return "must have no '?', which is for turn: URLs";
    if (span_is_string_nocase(text, "transport=udp") && out->transport == ICE_SERVER_UDP)
        return NULL;
    if (!span_is_string_nocase(text, "transport=tcp"))
        return out->transport == ICE_SERVER_UDP
                   ? "must have transport=udp or transport=tcp behind its '?'"
                   : "must have transport=tcp behind its '?', since TLS goes by TCP";
    if (out->transport == ICE_SERVER_UDP)
        out->transport = ICE_SERVER_TCP;
    return NULL;
}

const char *ice_server_url_parse(const char *url, struct ice_server_url *out)
{
    struct span rest = span_from_string(url);
    if (!parse_scheme(&rest, out))
        return "must begin with stun:, turn: or turns:";
    const uint8_t *query = memchr(rest.data, '?', rest.len);
    struct span authority = rest;
    if (query) {
        authority.len = (size_t)(query - rest.data);
        const char *why = parse_query(span_skip(rest, authority.len + 1), out);
        if (why)
            return why;
    }
    return parse_authority(authority, out);
}
