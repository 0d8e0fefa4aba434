/*
 * scheme "://" host [":" port] [path], or "unix:" path. Small on purpose: it
 * reads what a person types on a command line, and says what is wrong with it.
 */
#include "http/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/alloc.h"
#include "http/field.h"

static const struct {
    const char *name;
    uint16_t port;
    bool is_tls;
} schemes[] = {{"http", 80, false}, {"https", 443, true}, {"ws", 80, false}, {"wss", 443, true}};

static bool parse_port(struct span text, uint16_t *port)
{
    unsigned value = 0;
    if (text.len == 0 || text.len > 5)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)text.data[i] - '0';
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    if (value > UINT16_MAX)
        return false;
    *port = (uint16_t)value;
    return true;
}

/* Letters, digits, "-", ".", "_": what resolvers take. */
static bool is_name(struct span host)
{
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.data[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_alnum && c != '-' && c != '.' && c != '_')
            return false;
    }
    return host.len > 0 && host.len <= 253;
}

/* Behind a '%' the interface of a link-local address (RFC 4007 section 11). */
static bool is_ipv6(struct span host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    const char *zone = host.len > 0 ? memchr(host.data, '%', host.len) : NULL;
    if (zone) {
        struct span name = span_skip(host, (size_t)(zone + 1 - (const char *)host.data));
        if (!is_name(name))
            return false;
        host.len -= name.len + 1;
    }
    if (host.len == 0 || host.len >= sizeof text || memchr(host.data, 0, host.len))
        return false;
    memcpy(text, host.data, host.len);
    text[host.len] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1;
}

/* Splits "HOST", "HOST:PORT", "[V6]", "[V6]:PORT". port->data is NULL where no
 * colon stands. NULL, or what is wrong. */
static const char *split_authority(struct span text, struct span *host, struct span *port)
{
    *port = (struct span){0};
    if (text.len > 0 && text.data[0] == '[') {
        const uint8_t *end = memchr(text.data, ']', text.len);
        if (!end)
            return "has a '[' without ']'";
        size_t len = (size_t)(end - text.data);
        *host = span_of(text.data + 1, len - 1);
        if (!is_ipv6(*host))
            return "has no IPv6 address between '[' and ']'";
        struct span rest = span_skip(text, len + 1);
        if (rest.len == 0)
            return NULL;
        *port = span_skip(rest, 1);
        return rest.data[0] == ':' ? NULL : "has something other than a port behind ']'";
    }
    const uint8_t *colon = memchr(text.data, ':', text.len);
    *host = text;
    if (!colon)
        return NULL;
    size_t len = (size_t)(colon - text.data);
    *host = span_of(text.data, len);
    *port = span_skip(text, len + 1);
    if (memchr(port->data, ':', port->len))
        return "needs brackets around its IPv6 address, as in [::1]:8000";
    return NULL;
}

static const char *parse_scheme(struct span *rest, struct url *out, uint16_t *port)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t len = strlen(schemes[i].name);
        struct span scheme = span_of(rest->data, rest->len < len ? rest->len : len);
        if (!span_is_string_nocase(scheme, schemes[i].name) ||
            !span_starts_with(span_skip(*rest, len), "://"))
            continue;
        *rest = span_skip(*rest, len + 3);
        out->scheme = xstrdup(schemes[i].name);
        out->is_tls = schemes[i].is_tls;
        *port = schemes[i].port;
        return NULL;
    }
    return "must begin with http://, https://, ws:// or wss://";
}

static size_t authority_len(struct span text)
{
    size_t len = 0;
    while (len < text.len && !memchr("/?#", text.data[len], 3))
        len++;
    return len;
}

