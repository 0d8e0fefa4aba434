/*
 * Each row is a kind of client; the first that fits the request counts.
 */
#include "tunnel/error_body.h"

#include <stdlib.h>

#include <jansson.h>

#include "base/alloc.h"

static const struct {
    const char *field; /* that the client sends, or NULL */
    const char *below; /* where its paths begin */
    enum error_body body;
} rows[] = {
    {"anthropic-version", "/", ERROR_BODY_ANTHROPIC}, /* required by that API */
    {NULL, "/api/v1/", ERROR_BODY_OPENAI},            /* as LM Studio and gateways mount it */
    {NULL, "/api/", ERROR_BODY_OLLAMA},
    {NULL, "", ERROR_BODY_OPENAI},
};

/* It says so, or says nothing about what it reads. */
static bool reads_json(struct http_fields request)
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

enum error_body error_body_choose(struct span target, struct http_fields request)
{
    if (!reads_json(request))
        return ERROR_BODY_TEXT;
    size_t i = 0;
    while ((rows[i].field && !http_fields_find(request, rows[i].field)) ||
           !span_starts_with(target, rows[i].below))
        i++;
    return rows[i].body;
}

const char *error_body_type(enum error_body body)
{
    return body == ERROR_BODY_TEXT ? "text/plain; charset=utf-8" : "application/json";
}

static json_t *make_object(enum error_body body, const char *code, const char *message)
{
    if (body == ERROR_BODY_OLLAMA)
        return json_pack("{s:s}", "error", message);
    json_t *object = json_pack("{s:{s:s, s:s, s:s}}", "error", "message", message, "type",
                               "tunnel_error", "code", code);
    if (body == ERROR_BODY_ANTHROPIC)
        json_object_set_new(object, "type", json_string("error"));
    return object;
}

char *error_body_encode(enum error_body body, const char *code, const char *message)
{
    if (body == ERROR_BODY_TEXT)
        return xasprintf("%s\n", message);
    json_t *object = make_object(body, code, message);
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (!text)
        abort(); /* the message was no UTF-8, or memory is lacking */
    return text;
}
