/*
 * The line is cut into tokens at single spaces; the six fixed ones are
 * followed by pairs of a name and a value, of which typ, raddr, rport and
 * tcptype matter.
 */
#include "ice/candidate.h"

#include <errno.h>
#include <stdio.h>

#include "base/bytes.h"

static const char *const type_names[] = {
    [ICE_CANDIDATE_HOST] = "host",
    [ICE_CANDIDATE_SRFLX] = "srflx",
    [ICE_CANDIDATE_PRFLX] = "prflx",
    [ICE_CANDIDATE_RELAY] = "relay",
};

const char *ice_candidate_type_name(enum ice_candidate_type type)
{
    return type_names[type];
}

/* The next token; empty at the end. Several spaces count as one. */
static struct span next_token(struct span *rest)
{
    while (rest->len > 0 && rest->data[0] == ' ')
        *rest = span_skip(*rest, 1);
    size_t len = 0;
    while (len < rest->len && rest->data[len] != ' ')
        len++;
    struct span token = span_of(rest->data, len);
    *rest = span_skip(*rest, len);
    return token;
}

/* A decimal number of at most max. */
static bool parse_number(struct span s, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (s.len == 0 || s.len > 10)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(s.data[i] - '0');
    }
    *out = value;
    return value <= max;
}

static bool parse_type(struct span s, enum ice_candidate_type *out)
{
    for (int i = ICE_CANDIDATE_HOST; i <= ICE_CANDIDATE_RELAY; i++) {
        if (span_is_string_nocase(s, type_names[i])) {
            *out = (enum ice_candidate_type)i;
            return true;
        }
    }
    return false;
}

static bool is_ice_chars(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.data[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '+' || c == '/' || c == '-' || c == '_' || c == '=';
        if (!ok)
            return false;
    }
    return true;
}

/* A name that multicast DNS can resolve: letters, digits, '-' and dots, and
 * .local at its end. */
static bool is_local_name(struct span s)
{
    static const char suffix[] = ".local";
    size_t suffix_len = sizeof suffix - 1;
    if (s.len <= suffix_len || s.len > ICE_HOSTNAME_MAX)
        return false;
    if (!span_is_string_nocase(span_skip(s, s.len - suffix_len), suffix))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.data[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || (c == '.' && i > 0 && s.data[i - 1] != '.');
        if (!ok)
            return false;
    }
    return true;
}

/* Foundation, component, transport, priority, address and port. */
static int parse_fixed(struct span *rest, struct ice_candidate *c)
{
    uint64_t number;
    struct span foundation = next_token(rest);
    if (foundation.len == 0 || foundation.len > ICE_FOUNDATION_MAX || !is_ice_chars(foundation))
        return -EINVAL;
    memcpy(c->foundation, foundation.data, foundation.len);
    if (!parse_number(next_token(rest), 256, &number) || number == 0)
        return -EINVAL;
    c->component = (uint32_t)number;
    struct span transport = next_token(rest);
    c->is_tcp = span_is_string_nocase(transport, "tcp");
    bool is_known = c->is_tcp || span_is_string_nocase(transport, "udp");
    if (transport.len == 0 || !parse_number(next_token(rest), UINT32_MAX, &number))
        return -EINVAL;
    c->priority = (uint32_t)number;
    struct span address = next_token(rest);
    if (address.len == 0 || !parse_number(next_token(rest), UINT16_MAX, &number))
        return -EINVAL;
    c->address.port = (uint16_t)number;
    if (!is_known)
        return -EOPNOTSUPP;
    if (ice_address_parse(address, c->address.port, &c->address) == 0)
        return 0;
    if (!is_local_name(address))
        return -EOPNOTSUPP;
    memcpy(c->hostname, address.data, address.len);
    return 0;
}

