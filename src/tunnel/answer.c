/*
 * One table for all of them. Where the cause is not known there is no error
 * type to name.
 */
#include "tunnel/answer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/utf8.h"

enum { DETAILS_MAX = 256, FIELDS_MAX = CORS_FIELDS_MAX + 7 };

#define RETRY_AFTER_US (5 * US_PER_S) /* of a 503, at least */
#define ELLIPSIS       "\xe2\x80\xa6" /* as log_redact() puts it */

struct answer {
    int status;
    const char *code;  /* in the JSON */
    const char *error; /* of Proxy-Status (RFC 9209 section 2.3), or NULL */
};

const struct answer answer_tunnel_down = {503, "tunnel_down", "destination_unavailable"};
const struct answer answer_head_too_large = {431, "head_too_large", "http_request_error"};
const struct answer answer_not_supported = {501, "not_supported", "http_request_error"};
const struct answer answer_misdirected = {421, "misdirected", "http_request_denied"};
const struct answer answer_not_allowed = {403, "not_allowed", "http_request_denied"};
const struct answer answer_no_trace = {405, "no_trace", "http_request_denied"};
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
    if (error == STREAM_UNSENT)
        return &answer_tunnel_down;
    if (error == STREAM_SESSION)
        return &of_session;
    return error < STREAM_ERRORS ? &of_stream[error] : &of_stream[STREAM_UNSPECIFIED];
}

int answer_status(const struct answer *answer)
{
    return answer->status;
}

/* As the HTML standard (section 9.2.2) has it ask, with what Fetch adds for the
 * cache mode "no-store". */
static bool is_event_source(struct span method, struct http_fields request)
{
    const struct http_field *accept = http_fields_find(request, "Accept");
    return accept && span_is_string_nocase(accept->value, "text/event-stream") &&
           http_fields_count(request, "Accept") == 1 && span_is_string(method, "GET") &&
           http_fields_list_has(request, "Cache-Control", "no-cache");
}

void answer_form_init(struct answer_form *form, struct span method, struct span target,
                      struct http_fields request)
{
    form->body = error_body_choose(target, request);
    cors_init(&form->cors, method, request);
    form->is_event_source = is_event_source(method, request);
    form->retry_in_us = 0;
    form->is_lasting = false;
}

void answer_form_deinit(struct answer_form *form)
{
    cors_deinit(&form->cors);
}

/* As printable ASCII; up to three characters, of which a byte that is not the
 * first of its own has none. */
static const char *as_ascii(const char *at, char one[2])
{
    unsigned char c = (unsigned char)*at;
    if (strncmp(at, ELLIPSIS, sizeof ELLIPSIS - 1) == 0)
        return "...";
    one[0] = utf8_is_inside(c) ? '\0' : c >= 0x20 && c < 0x7f ? (char)c : '?';
    one[1] = '\0';
    return one;
}

/* A structured field: `tunnel; error=…; details="…"`, printable ASCII. */
static void format_proxy_status(const struct answer *answer, const char *message, char *out,
                                size_t size)
{
    char details[DETAILS_MAX];
    size_t len = 0;
    for (; *message && len + 4 < sizeof details; message++) {
        char one[2];
        if (*message == '"' || *message == '\\')
            details[len++] = '\\';
        for (const char *ascii = as_ascii(message, one); *ascii; ascii++)
            details[len++] = *ascii;
    }
    details[len] = '\0';
    snprintf(out, size, "tunnel%s%s; details=\"%s\"", answer->error ? "; error=" : "",
             answer->error ? answer->error : "", details);
}

/* An answer that is put together. */
struct filled {
    char proxy_status[DETAILS_MAX + 64];
    char retry_after[24];
    size_t count;
    struct http_field fields[FIELDS_MAX];
    char *body;
};

static void add(struct filled *filled, struct span name, struct span value)
{
    filled->fields[filled->count++] = (struct http_field){name, value};
}

/* In whole seconds, of which the last one is over. */
static void add_retry_after(struct filled *filled, uint64_t in_us)
{
    uint64_t us = in_us > RETRY_AFTER_US ? in_us : RETRY_AFTER_US;
    snprintf(filled->retry_after, sizeof filled->retry_after, "%llu",
             (unsigned long long)((us + US_PER_S - 1) / US_PER_S));
    add(filled, SPAN_LITERAL("Retry-After"), span_from_string(filled->retry_after));
}

static void fill(struct filled *filled, const struct answer *answer, const struct answer_form *form,
                 const char *message)
{
    format_proxy_status(answer, message, filled->proxy_status, sizeof filled->proxy_status);
    filled->count = cors_fields(&form->cors, filled->fields);
    add(filled, SPAN_LITERAL("Proxy-Status"), span_from_string(filled->proxy_status));
    if (answer->status == 405)
        add(filled, SPAN_LITERAL("Allow"), SPAN_LITERAL(ANSWER_ALLOW));
    if (answer->status == 503)
        add_retry_after(filled, form->retry_in_us);
    if (answer->status == 503 && form->is_lasting) /* some SDKs sleep through any Retry-After */
        add(filled, SPAN_LITERAL("X-Should-Retry"), SPAN_LITERAL("false"));
    filled->body = error_body_encode(form->body, answer->code, message);
}

int answer_send(const struct answer *answer, struct http_exchange *exchange,
                const struct answer_form *form, const char *message)
{
    struct filled filled;
    bool has_failed = answer->status >= 502; /* below, it is refused */
    if (form->is_event_source && has_failed) {
        http_exchange_break(exchange);
        return 0;
    }
    int status = cors_is_preflight(&form->cors) && has_failed ? 204 : answer->status;
    fill(&filled, answer, form, message);
    http_exchange_reply(exchange, status, error_body_type(form->body),
                        (struct http_fields){filled.fields, filled.count},
                        status == 204 ? (struct span){0} : span_from_string(filled.body));
    free(filled.body);
    return status;
}

/* A provider's answer is complete at once: no event of its stream comes before
 * its end, nor behind that. */
static const struct mux_stream_handlers nobody;

void answer_stream(const struct answer *answer, struct mux_stream *stream,
                   const struct answer_form *form, const char *message)
{
    struct filled filled;
    struct head head;
    char length[32];
    fill(&filled, answer, form, message);
    snprintf(length, sizeof length, "%zu", strlen(filled.body));
    add(&filled, SPAN_LITERAL("Content-Type"), span_from_string(error_body_type(form->body)));
    add(&filled, SPAN_LITERAL("Content-Length"), span_from_string(length));
    head_init(&head);
    head.status = answer->status;
    head.reason = span_from_string(http_reason(answer->status));
    head.framing = HTTP_BODY_LENGTH;
    for (size_t i = 0; i < filled.count; i++)
        head_add(&head, filled.fields[i].name, filled.fields[i].value);
    mux_stream_accept(stream, &nobody, NULL);
    if (mux_stream_respond(stream, &head) == 0) {
        mux_stream_write(stream, span_from_string(filled.body));
        mux_stream_end(stream, (struct http_fields){0});
    } else {
        /* Only an Origin that fills a frame makes it as large. */
        mux_stream_cancel(stream, STREAM_NOT_ALLOWED, message);
    }
    free(filled.body);
}
