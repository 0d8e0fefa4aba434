/*
 * One table for all of them. Where the cause is not known there is no error
 * type to name.
 */
#include "tunnel/answer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tunnel/payload.h"

enum { DETAILS_MAX = 256 };

#define RETRY_AFTER_S "5" /* of every 503 */

struct answer {
    int status;
    const char *code;  /* in the JSON */
    const char *error; /* of Proxy-Status (RFC 9209 section 2.3), or NULL */
};

const struct answer answer_tunnel_down = {503, "tunnel_down", "destination_unavailable"};
const struct answer answer_tunnel_busy = {503, "tunnel_busy", "connection_limit_reached"};
const struct answer answer_head_too_large = {431, "head_too_large", "http_request_error"};
const struct answer answer_not_supported = {501, "not_supported", "http_request_error"};
const struct answer answer_bad_response = {502, "bad_response", "http_protocol_error"};

static const struct answer of_session = {502, "tunnel_lost", "connection_terminated"};

static const struct answer of_stream[STREAM_ERRORS] = {
    [STREAM_UNSPECIFIED] = {502, "upstream_failed", NULL},
    [STREAM_CANCELLED] = {502, "upstream_failed", "connection_terminated"},
    [STREAM_REFUSED] = {502, "upstream_refused", "connection_refused"},
    [STREAM_TIMEOUT] = {504, "upstream_timeout", "connection_timeout"},
    [STREAM_BROKEN] = {502, "upstream_broke_off", "connection_terminated"},
    [STREAM_MALFORMED] = {502, "bad_request", "http_protocol_error"},
    [STREAM_TOO_MANY] = {503, "tunnel_busy", "connection_limit_reached"},
    [STREAM_HEAD_TOO_LARGE] = {502, "bad_response", "http_response_header_section_size"},
    [STREAM_DNS] = {502, "upstream_not_found", "dns_error"},
    [STREAM_TLS] = {502, "upstream_tls", "tls_protocol_error"},
    [STREAM_NOT_ALLOWED] = {403, "not_allowed", "http_request_denied"},
    [STREAM_INVALID] = {502, "bad_response", "http_protocol_error"},
    [STREAM_UNREACHABLE] = {502, "upstream_unreachable", "destination_ip_unroutable"},
};

const struct answer *answer_of_stream_error(enum stream_error error)
{
    if (error == STREAM_SESSION)
        return &of_session;
    return error < STREAM_ERRORS ? &of_stream[error] : &of_stream[STREAM_UNSPECIFIED];
}

int answer_status(const struct answer *answer)
{
    return answer->status;
}

bool answer_may_be_json(struct http_fields request)
{
    static const char *const ranges[] = {"*/*", "application/*", "application/json"};
    bool has_accept = false;
    for (size_t i = 0; i < request.count; i++) {
        if (!span_is_string_nocase(request.at[i].name, "Accept"))
            continue;
        has_accept = true;
        for (struct span rest = request.at[i].value, range; http_list_next(&rest, &range);) {
            const uint8_t *weight = memchr(range.data, ';', range.len);
            if (weight)
                range = http_trim(span_of(range.data, (size_t)(weight - range.data)));
            for (size_t k = 0; k < sizeof ranges / sizeof *ranges; k++) {
                if (span_is_string_nocase(range, ranges[k]))
                    return true;
            }
        }
    }
    return !has_accept;
}

/* A structured field: `tunnel; error=…; details="…"`, printable ASCII. */
static void format_proxy_status(const struct answer *answer, const char *message, char *out,
                                size_t size)
{
    char details[DETAILS_MAX];
    size_t len = 0;
    for (; *message && len + 3 < sizeof details; message++) {
        unsigned char c = (unsigned char)*message;
        if (c == '"' || c == '\\')
            details[len++] = '\\';
        details[len++] = c >= 0x20 && c < 0x7f ? (char)c : '?';
    }
    details[len] = '\0';
    snprintf(out, size, "tunnel%s%s; details=\"%s\"", answer->error ? "; error=" : "",
             answer->error ? answer->error : "", details);
}

void answer_send(const struct answer *answer, struct http_exchange *exchange, bool is_json,
                 const char *message)
{
    char proxy_status[DETAILS_MAX + 64];
    format_proxy_status(answer, message, proxy_status, sizeof proxy_status);
    struct http_field fields[] = {
        {SPAN_LITERAL("Proxy-Status"), span_from_string(proxy_status)},
        {SPAN_LITERAL("Retry-After"), SPAN_LITERAL(RETRY_AFTER_S)},
    };
    struct http_fields extra = {fields, answer->status == 503 ? 2 : 1};
    char *text = is_json ? error_body_encode(answer->code, message) : xasprintf("%s\n", message);
    http_exchange_reply(exchange, answer->status,
                        is_json ? "application/json" : "text/plain; charset=utf-8", extra,
                        span_from_string(text));
    free(text);
}
