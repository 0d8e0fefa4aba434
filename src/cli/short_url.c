#include "cli/short_url.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "net/private_address.h"
#include "tunnel/origin.h"

#define SIGNAL_PORT "8787" /* of signal-server, if it is told no other */

static bool is_port(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return text.len > 0;
}

char *short_url_upstream(const char *text)
{
    if (is_port(span_from_string(text)))
        return xasprintf("http://localhost:%s", text);
    if (strchr(text, ':') && !strstr(text, "://") && strncmp(text, "unix:", 5) != 0)
        return xasprintf("http://%s", text);
    return xstrdup(text);
}

/* Names that no name server of the internet knows: without a dot, RFC 6762,
 * RFC 8375, and what routers and companies use. */
static bool is_private_name(struct span host)
{
    static const char *const ends[] = {".local", ".home.arpa", ".internal", ".lan", ".localhost"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t len = strlen(ends[i]);
        if (host.len > len && span_is_string_nocase(span_skip(host, host.len - len), ends[i]))
            return true;
    }
    return !memchr(host.data, '.', host.len);
}

static bool is_private(struct span host)
{
    bool is_bracketed = host.len > 2 && host.data[0] == '[';
    char *text = xstrndup(is_bracketed ? span_of(host.data + 1, host.len - 2) : host);
    struct address address;
    bool is_address = address_parse(text, 0, &address) == 0;
    free(text);
    if (origin_is_this_machine(host))
        return true;
    return is_address ? address_is_private(&address) : is_private_name(host);
}

/* A word alone is more likely a mistake. */
static bool is_host_alone(struct span host)
{
    return host.len > 0 && (host.data[0] == '[' || memchr(host.data, '.', host.len) ||
                            span_is_string_nocase(host, "localhost"));
}

char *short_url_signal(const char *text)
{
    struct span authority = span_of(text, strcspn(text, "/?"));
    const char *path = text + authority.len;
    if (is_port(authority))
        return xasprintf("ws://localhost:%s", text);
    struct span host = origin_host_of(authority), port = origin_port_of(authority);
    bool has_port = port.len > 1 && is_port(span_skip(port, 1));
    if (host.len == 0 || (port.len > 0 && !has_port) || (!has_port && !is_host_alone(host)))
        return xstrdup(text);
    if (!is_private(host))
        return xasprintf("wss://%s", text);
    return xasprintf("ws://%.*s%s%s", SPAN_ARG(authority), has_port ? "" : ":" SIGNAL_PORT, path);
}
