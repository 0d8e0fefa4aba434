/*
 * A number that is larger than we can count is as good as the largest.
 */
#include "tunnel/max_forwards.h"

#include <stdio.h>

#include "http/write.h"

enum { COUNT_MAX = 999999999 };

/* The count, or -1 for a request that has none which concerns us. */
static long count_of(struct span method, struct http_fields request)
{
    if (!span_is_string(method, "TRACE") && !span_is_string(method, "OPTIONS"))
        return -1;
    if (http_fields_count(request, "Max-Forwards") != 1)
        return -1;
    struct span digits = http_fields_find(request, "Max-Forwards")->value;
    long count = digits.len > 0 ? 0 : -1;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return -1;
        if (count <= COUNT_MAX)
            count = count * 10 + (digits.data[i] - '0');
    }
    return count;
}

bool max_forwards_is_spent(struct span method, struct http_fields request)
{
    return count_of(method, request) == 0;
}

void max_forwards_count_down(struct head *head, char text[MAX_FORWARDS_TEXT])
{
    long count = count_of(head->method, head_fields(head));
    if (count <= 0)
        return;
    snprintf(text, MAX_FORWARDS_TEXT, "%ld", count > COUNT_MAX ? COUNT_MAX : count - 1);
    for (size_t i = 0; i < head->count; i++) {
        if (span_is_string_nocase(head->at[i].name, "Max-Forwards"))
            head->at[i].value = span_from_string(text);
    }
}

static bool does_trace(struct span name)
{
    static const char *const names[] = {"Host", "Via", "Max-Forwards", "User-Agent"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (span_is_string_nocase(name, names[i]))
            return true;
    }
    return false;
}

void max_forwards_trace(const struct http_request *request, struct buf *out)
{
    buf_init(out, HTTP_HEAD_MAX);
    int error = http_write_request_line(out, request->method, request->target);
    for (size_t i = 0; error == 0 && i < request->fields.count; i++) {
        const struct http_field *field = &request->fields.at[i];
        if (does_trace(field->name))
            error = http_write_field(out, field->name, field->value);
    }
    if (error == 0)
        http_write_end_of_head(out);
}
