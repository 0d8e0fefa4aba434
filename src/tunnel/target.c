/*
 * Targets are bytes: nothing is decoded, so what the upstream sees is what the
 * client wrote.
 */
#include "tunnel/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "http/field.h"

/* The prefix's length without a trailing slash: "/v1/" and "/v1" mean the
 * same, "/" means none. */
static size_t trimmed_len(const char *prefix)
{
    size_t len = strcspn(prefix, "?");
    while (len > 0 && prefix[len - 1] == '/')
        len--;
    return len;
}

static bool is_under(struct span target, struct span prefix)
{
    if (target.len < prefix.len || memcmp(target.data, prefix.data, prefix.len) != 0)
        return false;
    struct span behind = span_skip(target, prefix.len);
    return behind.len == 0 || memchr("/?#", behind.data[0], 3);
}

struct span target_for_upstream(struct span target, const char *advertise, const char *base,
                                char **storage)
{
    *storage = NULL;
    if (span_is_string(target, "*"))
        return target;
    struct span prefix = span_of(advertise, trimmed_len(advertise));
    if (prefix.len > 0 && is_under(target, prefix))
        target = span_skip(target, prefix.len);
    int path_len = (int)trimmed_len(base);
    bool has_slash = target.len > 0 && target.data[0] == '/';
    if (path_len == 0 && has_slash)
        return target;
    *storage = xasprintf("%.*s%s%.*s", path_len, base, has_slash ? "" : "/", SPAN_ARG(target));
    return span_from_string(*storage);
}

char *target_for_client(struct span target, const char *advertise, const char *base)
{
    struct span own = span_of(base, trimmed_len(base));
    if (!is_under(target, own))
        return NULL;
    target = span_skip(target, own.len);
    int prefix_len = (int)trimmed_len(advertise);
    bool is_empty = prefix_len == 0 && (target.len == 0 || target.data[0] != '/');
    bool is_host = prefix_len == 0 && target.len > 1 && target.data[0] == '/' &&
                   (target.data[1] == '/' || target.data[1] == '\\');
    return xasprintf("%.*s%s%.*s", prefix_len, advertise,
                     is_empty  ? "/"
                     : is_host ? "/."
                               : "",
                     SPAN_ARG(target));
}

struct span target_origin_form(struct span method, struct span target, char **storage)
{
    *storage = NULL;
    if ((target.len > 0 && target.data[0] == '/') || span_is_string(target, "*"))
        return target;
    struct span authority = http_target_authority(target);
    if (authority.len == 0)
        return (struct span){0};
    struct span rest = span_skip(target, (size_t)(authority.data - target.data) + authority.len);
    if (rest.len > 0 && rest.data[0] == '/')
        return rest;
    if (rest.len == 0)
        return span_is_string(method, "OPTIONS") ? SPAN_LITERAL("*") : SPAN_LITERAL("/");
    *storage = xasprintf("/%.*s", SPAN_ARG(rest));
    return span_from_string(*storage);
}