static const char *parse_authority(struct span text, struct url *out, uint16_t default_port)
{
    struct span host, port;
    if (memchr(text.data, '@', text.len))
        return "must not hold a user name or password";
    const char *why = split_authority(text, &host, &port);
    if (why)
        return why;
    if (host.len == 0)
        return "has no host";
    bool is_bracketed = text.data[0] == '[';
    if (!is_bracketed && !is_name(host))
        return "has a host with a character that no name has";
    out->port = default_port;
    if (port.data && (!parse_port(port, &out->port) || out->port == 0))
        return "must have a port of 1 to 65535";
    out->host = xstrndup(host);
    const char *open = is_bracketed ? "[" : "";
    const char *close = is_bracketed ? "]" : "";
    /* An interface means nothing to others (RFC 6874 section 4). */
    int len = (int)strcspn(out->host, "%");
    if (out->port == default_port)
        out->authority = xasprintf("%s%.*s%s", open, len, out->host, close);
    else
        out->authority = xasprintf("%s%.*s%s:%u", open, len, out->host, close, (unsigned)out->port);
    return NULL;
}

static const char *parse_path(struct span text, struct url *out)
{
    if (text.len > 0 && memchr(text.data, '#', text.len))
        return "must not hold a fragment (#...)";
    if (text.len > 0 && !http_is_target(text))
        return "has a path with a character that must be percent-encoded";
    bool has_slash = text.len > 0 && text.data[0] == '/';
    out->path = xasprintf("%s%.*s", has_slash ? "" : "/", SPAN_ARG(text));
    return NULL;
}

/* A socket has no authority; "localhost" is what curl and Docker send. */
static const char *parse_unix(const char *path, struct url *out)
{
    const struct sockaddr_un *address = NULL;
    if (path[0] != '/')
        return "must have an absolute path behind unix:, as in unix:/run/api.sock";
    if (strlen(path) >= sizeof address->sun_path)
        return "has a path that is too long for a Unix socket";
    out->scheme = xstrdup("unix");
    out->host = xstrdup(path);
    out->path = xstrdup("/");
    out->authority = xstrdup("localhost");
    return NULL;
}

int url_parse(const char *text, struct url *out, const char **why)
{
    *out = (struct url){0};
    if (strncmp(text, "unix:", 5) == 0) {
        *why = parse_unix(text + 5, out);
        return *why ? -EINVAL : 0;
    }
    struct span rest = span_from_string(text);
    uint16_t default_port = 0;
    *why = parse_scheme(&rest, out, &default_port);
    if (*why)
        goto fail;
    size_t len = authority_len(rest);
    *why = parse_authority(span_of(rest.data, len), out, default_port);
    if (*why)
        goto fail;
    *why = parse_path(span_skip(rest, len), out);
    if (*why)
        goto fail;
    return 0;
fail:
    url_deinit(out);
    return -EINVAL;
}

void url_deinit(struct url *url)
{
    free(url->scheme);
    free(url->host);
    free(url->path);
    free(url->authority);
    *url = (struct url){0};
}

static bool is_number(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return text.len > 0;
}

int listen_address_parse(const char *text, const char *default_host, uint16_t default_port,
                         char **host, uint16_t *port, const char **why)
{
    struct span whole = span_from_string(text);
    struct span host_text = {0};
    struct span port_text = whole;
    *why = NULL;
    if (whole.len == 0)
        *why = "is empty";
    else if (!is_number(whole))
        *why = split_authority(whole, &host_text, &port_text);
    if (*why)
        return -EINVAL;
    if (host_text.len > 0 && whole.data[0] != '[' && !is_name(host_text)) {
        *why = "has a host with a character that no name has";
        return -EINVAL;
    }
    *port = default_port;
    if (port_text.data && !parse_port(port_text, port)) {
        *why = "must have a port of 0 to 65535";
        return -EINVAL;
    }
    *host = host_text.len > 0 ? xstrndup(host_text) : xstrdup(default_host);
    return 0;
}

char *listen_address_format(const char *host, uint16_t port)
{
    bool is_v6 = strchr(host, ':') != NULL;
    return xasprintf("%s%s%s:%u", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
}

const char *listen_address_loopback(const char *host)
{
    if (strcmp(host, "0.0.0.0") == 0)
        return "127.0.0.1";
    return strcmp(host, "::") == 0 ? "::1" : NULL;
}
