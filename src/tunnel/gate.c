/*
 * The checks stand in the order in which they protect: what is not for us is
 * not even looked at further.
 */
#include "tunnel/gate.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tunnel/max_forwards.h"

enum { HOST_SHOWN_MAX = 255 }; /* bytes, which the parser has found to be ASCII */

void gate_init(struct gate *gate, const char *listen_host, const struct name_list *allowed_hosts)
{
    *gate = (struct gate){
        .checks_host = allowed_hosts->count > 0 || origin_is_loopback(listen_host),
        .allowed_hosts = *allowed_hosts,
    };
}

static void refuse(struct http_exchange *exchange, const struct answer *answer,
                   const struct answer_form *form, const char *message)
{
    int status = answer_send(answer, exchange, form, message);
    log_info("proxy: answered %d: %s", status, message);
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

static void misdirect(struct http_exchange *exchange, const struct answer_form *form,
                      struct span host)
{
    int shown = host.len < HOST_SHOWN_MAX ? (int)host.len : HOST_SHOWN_MAX;
    char *name = format_name(host);
    char *message = xasprintf("the host '%.*s' may be another machine's, so this proxy does not "
                              "answer to it; tunnel proxy --allow-host %s lets it in",
                              shown, (const char *)host.data, name);
    refuse(exchange, &answer_misdirected, form, message);
    free(message);
    free(name);
}

/* A browser sends no CONNECT, so its target may be any name. */
static bool is_misdirected(const struct gate *gate, const struct head *head, struct span *host)
{
    const struct http_field *field = http_fields_find(head_fields(head), "Host");
    *host = field ? field->value : (struct span){0};
    return gate->checks_host && !span_is_string(head->method, "CONNECT") &&
           !origin_is_safe_host(*host, &gate->allowed_hosts);
}

static void answer_as_last(struct http_exchange *exchange, const struct http_request *request)
{
    if (span_is_string(request->method, "OPTIONS")) {
        struct http_field allow = {SPAN_LITERAL("Allow"), SPAN_LITERAL(ANSWER_ALLOW)};
        http_exchange_reply(exchange, 204, "", (struct http_fields){&allow, 1}, (struct span){0});
        return;
    }
    struct buf trace;
    max_forwards_trace(request, &trace);
    http_exchange_reply(exchange, 200, "message/http", (struct http_fields){0}, buf_bytes(&trace));
    buf_deinit(&trace);
}

bool gate_admit(const struct gate *gate, struct http_exchange *exchange,
                const struct http_request *request, const struct head *head,
                const struct answer_form *form)
{
    struct span host;
    if (is_misdirected(gate, head, &host))
        misdirect(exchange, form, host);
    else if (head->target.len == 0)
        refuse(exchange, &answer_not_supported, form,
               "a request target of that form is not carried");
    else if (max_forwards_is_spent(request->method, request->fields))
        answer_as_last(exchange, request);
    else if (head->count > HTTP_FIELDS_MAX) /* by --forwarded; the other end would refuse it */
        refuse(exchange, &answer_head_too_large, form, "the request has too many fields");
    else
        return true;
    return false;
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
