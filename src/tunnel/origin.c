/*
 * Names are compared without case, ports with the default of the origin's
 * scheme left out, as browsers write them.
 */
#include "tunnel/origin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/bytes.h"
#include "net/resolve.h"

enum { HOST_NAME_MAX_LEN = 255 };

static bool has_name(const struct name_list *list, struct span name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->at[i], "*") == 0 || span_is_string_nocase(name, list->at[i]))
            return true;
    }
    return false;
}

struct span origin_port_of(struct span authority)
{
    if (authority.len == 0)
        return authority;
    const uint8_t *bracket = span_find_last(authority, ']');
    const uint8_t *colon = span_find_last(authority, ':');
    if (!colon || (bracket && colon < bracket))
        return (struct span){0};
    return span_skip(authority, (size_t)(colon - authority.data));
}

struct span origin_host_of(struct span authority)
{
    authority.len -= origin_port_of(authority).len;
    if (authority.len > 1 && authority.data[authority.len - 1] == '.')
        authority.len--;
    return authority;
}

static bool parse_literal(struct span host, struct address *address)
{
    char text[INET6_ADDRSTRLEN];
    if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
        host = span_of(host.data + 1, host.len - 2);
    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.data, host.len);
    text[host.len] = '\0';
    return address_parse(text, 0, address) == 0;
}

static bool is_literal(struct span host)
{
    struct address address;
    return parse_literal(host, &address);
}

static bool is_localhost(struct span host)
{
    static const char name[] = "localhost";
    size_t len = sizeof name - 1;
    if (host.len > len && host.data[host.len - len - 1] != '.')
        return false;
    return host.len >= len && span_is_string_nocase(span_skip(host, host.len - len), name);
}

bool origin_is_safe_host(struct span host, const struct name_list *allowed)
{
    struct span name = origin_host_of(host);
    return name.len == 0 || is_localhost(name) || is_literal(name) || has_name(allowed, name);
}

/* "null" has none. */
static struct span authority_of(struct span origin, const char **default_port)
{
    const uint8_t *slashes = memmem(origin.data, origin.len, "://", 3);
    size_t scheme_len = slashes ? (size_t)(slashes - origin.data) : 0;
    struct span scheme = {origin.data, scheme_len};
    *default_port = span_is_string_nocase(scheme, "https") ? ":443" : ":80";
    return slashes ? span_skip(origin, scheme_len + 3) : (struct span){0};
}

bool origin_is_foreign(struct http_fields request, const struct name_list *allowed)
{
    const struct http_field *origin = http_fields_find(request, "Origin");
    const struct http_field *host = http_fields_find(request, "Host");
    const char *port;
    if (!origin || has_name(allowed, origin->value))
        return false;
    struct span own = host ? host->value : (struct span){0};
    struct span authority = authority_of(origin->value, &port);
    size_t len = strlen(port);
    if (own.len > len && span_is_string(span_skip(own, own.len - len), port))
        own.len -= len;
    return own.len == 0 || !span_is_equal_nocase(authority, own);
}

/* Of IPv4, also where IPv6 maps it. */
static bool find_ipv4(const struct address *address, uint32_t *out)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->storage;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)&address->storage)->sin6_addr;
    if (address->storage.ss_family == AF_INET)
        *out = ntohl(v4->sin_addr.s_addr);
    else if (IN6_IS_ADDR_V4MAPPED(v6))
        *out = get_u32be(v6->s6_addr + 12);
    else
        return false;
    return true;
}

bool origin_is_loopback(const char *listen_host)
{
    struct address address;
    uint32_t v4;
    if (is_localhost(span_from_string(listen_host)))
        return true;
    if (address_parse(listen_host, 0, &address) < 0)
        return false;
    if (find_ipv4(&address, &v4))
        return v4 >> 24 == IN_LOOPBACKNET;
    return IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&address.storage)->sin6_addr);
}

bool origin_is_this_machine(struct span host)
{
    struct address address;
    uint32_t v4;
    if (span_is_string_nocase(host, "localhost"))
        return true;
    if (!parse_literal(host, &address))
        return false;
    if (find_ipv4(&address, &v4))
        return v4 >> 24 == IN_LOOPBACKNET || v4 == INADDR_ANY;
    const struct in6_addr *v6 = &((struct sockaddr_in6 *)&address.storage)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) || IN6_IS_ADDR_UNSPECIFIED(v6);
}

const char *origin_check_host(const char *text)
{
    static const char *const wrong = "must be a host's name without a port, as in llm.example.org, "
                                     "or '*' for all";
    size_t len = strlen(text);
    if (strcmp(text, "*") == 0)
        return NULL;
    if (len == 0 || len > HOST_NAME_MAX_LEN || text[len - 1] == '.')
        return wrong;
    bool is_name =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == len;
    return is_name ? NULL : wrong;
}

const char *origin_check(const char *text)
{
    const char *port;
    struct span authority = authority_of(span_from_string(text), &port);
    if (strcmp(text, "*") == 0 || strcmp(text, "null") == 0)
        return NULL;
    bool is_whole = authority.len > 0 && !strpbrk((const char *)authority.data, "/?#@ ");
    return is_whole ? NULL
                    : "must be a scheme and a host, as in https://app.example.org, or 'null', or "
                      "'*' for all";
}
