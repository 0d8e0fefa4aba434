/*
 * The URL is taken as curl takes it: the scheme may be left out, user and
 * password have their special characters as %XX, and what stands behind the
 * port is not looked at.
 */
#include "net/egress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/armor.h"
#include "base/span.h"
#include "net/egress_exceptions.h"
#include "net/resolve.h"
#include "net/tls.h"

enum {
    HOST_MAX = 253,
    /* One byte tells the length of each to a SOCKS proxy (RFC 1929). */
    CREDENTIAL_MAX = 255
};

struct scheme {
    const char *name;
    enum egress_protocol protocol;
    bool is_tls;
    uint16_t port;
};

static const struct scheme schemes[] = {
    {"http", EGRESS_HTTP, false, 80},
    {"https", EGRESS_HTTP, true, 443},
    {"socks5h", EGRESS_SOCKS5, false, 1080},
    {"socks5", EGRESS_SOCKS5, false, 1080},
};

enum { SCHEME_COUNT = sizeof schemes / sizeof *schemes };

/* Takes "SCHEME://" off; NULL for one that is not known. */
static const struct scheme *take_scheme(struct span *rest)
{
    const uint8_t *colon = memmem(rest->data, rest->len, "://", 3);
    if (!colon)
        return &schemes[0];
    size_t len = (size_t)(colon - rest->data);
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        if (span_is_string_nocase(span_of(rest->data, len), schemes[i].name)) {
            *rest = span_skip(*rest, len + 3);
            return &schemes[i];
        }
    }
    return NULL;
}

/* With each %XX as what it stands for; NULL where none may stand, or for one
 * that is too long. */
static char *decode(struct span text)
{
    char *out = xcalloc(1, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        int c = text.data[i];
        if (c == '%') {
            int high = i + 2 < text.len ? armor_hex_value(text.data[i + 1]) : -1;
            int low = i + 2 < text.len ? armor_hex_value(text.data[i + 2]) : -1;
            c = high < 0 || low < 0 ? 0 : high << 4 | low;
            i += 2;
        }
        if (c < ' ' || len == CREDENTIAL_MAX) {
            free_secret(out, text.len + 1);
            return NULL;
        }
        out[len++] = (char)c;
    }
    return out;
}

/* Takes "USER:PASSWORD@" off. NULL, or what would be right. */
static const char *take_user(struct span *rest, struct egress *egress)
{
    const uint8_t *at = span_find_last(*rest, '@');
    if (!at)
        return NULL;
    struct span user = span_of(rest->data, (size_t)(at - rest->data));
    struct span password = {0};
    const uint8_t *colon = memchr(user.data, ':', user.len);
    *rest = span_skip(*rest, user.len + 1);
    if (colon) {
        password = span_skip(user, (size_t)(colon - user.data) + 1);
        user.len = (size_t)(colon - user.data);
    }
    egress->user = decode(user);
    egress->password = decode(password);
    if (!egress->user || !egress->password)
        return "must have user and password of at most 255 characters, with special ones as %XX";
    return NULL;
}

static bool parse_port(struct span text, uint16_t *port)
{
    unsigned value = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = text.data[i] - (unsigned)'0';
        if (digit > 9 || value > UINT16_MAX)
            return false;
        value = value * 10 + digit;
    }
    *port = (uint16_t)value;
    return value > 0 && value <= UINT16_MAX;
}

/* "HOST", "HOST:PORT", "[V6]" or "[V6]:PORT". */
static const char *take_host(struct span rest, struct egress *egress)
{
    struct span host = rest;
    struct span port = {0};
    bool is_bracketed = rest.len > 0 && rest.data[0] == '[';
    const uint8_t *bracket = is_bracketed ? memchr(rest.data, ']', rest.len) : NULL;
    size_t start = bracket ? (size_t)(bracket - rest.data) + 1 : 0;
    const uint8_t *colon = memchr(rest.data + start, ':', rest.len - start);
    if (colon) {
        host.len = (size_t)(colon - rest.data);
        port = span_skip(rest, host.len + 1);
        if (!parse_port(port, &egress->port))
            return "must have a port of 1 to 65535 behind the host's ':'";
    }
    if (bracket && host.len == start)
        host = span_of(host.data + 1, host.len - 2);
    else if (is_bracketed)
        return "must have its IPv6 address between '[' and ']'";
    for (size_t i = 0; i < host.len; i++) {
        if (host.data[i] <= ' ' || strchr("\"%<>\\^`{|}[]", host.data[i]))
            return "must have a host whose name has no special characters";
    }
    if (host.len == 0 || host.len > HOST_MAX)
        return "must name a host, as in http://proxy.example.org:3128";
    egress->host = xstrndup(host);
    return NULL;
}

static char *name_for_people(const struct egress *egress, const struct scheme *scheme)
{
    bool is_v6 = strchr(egress->host, ':') != NULL;
    return xasprintf("%s://%s%s%s:%u", scheme->name, is_v6 ? "[" : "", egress->host,
                     is_v6 ? "]" : "", egress->port);
}

static const char *parse(const char *url, struct egress *egress)
{
    struct span rest = span_from_string(url);
    const struct scheme *scheme = take_scheme(&rest);
    if (!scheme)
        return "must begin with http://, https://, socks5h:// or socks5://";
    egress->protocol = scheme->protocol;
    egress->port = scheme->port;
    const char *why = take_user(&rest, egress);
    if (why)
        return why;
    const uint8_t *end = rest.len > 0 ? memchr(rest.data, '/', rest.len) : NULL;
    if (end)
        rest.len = (size_t)(end - rest.data);
    why = take_host(rest, egress);
    if (why)
        return why;
    if (scheme->is_tls && tls_client_new(NULL, false, &egress->tls) < 0)
        abort(); /* only a ca_file can be wrong */
    if (scheme->is_tls)
        tls_client_set_plain(egress->tls, "http://");
    egress->name = name_for_people(egress, scheme);
    return NULL;
}

int egress_new(const char *url, const char *exceptions, struct egress **out, const char **why)
{
    struct egress *egress = xcalloc(1, sizeof *egress);
    *why = parse(url, egress);
    if (*why) {
        egress_free(egress);
        return -EINVAL;
    }
    egress->exceptions = exceptions ? xstrdup(exceptions) : NULL;
    *out = egress;
    return 0;
}

void egress_free(struct egress *egress)
{
    if (!egress)
        return;
    tls_client_free(egress->tls);
    free(egress->host);
    free(egress->user);
    free_secret_string(egress->password);
    free(egress->exceptions);
    free(egress->name);
    free(egress);
}

bool egress_leads_to(const struct egress *egress, const char *host, uint16_t port)
{
    static const char loopback[] = "localhost 127.0.0.0/8 ::1";
    if (!egress || egress_exceptions_have(loopback, host, port))
        return false;
    return !egress->exceptions || !egress_exceptions_have(egress->exceptions, host, port);
}
