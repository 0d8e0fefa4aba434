/*
 * Paths are bytes: nothing is decoded, so what the upstream sees is what the
 * client wrote.
 */
#include "tunnel/path.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* The prefix's length without a trailing slash: "/v1/" and "/v1" mean the
 * same, "/" means none. */
static size_t trimmed_len(const char *prefix)
{
    size_t len = strcspn(prefix, "?");
    while (len > 0 && prefix[len - 1] == '/')
        len--;
    return len;
}

char *path_for_upstream(const char *path, const char *advertise, const char *base)
{
    if (strcmp(path, "*") == 0)
        return xstrdup(path);
    const char *rest = path;
    size_t prefix = trimmed_len(advertise);
    if (prefix > 0 && strncmp(path, advertise, prefix) == 0) {
        const char *behind = path + prefix;
        if (*behind == '/' || *behind == '?' || *behind == '\0')
            rest = behind;
    }
    const char *slash = *rest == '/' ? "" : "/";
    return xasprintf("%.*s%s%s", (int)trimmed_len(base), base, slash, rest);
}

char *path_from_target(struct span target)
{
    if (target.len > 0 && target.data[0] == '/')
        return xstrndup(target);
    if (span_is_string(target, "*"))
        return xstrndup(target);
    const uint8_t *colon = memmem(target.data, target.len, "://", 3);
    if (!colon)
        return NULL;
    struct span rest = span_skip(target, (size_t)(colon - target.data) + 3);
    size_t authority = 0;
    while (authority < rest.len && rest.data[authority] != '/' && rest.data[authority] != '?')
        authority++;
    char *origin = xstrndup(span_skip(rest, authority));
    if (origin[0] == '/')
        return origin;
    char *path = xasprintf("/%s", origin);
    free(origin);
    return path;
}
