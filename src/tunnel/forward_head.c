/*
 * Both ends of a tunnel are one hop: what the consumer's end has done already
 * is not done again.
 */
#include "tunnel/forward_head.h"

#include "tunnel/rewrite.h"

static bool owns_device(const struct forward_common *common)
{
    return common->is_forwarded || common->has_devices;
}

void forward_rewrite_head(struct head *to, const struct forward_common *common,
                          const struct mux_stream *stream, const struct head *from)
{
    struct http_fields fields = head_fields(from);
    const struct http_field *host = http_fields_find(fields, "Host");
    const struct rewrite_forwarded forwarded = {.host = host ? host->value : (struct span){0},
                                                .minor_version = 1};
    /* Both ends are one hop, and the other knows the client. */
    bool is_forwarded = common->is_forwarded && !mux_stream_has(stream, FEATURE_FORWARDED);
    const struct rewrite how = {
        .host = host && common->preserves_host ? (struct span){0}
                                               : span_from_string(common->upstream.url->authority),
        .keeps_expect = mux_stream_has(stream, FEATURE_INTERIM),
        .keeps_upgrade = from->framing == HTTP_BODY_PIPE,
        .forwarded = is_forwarded ? &forwarded : NULL,
        .owns_device = owns_device(common),
        .device = common->is_forwarded ? mux_stream_device(stream) : NULL,
        .rules = common->rules,
        .rule_count = common->rule_count,
    };
    head_init(to);
    to->method = from->method;
    to->target = from->target;
    rewrite_request(to, fields, &how);
}

void forward_rewrite_trailers(struct head *to, const struct forward_common *common,
                              struct http_fields trailers)
{
    const struct rewrite how = {
        .owns_device = owns_device(common),
        .rules = common->rules,
        .rule_count = common->rule_count,
    };
    head_init(to);
    rewrite_trailers(to, trailers, &how);
}
