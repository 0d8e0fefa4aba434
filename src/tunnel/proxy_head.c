/*
 * RFC 9112 section 3.2.2: what an absolute form says beats the Host field.
 */
#include "tunnel/proxy_head.h"

#include <stdlib.h>

#include "tunnel/rewrite.h"
#include "tunnel/target.h"

static void rewrite(struct head *head, const struct http_request *request,
                    const struct address *client, bool is_tls)
{
    struct span authority = http_target_authority(request->target);
    const struct http_field *host = http_fields_find(request->fields, "Host");
    struct span own_host = host ? host->value : (struct span){0};
    const struct rewrite_forwarded forwarded = {.client = client,
                                                .host = authority.len > 0 ? authority : own_host,
                                                .minor_version = request->minor_version,
                                                .is_tls = is_tls};
    /* What the session cannot carry is taken out when it is known. An
     * expectation in HTTP/1.0 is ignored (RFC 9110 section 10.1.1). */
    const struct rewrite how = {
        .host = authority,
        .keeps_expect = request->minor_version > 0,
        .keeps_upgrade = request->framing == HTTP_BODY_PIPE,
        .is_tls = is_tls,
        .forwarded = client ? &forwarded : NULL,
    };
    rewrite_request(head, request->fields, &how);
}

void proxy_head_init(struct proxy_head *out, const struct http_request *request,
                     const struct address *client, bool is_tls)
{
    struct head *head = &out->head;
    out->target_storage = NULL;
    head_init(head);
    head->method = request->method;
    head->framing = request->framing;
    bool is_connect = span_is_string(request->method, "CONNECT");
    head->target = is_connect
                       ? request->target
                       : target_origin_form(request->method, request->target, &out->target_storage);
    rewrite(head, request, client, is_tls);
    max_forwards_count_down(head, out->max_forwards);
}

void proxy_head_deinit(struct proxy_head *out)
{
    head_deinit(&out->head);
    free(out->target_storage);
}

bool proxy_head_adapt(struct head *head, const struct mux *mux)
{
    if (!mux_has(mux, FEATURE_INTERIM))
        head_remove(head, "Expect");
    if (!mux_has(mux, FEATURE_FIELDS))
        head_remove(head, "TE");
    if (head->framing != HTTP_BODY_PIPE || mux_has(mux, FEATURE_UPGRADE))
        return false;
    head_remove(head, "Upgrade");
    head->framing = HTTP_BODY_NONE;
    return true;
}
