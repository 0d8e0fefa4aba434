/*
 * A reference is taken apart as RFC 3986 appendix B does it, as far as the end
 * of the authority. One that begins with its path is of the upstream's origin
 * as well; without a base path it can stay, since a path without the prefix of
 * --advertise goes upstream as it is.
 */
#include "tunnel/location.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tunnel/path.h"

void location_learn(struct location_names *names, struct http_fields request)
{
    const struct http_field *host = http_fields_find(request, "Host");
    const struct http_field *forwarded = http_fields_find(request, "X-Forwarded-Host");
    struct span rest = forwarded ? forwarded->value : (struct span){0}, first;
    *names = (struct location_names){
        .host = host ? xstrndup(host->value) : NULL,
        .forwarded_host = http_list_next(&rest, &first) ? xstrndup(first) : NULL,
        .is_http = http_fields_list_has(request, "X-Forwarded-Proto", "http"),
        .is_https = http_fields_list_has(request, "X-Forwarded-Proto", "https"),
    };
}

void location_forget(struct location_names *names)
{
    free(names->host);
    free(names->forwarded_host);
    *names = (struct location_names){0};
}

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

/* A server that redirects from http to https means another one: beside its own
 * scheme only that counts which it was told. */
static bool is_own_origin(struct span scheme, struct span authority,
                          const struct location_upstream *upstream,
                          const struct location_names *names)
{
    bool is_https = scheme.len > 0 ? span_is_string_nocase(scheme, "https") : upstream->is_tls;
    if (!is_https && scheme.len > 0 && !span_is_string_nocase(scheme, "http"))
        return false;
    if (is_https != upstream->is_tls && !(is_https ? names->is_https : names->is_http))
        return false;
    const char *port = is_https ? ":443" : ":80";
    return is_same(authority, upstream->authority, port) || is_same(authority, names->host, port) ||
           is_same(authority, names->forwarded_host, port);
}

/* The reference from its path on; false when it is of another origin, or
 * relative to the path of the request. */
static bool find_path(struct span reference, const struct location_upstream *upstream,
                      const struct location_names *names, struct span *path)
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

static bool is_location(struct span name)
{
    return span_is_string_nocase(name, "Location") ||
           span_is_string_nocase(name, "Content-Location");
}

void location_rewrite(struct head *response, const struct location_upstream *upstream,
                      const struct location_names *names)
{
    size_t most = 0;
    for (size_t i = 0; i < response->count; i++) {
        if (is_location(response->at[i].name))
            most += response->at[i].value.len + strlen(upstream->advertise) + PATH_ADDED_MAX;
    }
    if (most == 0)
        return;
    assert(!response->storage);
    response->storage = xcalloc(most, 1);
    response->storage_len = most;
    uint8_t *to = response->storage;
    for (size_t i = 0; i < response->count; i++) {
        struct span *value = &response->at[i].value, path;
        if (!is_location(response->at[i].name) || !find_path(*value, upstream, names, &path))
            continue;
        char *own = path_for_client(path, upstream->advertise, upstream->base_path);
        if (!own)
            continue;
        *value = span_of(memcpy(to, own, strlen(own)), strlen(own));
        to += value->len;
        free(own);
    }
}
