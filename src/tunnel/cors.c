/*
 * What was asked for is repeated: the wildcards of these fields do not hold
 * for requests with credentials.
 */
#include "tunnel/cors.h"

#include <stdlib.h>

#include "base/alloc.h"

static char *copy_field(struct http_fields request, const char *name)
{
    const struct http_field *field = http_fields_find(request, name);
    return field && field->value.len > 0 ? xstrndup(field->value) : NULL;
}

void cors_init(struct cors *cors, struct span method, struct http_fields request)
{
    *cors = (struct cors){.origin = copy_field(request, "Origin")};
    if (!cors->origin || !span_is_string(method, "OPTIONS"))
        return;
    cors->method = copy_field(request, "Access-Control-Request-Method");
    if (cors->method)
        cors->headers = copy_field(request, "Access-Control-Request-Headers");
}

void cors_deinit(struct cors *cors)
{
    free(cors->origin);
    free(cors->method);
    free(cors->headers);
    *cors = (struct cors){0};
}

bool cors_is_preflight(const struct cors *cors)
{
    return cors->method != NULL;
}

size_t cors_fields(const struct cors *cors, struct http_field out[CORS_FIELDS_MAX])
{
    size_t count = 0;
    if (!cors->origin)
        return 0;
    struct span origin = span_from_string(cors->origin);
    out[count++] = (struct http_field){SPAN_LITERAL("Access-Control-Allow-Origin"), origin};
    out[count++] =
        (struct http_field){SPAN_LITERAL("Access-Control-Allow-Credentials"), SPAN_LITERAL("true")};
    out[count++] = (struct http_field){SPAN_LITERAL("Vary"), SPAN_LITERAL("Origin")};
    if (!cors_is_preflight(cors)) {
        out[count++] = (struct http_field){SPAN_LITERAL("Access-Control-Expose-Headers"),
                                           SPAN_LITERAL("Proxy-Status, Retry-After")};
        return count;
    }
    out[count++] = (struct http_field){SPAN_LITERAL("Access-Control-Allow-Methods"),
                                       span_from_string(cors->method)};
    if (cors->headers)
        out[count++] = (struct http_field){SPAN_LITERAL("Access-Control-Allow-Headers"),
                                           span_from_string(cors->headers)};
    /* The next one is for the upstream to answer. */
    out[count++] = (struct http_field){SPAN_LITERAL("Access-Control-Max-Age"), SPAN_LITERAL("0")};
    return count;
}
