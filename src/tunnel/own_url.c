/*
 * A reference is taken apart as RFC 3986 appendix B does it, as far as the end
 * of the authority. One that begins with its path is of the upstream's origin
 * as well; without a base path it can stay, since a path without the prefix of
 * --advertise goes upstream as it is.
 */
#include "tunnel/own_url.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tunnel/origin.h"
#include "tunnel/target.h"

struct own_url_upstream own_url_upstream(const struct url *url, const char *advertise)
{
    bool is_unix = url->port == 0;
    return (struct own_url_upstream){
        .is_tls = url->is_tls,
        .is_loopback = !is_unix && origin_is_this_machine(span_from_string(url->host)),
        .authority = url->authority,
        .base_path = url->path,
        .advertise = advertise,
    };
}

/* --- what a request tells ------------------------------------------------- */

static void take_first(struct span *to, const struct http_field *field, const char *name)
{
    if (to->len == 0 && span_is_string_nocase(field->name, name))
        *to = field->value;
}

static struct own_url_told look(struct http_fields fields)
{
    struct own_url_told told = {0};
    for (size_t i = 0; i < fields.count; i++) {
        take_first(&told.host, &fields.at[i], "Host");
        take_first(&told.forwarded_host, &fields.at[i], "X-Forwarded-Host");
        take_first(&told.forwarded_proto, &fields.at[i], "X-Forwarded-Proto");
    }
    return told;
}

static uint8_t *keep(struct span *told, uint8_t *at)
{
    if (told->len > 0)
        memcpy(at, told->data, told->len);
    told->data = at;
    return at + told->len;
}

void own_url_learn(struct own_url_names *names, struct http_fields client,
                   struct http_fields upstream)
{
    *names = (struct own_url_names){.client = look(client), .upstream = look(upstream)};
    struct span *const all[] = {
        &names->client.host,   &names->client.forwarded_host,   &names->client.forwarded_proto,
        &names->upstream.host, &names->upstream.forwarded_host, &names->upstream.forwarded_proto};
    enum { COUNT = sizeof all / sizeof *all };
    size_t len = 0;
    for (size_t i = 0; i < COUNT; i++)
        len += all[i]->len;
    if (len == 0)
        return;
    uint8_t *at = names->kept = xcalloc(len, 1);
    for (size_t i = 0; i < COUNT; i++)
        at = keep(all[i], at);
}

void own_url_forget(struct own_url_names *names)
{
    free(names->kept);
    *names = (struct own_url_names){0};
}

/* --- what it told --------------------------------------------------------- */

static struct span first_element(struct span list)
{
    struct span first;
    return http_list_next(&list, &first) ? first : (struct span){0};
}

static bool has_element(struct span list, const char *element)
{
    for (struct span one; http_list_next(&list, &one);) {
        if (span_is_string_nocase(one, element))
            return true;
    }
    return false;
}

/* It will stand in a URL, and between quotes. */
static bool is_plain_host(struct span host)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._:[]";
    for (size_t i = 0; i < host.len; i++) {
        if (!memchr(plain, host.data[i], sizeof plain - 1))
            return false;
    }
    return host.len > 0;
}

/* As the client names what it reaches. A web server in front of the proxy may
 * tell it what it was asked for. Empty where that is no host. */
static struct span client_host(const struct own_url_told *client)
{
    struct span host = first_element(client->forwarded_host);
    if (host.len == 0)
        host = client->host;
    return is_plain_host(host) ? host : (struct span){0};
}

/* --- whose a reference is ------------------------------------------------- */

static struct span without_port(struct span authority, const char *port)
{
    size_t len = strlen(port);
    bool has_port =
        authority.len > len && memcmp(authority.data + authority.len - len, port, len) == 0;
    return span_of(authority.data, authority.len - (has_port ? len : 0));
}

static bool is_same(struct span authority, struct span own, const char *default_port)
{
    return own.len > 0 && span_is_equal_nocase(without_port(authority, default_port),
                                               without_port(own, default_port));
}

/* "localhost:5000" is "127.0.0.1:5000" and "[::1]:5000"; and a server that
 * listens on all addresses may call itself "0.0.0.0:5000". */
static bool is_same_loopback(struct span authority, struct span own, const char *default_port)
{
    struct span a = without_port(authority, default_port);
    struct span b = without_port(own, default_port);
    struct span a_host = origin_host_of(a), b_host = origin_host_of(b);
    return origin_is_this_machine(a_host) && span_is_equal(origin_port_of(a), origin_port_of(b)) &&
           origin_is_this_machine(b_host);
}

/* A server that redirects from http to https means another one: beside its own
 * scheme only that counts which it was told. */
static bool is_own_origin(struct span scheme, struct span authority,
                          const struct own_url_upstream *upstream, const struct own_url_told *told)
{
    bool is_https = scheme.len > 0 ? span_is_string_nocase(scheme, "https") : upstream->is_tls;
    if (!is_https && scheme.len > 0 && !span_is_string_nocase(scheme, "http"))
        return false;
    if (is_https != upstream->is_tls &&
        !has_element(told->forwarded_proto, is_https ? "https" : "http"))
        return false;
    const char *port = is_https ? ":443" : ":80";
    struct span own = span_from_string(upstream->authority);
    return is_same(authority, own, port) || is_same(authority, told->host, port) ||
           is_same(authority, first_element(told->forwarded_host), port) ||
           (upstream->is_loopback && is_same_loopback(authority, own, port));
}

/* The reference from its path on; false when it is of another origin, or
 * relative to the path of the request. */
static bool find_path(struct span reference, const struct own_url_upstream *upstream,
                      const struct own_url_told *told, struct span *path)
{
    struct span scheme = {reference.data, 0};
    *path = reference;
    if (!span_starts_with(reference, "//")) {
        if (span_starts_with(reference, "/"))
            return strcmp(upstream->base_path, "/") != 0;
        const uint8_t *colon = memchr(reference.data, ':', reference.len);
        if (!colon)
            return false;
        scheme.len = (size_t)(colon - reference.data);
        *path = span_skip(reference, scheme.len + 1);
        if (!span_starts_with(*path, "//"))
            return false;
    }
    *path = span_skip(*path, 2);
    struct span authority = {path->data, 0};
    while (authority.len < path->len && !memchr("/?#", authority.data[authority.len], 3))
        authority.len++;
    *path = span_skip(*path, authority.len);
    return is_own_origin(scheme, authority, upstream, told);
}

char *own_url_map(struct span reference, const struct own_url_upstream *upstream,
                  const struct own_url_names *names, bool is_for_simple)
{
    struct span path;
    if (reference.len == 0 || !find_path(reference, upstream, &names->upstream, &path))
        return NULL;
    char *own = target_for_client(path, upstream->advertise, upstream->base_path);
    bool was_absolute = reference.data[0] != '/';
    struct span host = client_host(&names->client);
    if (!own || !is_for_simple || !was_absolute || host.len == 0)
        return own;
    bool is_https = span_is_string_nocase(first_element(names->client.forwarded_proto), "https");
    char *absolute = xasprintf("http%s://%.*s%s", is_https ? "s" : "", SPAN_ARG(host), own);
    free(own);
    return absolute;
}
