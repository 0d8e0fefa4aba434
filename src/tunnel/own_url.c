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

static struct span first_element(struct http_fields fields, const char *name)
{
    const struct http_field *field = http_fields_find(fields, name);
    struct span rest = field ? field->value : (struct span){0}, first;
    return http_list_next(&rest, &first) ? first : (struct span){0};
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

/* A web server in front of the proxy may tell it what it was asked for. */
static char *find_client_host(struct http_fields client)
{
    const struct http_field *field = http_fields_find(client, "Host");
    struct span host = first_element(client, "X-Forwarded-Host");
    if (host.len == 0 && field)
        host = field->value;
    return is_plain_host(host) ? xstrndup(host) : NULL;
}

void own_url_learn(struct own_url_names *names, struct http_fields client,
                   struct http_fields upstream)
{
    const struct http_field *host = http_fields_find(upstream, "Host");
    struct span forwarded = first_element(upstream, "X-Forwarded-Host");
    *names = (struct own_url_names){
        .host = host ? xstrndup(host->value) : NULL,
        .forwarded_host = forwarded.len > 0 ? xstrndup(forwarded) : NULL,
        .is_http = http_fields_list_has(upstream, "X-Forwarded-Proto", "http"),
        .is_https = http_fields_list_has(upstream, "X-Forwarded-Proto", "https"),
        .client_host = find_client_host(client),
        .is_client_https =
            span_is_string_nocase(first_element(client, "X-Forwarded-Proto"), "https"),
    };
}

void own_url_forget(struct own_url_names *names)
{
    free(names->host);
    free(names->forwarded_host);
    free(names->client_host);
    *names = (struct own_url_names){0};
}

/* --- whose a reference is ------------------------------------------------- */

static struct span without_port(struct span authority, const char *port)
{
    size_t len = strlen(port);
    bool has_port =
        authority.len > len && memcmp(authority.data + authority.len - len, port, len) == 0;
    return span_of(authority.data, authority.len - (has_port ? len : 0));
}

static bool is_same(struct span authority, const char *own, const char *default_port)
{
    return own && span_is_equal_nocase(without_port(authority, default_port),
                                       without_port(span_from_string(own), default_port));
}

/* "localhost:5000" is "127.0.0.1:5000" and "[::1]:5000"; and a server that
 * listens on all addresses may call itself "0.0.0.0:5000". */
static bool is_same_loopback(struct span authority, const char *own, const char *default_port)
{
    struct span a = without_port(authority, default_port);
    struct span b = without_port(span_from_string(own), default_port);
    struct span a_host = origin_host_of(a), b_host = origin_host_of(b);
    return origin_is_this_machine(a_host) && span_is_equal(origin_port_of(a), origin_port_of(b)) &&
           origin_is_this_machine(b_host);
}

/* A server that redirects from http to https means another one: beside its own
 * scheme only that counts which it was told. */
static bool is_own_origin(struct span scheme, struct span authority,
                          const struct own_url_upstream *upstream,
                          const struct own_url_names *names)
{
    bool is_https = scheme.len > 0 ? span_is_string_nocase(scheme, "https") : upstream->is_tls;
    if (!is_https && scheme.len > 0 && !span_is_string_nocase(scheme, "http"))
        return false;
    if (is_https != upstream->is_tls && !(is_https ? names->is_https : names->is_http))
        return false;
    const char *port = is_https ? ":443" : ":80";
    return is_same(authority, upstream->authority, port) || is_same(authority, names->host, port) ||
           is_same(authority, names->forwarded_host, port) ||
           (upstream->is_loopback && is_same_loopback(authority, upstream->authority, port));
}

/* The reference from its path on; false when it is of another origin, or
 * relative to the path of the request. */
static bool find_path(struct span reference, const struct own_url_upstream *upstream,
                      const struct own_url_names *names, struct span *path)
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
    return is_own_origin(scheme, authority, upstream, names);
}

char *own_url_map(struct span reference, const struct own_url_upstream *upstream,
                  const struct own_url_names *names, bool is_for_simple)
{
    struct span path;
    if (reference.len == 0 || !find_path(reference, upstream, names, &path))
        return NULL;
    char *own = target_for_client(path, upstream->advertise, upstream->base_path);
    bool was_absolute = reference.data[0] != '/';
    if (!own || !is_for_simple || !was_absolute || !names->client_host)
        return own;
    char *absolute =
        xasprintf("http%s://%s%s", names->is_client_https ? "s" : "", names->client_host, own);
    free(own);
    return absolute;
}
