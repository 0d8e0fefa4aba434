/*
 * The checks stand in the order in which they protect: what is not for us is
 * not even looked at further.
 */
#include "tunnel/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tunnel/max_forwards.h"

enum { HOST_SHOWN_MAX = 255 }; /* bytes, which the parser has found to be ASCII */

void gate_init(struct gate *gate, const char *listen_host, const struct name_list *allowed_hosts)
{
    *gate = (struct gate){
        .checks_host = allowed_hosts->count > 0 || origin_is_loopback(listen_host),
        .allowed_hosts = *allowed_hosts,
    };
}

static enum gate_verdict refuse(struct gate_refusal *why, const struct answer *answer,
                                const char *message)
{
    why->answer = answer;
    snprintf(why->message, sizeof why->message, "%s", message);
    return GATE_REFUSED;
}

/* What lets a host in; where it is no name, only how such a thing is called. */
static char *format_name(struct span host)
{
    char *name = xstrndup(origin_host_of(host));
    if (strcmp(name, "*") != 0 && !origin_check_host(name))
        return name;
    free(name);
    return xstrdup("NAME");
}

static enum gate_verdict misdirect(struct gate_refusal *why, struct span host)
{
    int shown = host.len < HOST_SHOWN_MAX ? (int)host.len : HOST_SHOWN_MAX;
    char *name = format_name(host);
    why->answer = &answer_misdirected;
    snprintf(why->message, sizeof why->message,
             "the host '%.*s' may be another machine's, so this proxy does not answer to it; "
             "tunnel proxy --allow-host %s lets it in",
             shown, (const char *)host.data, name);
    free(name);
    return GATE_REFUSED;
}

/* A browser sends no CONNECT, so its target may be any name. */
static bool is_misdirected(const struct gate *gate, const struct head *head, struct span *host)
{
    const struct http_field *field = http_fields_find(head_fields(head), "Host");
    *host = field ? field->value : (struct span){0};
    return gate->checks_host && !span_is_string(head->method, "CONNECT") &&
           !origin_is_safe_host(*host, &gate->allowed_hosts);
}

enum gate_verdict gate_judge(const struct gate *gate, const struct http_request *request,
                             const struct head *head, struct gate_refusal *why)
{
    struct span host;
    if (is_misdirected(gate, head, &host))
        return misdirect(why, host);
    if (head->target.len == 0)
        return refuse(why, &answer_not_supported, "a request target of that form is not carried");
    if (max_forwards_is_spent(request->method, request->fields))
        return GATE_LAST_HOP;
    if (head->count > HTTP_FIELDS_MAX) /* by --forwarded; the other end would refuse it */
        return refuse(why, &answer_head_too_large, "the request has too many fields");
    return GATE_OPEN;
}

int gate_answer_as_last(struct http_exchange *exchange, const struct http_request *request)
{
    if (span_is_string(request->method, "OPTIONS")) {
        struct http_field allow = {SPAN_LITERAL("Allow"), SPAN_LITERAL(ANSWER_ALLOW)};
        http_exchange_reply(exchange, 204, "", (struct http_fields){&allow, 1}, (struct span){0});
        return 204;
    }
    struct buf trace;
    max_forwards_trace(request, &trace);
    http_exchange_reply(exchange, 200, "message/http", (struct http_fields){0}, buf_bytes(&trace));
    buf_deinit(&trace);
    return 200;
}

void gate_let_through(struct gate *gate, uint64_t now_us)
{
    gate->let_through_until_us = now_us + GATE_LET_THROUGH_US;
}

bool gate_has_let_through(const struct gate *gate, const struct head *head, const struct cors *cors,
                          uint64_t now_us)
{
    static const struct name_list none;
    return now_us < gate->let_through_until_us && !cors_is_preflight(cors) &&
           origin_is_foreign(head_fields(head), &none);
}