int ice_candidate_parse(struct span line, struct ice_candidate *out)
{
    struct ice_candidate c = {0};
    struct span rest = line;
    bool has_type = false;
    struct span raddr = {0};
    uint64_t rport = 0;
    if (line.len > ICE_CANDIDATE_LINE_MAX)
        return -EINVAL;
    if (span_starts_with(rest, "a="))
        rest = span_skip(rest, 2);
    if (!span_starts_with(rest, "candidate:"))
        return -EINVAL;
    rest = span_skip(rest, strlen("candidate:"));
    while (rest.len > 0 && (rest.data[rest.len - 1] == '\r' || rest.data[rest.len - 1] == '\n'))
        rest.len--;
    int error = parse_fixed(&rest, &c);
    if (error < 0)
        return error;
    for (struct span name; (name = next_token(&rest)).len > 0;) {
        struct span value = next_token(&rest);
        if (span_is_string_nocase(name, "typ")) {
            if (has_type || !parse_type(value, &c.type))
                return -EINVAL;
            has_type = true;
        } else if (span_is_string_nocase(name, "raddr")) {
            raddr = value;
        } else if (span_is_string_nocase(name, "rport") &&
                   !parse_number(value, UINT16_MAX, &rport)) {
            return -EINVAL;
        }
    }
    if (!has_type)
        return -EINVAL;
    if (raddr.len > 0) /* for people only: one that does not parse is no harm */
        (void)ice_address_parse(raddr, (uint16_t)rport, &c.related);
    *out = c;
    return 0;
}

const char *ice_candidate_format(const struct ice_candidate *c, char out[ICE_CANDIDATE_LINE_MAX])
{
    char ip[ICE_ADDRESS_TEXT_LEN];
    char related_ip[ICE_ADDRESS_TEXT_LEN];
    int len = snprintf(out, ICE_CANDIDATE_LINE_MAX, "candidate:%s %u %s %u %s %u typ %s",
                       c->foundation, c->component, c->is_tcp ? "tcp" : "udp", c->priority,
                       c->hostname[0] ? c->hostname : ice_address_format_ip(&c->address, ip),
                       c->address.port, type_names[c->type]);
    if (c->type != ICE_CANDIDATE_HOST && c->related.family != ICE_FAMILY_NONE)
        snprintf(out + len, ICE_CANDIDATE_LINE_MAX - (size_t)len, " raddr %s rport %u",
                 ice_address_format_ip(&c->related, related_ip), c->related.port);
    return out;
}

uint32_t ice_candidate_priority(enum ice_candidate_type type, uint16_t local_preference)
{
    static const uint32_t preference[] = {
        [ICE_CANDIDATE_HOST] = 126,
        [ICE_CANDIDATE_SRFLX] = 100,
        [ICE_CANDIDATE_PRFLX] = 110,
        [ICE_CANDIDATE_RELAY] = 0,
    };
    return preference[type] << 24 | (uint32_t)local_preference << 8 | (256 - 1);
}

uint64_t ice_pair_priority(uint32_t g, uint32_t d)
{
    uint64_t least = g < d ? g : d;
    uint64_t most = g < d ? d : g;
    return (least << 32) + 2 * most + (g > d ? 1 : 0);
}

/* FNV-1a: a foundation need only be the same for the same things. */
static uint32_t hash(uint32_t h, const void *data, size_t len)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * UINT32_C(16777619);
    return h;
}

void ice_candidate_set_foundation(struct ice_candidate *c, const struct ice_address *base,
                                  const struct ice_address *server, unsigned transport)
{
    uint8_t kind[2] = {(uint8_t)c->type, (uint8_t)transport};
    uint32_t h = hash(UINT32_C(2166136261), kind, sizeof kind);
    h = hash(h, base->ip, sizeof base->ip);
    if (server)
        h = hash(h, server->ip, sizeof server->ip);
    snprintf(c->foundation, sizeof c->foundation, "%u", h);
}

const char *ice_candidate_describe(enum ice_candidate_type type, const struct ice_address *address,
                                   char out[ICE_CANDIDATE_TEXT_LEN])
{
    char text[ICE_ADDRESS_TEXT_LEN];
    snprintf(out, ICE_CANDIDATE_TEXT_LEN, "%s %s", type_names[type],
             ice_address_format(address, text));
    return out;
}
