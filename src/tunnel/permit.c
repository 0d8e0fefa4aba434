/*
 * A browser sends Origin with every request that is not safe, and with every
 * WebSocket. With a safe one it need not, but then the page cannot read what
 * comes back.
 */
#include "tunnel/permit.h"

void permit_init(struct permit *permit, const struct http_field *rules, size_t rule_count,
                 const struct name_list *allowed_origins)
{
    *permit = (struct permit){.has_rules = rule_count > 0, .allowed_origins = *allowed_origins};
    for (size_t i = 0; i < rule_count; i++)
        permit->adds_fields |= rules[i].value.len > 0;
}

/* RFC 9110 section 9.2.1. */
static bool is_safe(const struct head *request)
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "TRACE"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (span_is_string(request->method, methods[i]))
            return request->framing != HTTP_BODY_PIPE;
    }
    return false;
}

const struct answer *permit_refusal(const struct permit *permit, const struct head *request,
                                    const char **why)
{
    if (permit->has_rules && span_is_string(request->method, "TRACE")) {
        *why = "TRACE would show what serve --header adds";
        return &answer_no_trace;
    }
    if (permit->adds_fields && !is_safe(request) &&
        origin_is_foreign(head_fields(request), &permit->allowed_origins)) {
        *why = "a page of another origin may not use what serve --header adds; "
               "tunnel serve --allow-origin says which may";
        return &answer_not_allowed;
    }
    return NULL;
}
